// Live pictures of the stand-in: films made by ffmpeg, cut into parts, handed out over /live/ws as
// docs/design/live-socket.md tells. It speaks no WebRTC: offers are refused.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const SOURCES = [
  "testsrc2=s=640x480:r=15",
  "gradients=s=640x480:r=15:speed=0.02",
  "mandelbrot=s=640x480:r=15",
];
const GROUP = 15;
const MIME = 'video/mp4; codecs="avc1.42c01e"';
const KIND = { init: 0, part: 1, key: 2 };

/** A film that runs for ever: its initialisation, its newest group of parts, and who is told of more. */
class Film {
  init = Buffer.alloc(0);
  group = [];
  viewers = new Set();
  #rest = Buffer.alloc(0);
  #head = Buffer.alloc(0);
  #count = 0;

  constructor(source, picture) {
    this.picture = picture;
    const x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", `${GROUP}`];
    const shape = ["-profile:v", "baseline", "-pix_fmt", "yuv420p", "-b:v", "500k"];
    const parts = ["-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1"];
    const stills = ["-r", "1", "-update", "1", "-y", picture];
    const input = ["-v", "error", "-re", "-f", "lavfi", "-i", source];
    this.child = spawn("ffmpeg", [...input, ...x264, ...shape, ...parts, ...stills], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.child.stdout.on("data", (data) => this.#read(data));
  }

  #read(data) {
    this.#rest = Buffer.concat([this.#rest, data]);
    while (this.#rest.length >= 8 && this.#rest.length >= this.#rest.readUInt32BE(0)) {
      const length = this.#rest.readUInt32BE(0);
      this.#box(this.#rest.toString("latin1", 4, 8), this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
    }
  }

  #box(type, bytes) {
    if (type === "ftyp" || type === "moov") {
      this.init = Buffer.concat([this.init, bytes]);
    } else if (type === "moof") {
      this.#head = bytes;
    } else if (type === "mdat") {
      this.#part(Buffer.concat([this.#head, bytes]));
    }
  }

  #part(bytes) {
    const isKey = this.#count % GROUP === 0;
    this.#count += 1;
    if (isKey) {
      this.group = [];
    }
    this.group.push(bytes);
    for (const viewer of this.viewers) {
      viewer(isKey ? "key" : "part", bytes);
    }
  }
}

export function startFilms(folder) {
  const films = SOURCES.map((source, index) => new Film(source, join(folder, `${index}.jpg`)));
  return {
    stop: () => films.map((film) => film.child.kill()),
    of: (index) => films[index % films.length],
    snapshot: (index) => readFileSync(films[index % films.length].picture),
  };
}

/** Answers an upgrade to /live/ws. `filmOf` gives a path's film, or null. */
export function serveSocket(request, socket, filmOf) {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const tiles = new Map();
  const leave = (id) => {
    tiles.get(id)?.();
    tiles.delete(id);
  };
  read(socket, (text) => {
    const { subscribe, unsubscribe } = JSON.parse(text);
    if (unsubscribe) {
      leave(unsubscribe.id);
    } else if (subscribe) {
      tiles.set(subscribe.id, watch(socket, subscribe.id, filmOf(subscribe.path)));
    }
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => [...tiles.keys()].map(leave));
}

function watch(socket, id, film) {
  const tell = (note) => write(socket, 1, Buffer.from(JSON.stringify({ id, ...note })));
  if (film === null) {
    tell({ error: { code: "stream_not_found", status: 404 } });
    return () => undefined;
  }
  const viewer = (kind, bytes) => write(socket, 2, Buffer.concat([header(id, kind), bytes]));
  tell({ init: { mime: MIME, codecs: "avc1.42c01e", width: 640, height: 480, omitted: ["pcma"] } });
  viewer("init", film.init);
  film.group.forEach((bytes, index) => {
    viewer(index === 0 ? "key" : "part", bytes);
  });
  film.viewers.add(viewer);
  return () => film.viewers.delete(viewer);
}

function header(id, kind) {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(id, 0);
  bytes.writeUInt8(KIND[kind], 4);
  bytes.writeBigUInt64BE(kind === "init" ? 0n : BigInt(Date.now()) * 1_000n, 8);
  return bytes;
}

/** Writes one message of RFC 6455, section 5.2. */
function write(socket, opcode, payload) {
  const long = payload.length > 0xffff;
  const head = Buffer.alloc(payload.length < 126 ? 2 : long ? 10 : 4);
  head[0] = 0x80 | opcode;
  if (payload.length < 126) {
    head[1] = payload.length;
  } else if (long) {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  } else {
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
  }
  socket.write(Buffer.concat([head, payload]));
}

/** Reads the short, masked text messages of a page. */
function read(socket, heard) {
  let rest = Buffer.alloc(0);
  socket.on("data", (data) => {
    rest = Buffer.concat([rest, data]);
    for (let end = messageEnd(rest); end !== null && end <= rest.length; end = messageEnd(rest)) {
      const from = payloadStart(rest);
      const mask = rest.subarray(from - 4, from);
      const text = Buffer.from(rest.subarray(from, end).map((byte, index) => byte ^ mask[index % 4]));
      const opcode = rest[0] & 0x0f;
      rest = rest.subarray(end);
      if (opcode === 1) {
        heard(text.toString());
      } else if (opcode === 8) {
        socket.end();
      }
    }
  });
}

const payloadStart = (bytes) => ((bytes[1] & 0x7f) === 126 ? 8 : 6);

/** Where the first message ends; null while its header is not all there. */
function messageEnd(bytes) {
  if (bytes.length < 6 || bytes.length < payloadStart(bytes)) {
    return null;
  }
  const short = bytes[1] & 0x7f;
  return payloadStart(bytes) + (short === 126 ? bytes.readUInt16BE(2) : short);
}
