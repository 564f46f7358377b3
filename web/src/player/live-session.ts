// One live picture in one <video>: opens the stream, watches whether it moves, opens it anew with back-off.

import type Hls from "hls.js";
import type { HlsConfig } from "hls.js";
import { serverNow } from "../api/server-clock";
import { look, type Phase, startWatch } from "./watch";

export type LivePhase = Phase | "refused" | "unsupported";

export interface LiveView {
  phase: LivePhase;
  /** When the shown picture was taken, to the second, by the server's clock. */
  takenAt: number | null;
  /** How long ago that was, in tenths of a second. */
  latencyMs: number | null;
  /** At least one try was in vain since it last played. */
  isRetrying: boolean;
}

export const NOT_STARTED: LiveView = {
  phase: "connecting",
  takenAt: null,
  latencyMs: null,
  isRetrying: false,
};

const LOOK_EVERY_MS = 250;

const HLS_CONFIG: Partial<HlsConfig> = {
  // Segments are fMP4 and pass through untouched: a worker would only add copies.
  enableWorker: false,
  liveSyncDurationCount: 2,
  liveMaxLatencyDurationCount: 8,
  maxLiveSyncPlaybackRate: 1.1,
  maxBufferLength: 12,
  backBufferLength: 6,
  startFragPrefetch: true,
};

export class LiveSession {
  private readonly video: HTMLVideoElement;
  private readonly url: string;
  private readonly listener: (view: LiveView) => void;
  private watch = startWatch(performance.now());
  private hls: Hls | null = null;
  private generation = 0;
  private hasFailed = false;
  private fatal: "refused" | "unsupported" | null = null;
  private view = NOT_STARTED;
  private readonly timer: ReturnType<typeof setInterval>;

  /** Starts at once; `stop` ends it. */
  constructor(video: HTMLVideoElement, url: string, listener: (view: LiveView) => void) {
    this.video = video;
    this.url = url;
    this.listener = listener;
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.look();
  }

  stop(): void {
    clearInterval(this.timer);
    this.close();
  }

  private look(): void {
    const sight = {
      now: performance.now(),
      position: this.video.currentTime,
      hasFailed: this.hasFailed,
    };
    const [watch, action] = look(this.watch, sight);
    this.watch = watch;
    if (action === "open") {
      void this.open();
    } else if (action === "close") {
      this.close();
    }
    this.tell();
  }

  private async open(): Promise<void> {
    this.generation += 1;
    const generation = this.generation;
    this.hasFailed = false;
    const { default: HlsPlayer, Events, ErrorTypes } = await import("hls.js/light");
    // Closed, or opened again, while the player's code was on its way.
    if (generation !== this.generation) {
      return;
    }
    if (!HlsPlayer.isSupported()) {
      this.fatal = "unsupported";
      return;
    }
    const hls = new HlsPlayer(HLS_CONFIG);
    this.hls = hls;
    hls.on(Events.ERROR, (_, data) => {
      if (data.fatal && this.hls === hls) {
        this.hasFailed = true;
        const status = data.type === ErrorTypes.NETWORK_ERROR ? data.response?.code : undefined;
        this.fatal = status === 401 || status === 403 ? "refused" : null;
      }
    });
    hls.on(Events.MANIFEST_PARSED, () => this.play());
    hls.loadSource(this.url);
    hls.attachMedia(this.video);
  }

  private play(): void {
    // A paused tab or a power saver may refuse; the watch notices and opens anew.
    this.video.play().catch(() => undefined);
  }

  private close(): void {
    this.generation += 1;
    this.hasFailed = false;
    this.hls?.destroy();
    this.hls = null;
  }

  private tell(): void {
    const phase = this.watch.phase === "live" ? "live" : (this.fatal ?? this.watch.phase);
    const playing = phase === "live" ? (this.hls?.playingDate?.getTime() ?? null) : null;
    const takenAt = playing === null ? null : Math.floor(playing / 1_000) * 1_000;
    const latencyMs = playing === null ? null : Math.max(0, Math.round((serverNow() - playing) / 100) * 100);
    const isRetrying = phase !== "live" && this.watch.tries > 0;
    const { view } = this;
    const isSame = view.phase === phase && view.takenAt === takenAt && view.isRetrying === isRetrying;
    if (!isSame || this.isNews(latencyMs)) {
      this.view = { phase, takenAt, latencyMs, isRetrying };
      this.listener(this.view);
    }
  }

  /** Latency wavers with every look; it is told again once it differs by half a second. */
  private isNews(latencyMs: number | null): boolean {
    const told = this.view.latencyMs;
    return latencyMs === null || told === null ? latencyMs !== told : Math.abs(latencyMs - told) >= 500;
  }
}
