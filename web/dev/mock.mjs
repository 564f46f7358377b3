// A stand-in for the server while working on the console: cameras in every state, pictures made by ffmpeg, the
// built console under the server's content security policy. Only for development; tests use the real server.
// Who may sign in is told in mock-access.mjs.
// usage: npm run build && npm run mock [PORT]

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { access, mayWatch, refuse } from "./mock-access.mjs";
import { cameras, coverage, segments } from "./mock-data.mjs";
import { serveSocket, startFilms } from "./mock-live.mjs";

const PORT = Number(process.argv[2] ?? 8080);
const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const CSP =
  "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; " +
  "connect-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".mp4": "video/mp4",
};
const media = mkdtempSync(join(tmpdir(), "vedette-mock-"));
const clip = join(media, "clip.mp4");
const X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-pix_fmt", "yuv420p"];
const film = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x480:r=15", "-t", "30", ...X264];
spawnSync("ffmpeg", [...film, "-movflags", "+faststart", clip]);
const films = startFilms(media);
process.on("exit", () => {
  films.stop();
  rmSync(media, { recursive: true, force: true });
});
process.on("SIGINT", () => process.exit());
process.on("SIGTERM", () => process.exit());

function sendJson(response, status, body) {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, {
    "content-type": type,
    "x-request-id": "01a1fcb3-d163-74cc-aa2a-ffa5ea9ecd0e",
  });
  response.end(JSON.stringify(body));
}

function sendProblem(response, status, code, en, ar) {
  const words = { title: en, detail: en, message_en: en, message_ar: ar };
  const request_id = "01a1fcb3-d163-74cc-aa2a-ffa5ea9ecd0e";
  sendJson(response, status, { type: `urn:vedette:problem:${code}`, status, code, request_id, ...words });
}

/** A file, or the range of it that is asked for. */
function sendFile(request, response, path, headers = {}) {
  if (!existsSync(path) || !statSync(path).isFile()) {
    return sendProblem(response, 404, "not_found", "There is nothing here.", "لا يوجد شيء هنا.");
  }
  const { size } = statSync(path);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(first ?? 0);
  const end = last ? Math.min(Number(last), size - 1) : size - 1;
  response.writeHead(first === undefined ? 200 : 206, {
    "content-type": TYPES[extname(path)] ?? "application/octet-stream",
    "content-length": end - start + 1,
    "accept-ranges": "bytes",
    "cache-control": "no-cache",
    ...(first === undefined ? {} : { "content-range": `bytes ${start}-${end}/${size}` }),
    ...headers,
  });
  createReadStream(path, { start, end }).pipe(response);
}

/** Addresses that look signed: the stand-in does not look closer. */
async function link(request, id) {
  const { purpose, expires_in } = JSON.parse(Buffer.concat(await request.toArray()));
  const token = `v1.${randomBytes(60).toString("base64url")}`;
  const live = {
    hls: `/live/${id}/index.m3u8?token=${token}`,
    snapshot: `/api/cameras/${id}/snapshot.jpg?token=${token}`,
  };
  const addresses = purpose === "live" ? live : { media: `/api/playback/${id}/media.mp4?token=${token}` };
  return { token, expires_at: new Date(Date.now() + expires_in * 1_000).toISOString(), ...addresses };
}

const range = (url) => {
  const end = Date.parse(url.searchParams.get("end") ?? "") || Date.now();
  return [Date.parse(url.searchParams.get("start") ?? "") || end - 86_400_000, end];
};

function api(request, response, url) {
  const all = cameras();
  const [, noun, id, what] = /^\/api\/(\w+)\/?([^/]*)\/?(.*)$/.exec(url.pathname) ?? [];
  const camera = all.find((candidate) => candidate.id === id);
  if (noun === "cameras" && id === "") {
    return sendJson(response, 200, { cameras: all, next_cursor: null, total: all.length });
  }
  if (camera === undefined) {
    const [en, ar] = [`There is no camera ${id}.`, `لا توجد كاميرا بالمعرّف ${id}.`];
    return sendProblem(response, 404, "camera_not_found", en, ar);
  }
  if (noun === "cameras" && what === "links") {
    return void link(request, id).then((body) => sendJson(response, 201, body));
  }
  if (noun === "cameras" && what === "snapshot.jpg") {
    response.writeHead(200, { "content-type": "image/jpeg" });
    return response.end(films.snapshot(all.indexOf(camera)));
  }
  if (noun === "cameras") {
    return sendJson(response, 200, camera);
  }
  if (noun === "playback") {
    return sendFile(request, response, clip);
  }
  const answer = what === "coverage" ? coverage : segments;
  return sendJson(response, 200, answer(camera, range(url)));
}

/** What is served below /live/ over plain HTTP: refusals, and what the server thinks of them. */
function live(request, response, path) {
  if (request.method === "OPTIONS") {
    response.writeHead(204, { link: '<stun:127.0.0.1:3478>; rel="ice-server"' });
    return response.end();
  }
  if (path.endsWith("/connect-check")) {
    const words = { message_en: "The media port listens.", message_ar: "منفذ الوسائط يستمع." };
    return sendJson(response, 200, { steps: [{ step: "udp", state: "ok", code: "listens", ...words }] });
  }
  return sendProblem(response, 400, "offer_invalid", "There is no WebRTC here.", "لا يوجد WebRTC هنا.");
}

/** The film of a stream; null for one that never begins. */
function filmOf(path) {
  const [id, variant] = path.split("/");
  const index = cameras().findIndex((camera) => camera.id === id);
  return index === -1 || id === "no-stream" || variant === "h264" ? null : films.of(index);
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  const path = normalize(decodeURIComponent(url.pathname));
  if (access(request, response, url)) {
    return;
  }
  if (/^\/(api|live)\//.test(path) && !mayWatch(request, url)) {
    return refuse(response, "unauthenticated");
  }
  if (path.startsWith("/api/")) {
    return api(request, response, url);
  }
  if (path.startsWith("/live/")) {
    return live(request, response, path);
  }
  const file = extname(path) === "" ? "index.html" : path;
  return sendFile(request, response, join(DIST, file), { "content-security-policy": CSP });
});
server.on("upgrade", (request, socket) => {
  if (request.url === "/live/ws" && mayWatch(request, new URL("http://localhost/"))) {
    serveSocket(request, socket, filmOf);
  } else {
    socket.destroy();
  }
});
server.listen(PORT, "127.0.0.1", () => console.error(`http://127.0.0.1:${server.address().port}/`));
