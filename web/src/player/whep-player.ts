// A live picture by WebRTC.

import type { Stage } from "./ladder";
import { type FrameTimes, latencyOf, unixOf } from "./latency";
import { type Player, play, reasonOf, Shown } from "./player";
import type { Reason } from "./steps";
import { OfferRefused } from "./whep";
import { WhepSession } from "./whep-session";

/** How often the connection is asked for its times; each picture is not worth it. */
const MEASURE_EVERY_MS = 1_000;

export class WhepPlayer implements Player {
  stage: Stage = "asking";
  failure: Reason | null = null;
  detail: string | null = null;
  hasSound = false;
  omitted: readonly string[] = [];
  private video: HTMLVideoElement;
  private readonly changed: () => void;
  private session: WhepSession | null = null;
  private isClosed = false;
  private readonly shown: Shown;
  private latency: number | null = null;
  private times: FrameTimes | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** Starts at once. `changed` is called when there is something new to see. */
  constructor(video: HTMLVideoElement, path: string, changed: () => void) {
    this.video = video;
    this.shown = new Shown(video);
    this.changed = changed;
    void this.run(path);
  }

  position(): number {
    return this.shown.count();
  }

  latencyMs(): number | null {
    return this.latency;
  }

  /** Goes on in another video. */
  moveTo(video: HTMLVideoElement): void {
    this.video.srcObject = null;
    this.video = video;
    this.show();
    this.shown.moveTo(video);
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    this.session?.close();
    if (this.session !== null && this.video.srcObject === this.session.stream) {
      this.video.srcObject = null;
    }
  }

  private async run(path: string): Promise<void> {
    try {
      const session = new WhepSession();
      this.session = session;
      session.pc.onconnectionstatechange = () => this.connection(session.pc);
      this.show();
      const answered = await session.open(path);
      this.omitted = answered.omitted;
      this.hasSound = session.stream.getAudioTracks().length > 0;
      if (session.stream.getVideoTracks().length === 0) {
        this.fail("codec_not_carried");
        return;
      }
      this.advance("connecting");
      this.watchEnd(session.pc);
      this.connection(session.pc);
    } catch (error) {
      this.fail(error instanceof OfferRefused ? reasonOf(error.status, "offer_refused") : "offer_refused");
      this.detail = error instanceof OfferRefused ? error.code : null;
    }
  }

  private show(): void {
    this.video.srcObject = this.session?.stream ?? null;
    this.video.requestVideoFrameCallback(() => this.changed());
    play(this.video);
  }

  private connection(pc: RTCPeerConnection): void {
    if (pc.connectionState === "connected") {
      this.advance("flowing");
      this.timer ??= setInterval(() => void this.measure(pc), MEASURE_EVERY_MS);
      void this.measure(pc);
    } else if (pc.connectionState === "failed") {
      const isOpen = pc.iceConnectionState === "connected" || pc.iceConnectionState === "completed";
      this.fail(isOpen ? "dtls_failed" : "ice_failed");
    }
  }

  /** A server that ends a session says so by closing what secures it. */
  private watchEnd(pc: RTCPeerConnection): void {
    const [receiver] = pc.getReceivers();
    receiver?.transport?.addEventListener("statechange", () => {
      if (receiver.transport?.state === "closed") {
        this.fail("session_ended");
      }
    });
  }

  private advance(stage: Stage): void {
    if (!this.isClosed && this.failure === null && this.stage !== "flowing") {
      this.stage = stage;
      this.changed();
    }
  }

  private fail(reason: Reason): void {
    if (!this.isClosed && this.failure === null) {
      this.failure = reason;
      this.changed();
    }
  }

  private async measure(pc: RTCPeerConnection): Promise<void> {
    this.video.requestVideoFrameCallback((now, frame) => {
      this.times = { ...frame, now };
    });
    const stats = [...(await pc.getStats()).values()];
    const pair = stats.find(({ type, nominated }) => type === "candidate-pair" && nominated === true);
    const inbound = stats.find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
    this.latency = latencyOf(this.times, {
      playoutAt: unixOf(inbound?.estimatedPlayoutTimestamp),
      roundTripMs: (pair?.currentRoundTripTime ?? 0) * 1_000,
    });
  }
}
