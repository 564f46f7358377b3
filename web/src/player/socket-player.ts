// A live picture from parts that come over the page's socket, by Media Source Extensions.

import { serverNow } from "../api/server-clock";
import { mediaSource } from "./able";
import { chase, removable, type Spans } from "./edge";
import type { Stage } from "./ladder";
import { liveSocket } from "./live-socket";
import { type Player, play, reasonOf, Shown } from "./player";
import type { Frame, Init, Note } from "./socket-frame";
import type { Reason } from "./steps";

/** Parts that wait to be taken; more than this, and the browser is not able to follow. */
const WAITING_MAX = 256;

export class SocketPlayer implements Player {
  stage: Stage = "asking";
  failure: Reason | null = null;
  detail: string | null = null;
  hasSound = false;
  omitted: readonly string[] = [];
  private readonly video: HTMLVideoElement;
  private readonly changed: () => void;
  private readonly shown: Shown;
  private readonly leave: () => void;
  private readonly media: MediaSource | null;
  private readonly address: string;
  private buffer: SourceBuffer | null = null;
  private mime = "";
  /** Bytes to append, and the kinds of stream that begin between them. */
  private waiting: (Uint8Array<ArrayBuffer> | string)[] = [];
  /** When the newest picture in the buffer was taken. */
  private takenAt = 0;

  /** Starts at once. `changed` is called when there is something new to see. */
  constructor(video: HTMLVideoElement, path: string, changed: () => void) {
    this.video = video;
    this.shown = new Shown(video);
    this.changed = changed;
    const Source = mediaSource();
    this.media = Source === null ? null : new Source();
    this.address = this.media === null ? "" : URL.createObjectURL(this.media);
    this.media?.addEventListener("sourceopen", () => this.feed(), { once: true });
    video.disableRemotePlayback = true;
    video.src = this.address;
    video.onerror = () => this.fail("not_decodable");
    this.leave = liveSocket().subscribe(path, {
      note: (note) => this.note(note),
      frame: (frame) => this.frame(frame),
      closed: () => this.fail("socket_closed"),
    });
  }

  position(): number {
    return this.shown.count();
  }

  latencyMs(): number | null {
    const end = this.spans().at(-1)?.[1];
    if (end === undefined || this.takenAt === 0) {
      return null;
    }
    return Math.max(0, serverNow() - this.takenAt + (end - this.video.currentTime) * 1_000);
  }

  close(): void {
    this.leave();
    this.video.onerror = null;
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(this.address);
    this.waiting = [];
    this.buffer = null;
  }

  private note(note: Note): void {
    if ("init" in note) {
      this.begin(note.init);
    } else if ("error" in note) {
      this.detail = note.error.code;
      this.fail(reasonOf(note.error.status, "socket_closed"));
    }
  }

  private begin(init: Init): void {
    if (mediaSource()?.isTypeSupported(init.mime) !== true) {
      this.fail(/\b(?:hvc1|hev1)\./.test(init.codecs) ? "h265_not_decodable" : "mse_unsupported");
      return;
    }
    this.omitted = init.omitted;
    this.hasSound = /\b(?:mp4a|opus|fLaC)/i.test(init.codecs);
    this.stage = "flowing";
    this.waiting.push(init.mime);
    this.feed();
    this.changed();
  }

  private frame(frame: Frame): void {
    if (frame.takenAt > 0) {
      this.takenAt = frame.takenAt;
    }
    this.waiting.push(frame.bytes);
    if (this.waiting.length > WAITING_MAX) {
      this.fail("stalled");
    }
    this.feed();
  }

  private feed(): void {
    if (this.media?.readyState !== "open" || this.buffer?.updating || this.failure !== null) {
      return;
    }
    const until = removable(this.video.currentTime, this.spans());
    try {
      if (until !== null) {
        this.buffer?.remove(0, until);
        return;
      }
      this.take(this.media);
    } catch {
      this.fail("not_decodable");
    }
  }

  private take(media: MediaSource): void {
    let next = this.waiting.shift();
    for (; typeof next === "string"; next = this.waiting.shift()) {
      this.fit(media, next);
    }
    if (next !== undefined) {
      this.buffer?.appendBuffer(next);
    }
  }

  /** Makes the buffer, or makes it fit a stream that has changed. */
  private fit(media: MediaSource, mime: string): void {
    if (this.buffer === null) {
      this.buffer = media.addSourceBuffer(mime);
      this.buffer.addEventListener("updateend", () => this.appended());
      this.buffer.addEventListener("error", () => this.fail("not_decodable"));
      this.video.requestVideoFrameCallback(() => this.changed());
    } else if (mime !== this.mime) {
      this.buffer.changeType(mime);
    }
    this.mime = mime;
  }

  private appended(): void {
    const { seek, rate } = chase(this.video.currentTime, this.spans());
    if (seek !== null) {
      this.video.currentTime = seek;
    }
    if (this.video.playbackRate !== rate) {
      this.video.playbackRate = rate;
    }
    if (this.video.paused) {
      play(this.video);
    }
    this.feed();
  }

  private spans(): Spans {
    const { buffered } = this.video;
    return Array.from(
      { length: buffered.length },
      (_, at) => [buffered.start(at), buffered.end(at)] as const,
    );
  }

  private fail(reason: Reason): void {
    if (this.failure === null) {
      this.failure = reason;
      this.changed();
    }
  }
}
