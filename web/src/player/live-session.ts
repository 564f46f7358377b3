// One live picture: holds the player that the ladder wants, and tells what is to be seen of it.

import { serverNow } from "../api/server-clock";
import { type Action, type Ladder, look, type Phase, type PlayerSight, startLadder } from "./ladder";
import type { Plan } from "./plan";
import type { Player } from "./player";
import { SnapshotPlayer } from "./snapshot-player";
import { SocketPlayer } from "./socket-player";
import type { Rung, Skip } from "./steps";
import { WhepPlayer } from "./whep-player";

export type LivePhase = Phase | "refused";

export interface LiveView {
  phase: LivePhase;
  /** How it comes, or is tried now. */
  rung: Rung | null;
  /** Better ways that were not taken. */
  skips: readonly Skip[];
  /** When the shown picture was taken, to the second, by the server's clock. */
  takenAt: number | null;
  /** How long ago that was, in tenths of a second. */
  latencyMs: number | null;
  /** At least one try was in vain since it last played. */
  isRetrying: boolean;
  hasSound: boolean;
  /** Codecs that are left out on this way. */
  omitted: readonly string[];
}

export const NOT_STARTED: LiveView = {
  phase: "connecting",
  rung: null,
  skips: [],
  takenAt: null,
  latencyMs: null,
  isRetrying: false,
  hasSound: false,
  omitted: [],
};

/** Where pictures are shown. */
export interface Screen {
  video: HTMLVideoElement;
  image: HTMLImageElement;
}

const LOOK_EVERY_MS = 250;

export class LiveSession {
  private readonly screen: Screen;
  private readonly camera: string;
  private readonly plan: Plan;
  private readonly listener: (view: LiveView) => void;
  private ladder: Ladder;
  private player: Player | null = null;
  private probe: Player | null = null;
  private isLooking = false;
  private view = NOT_STARTED;
  private readonly timer: ReturnType<typeof setInterval>;

  /** Starts at once; `stop` ends it. */
  constructor(screen: Screen, camera: string, plan: Plan, listener: (view: LiveView) => void) {
    this.screen = screen;
    this.camera = camera;
    this.plan = plan;
    this.listener = listener;
    const steps = plan.rungs.map(({ step }) => step);
    this.ladder = startLadder(steps, performance.now());
    this.timer = setInterval(this.look, LOOK_EVERY_MS);
    this.look();
  }

  stop(): void {
    clearInterval(this.timer);
    this.close();
    // What a player still says while it ends is not heard.
    this.isLooking = true;
  }

  private readonly look = (): void => {
    // A player that fails while it is made is seen at the next look.
    if (this.isLooking) {
      return;
    }
    this.isLooking = true;
    const sight = { now: performance.now(), player: sightOf(this.player), probe: sightOf(this.probe) };
    const [ladder, action] = look(this.ladder, sight);
    this.ladder = ladder;
    this.act(action);
    this.tell();
    this.isLooking = false;
  };

  private act(action: Action): void {
    switch (action.do) {
      case "open":
        this.close();
        this.player = this.made(action.at, this.screen.video);
        break;
      case "probe":
        this.probe?.close();
        this.probe = this.made(action.at, this.spareVideo());
        break;
      case "promote":
        this.promote();
        break;
      case "close":
        this.close();
        break;
      case "drop":
        this.probe?.close();
        this.probe = null;
    }
  }

  private made(at: number, video: HTMLVideoElement): Player | null {
    const rung = this.plan.rungs[at];
    switch (rung?.step) {
      case "webrtc":
        return new WhepPlayer(video, rung.path, this.look);
      case "socket":
        return new SocketPlayer(video, rung.path, this.look);
      case "snapshot":
        return new SnapshotPlayer(this.screen.image, this.camera, this.look);
      default:
        return null;
    }
  }

  /** The page's own video while nothing plays in it, else one that nobody sees. */
  private spareVideo(): HTMLVideoElement {
    if (this.player instanceof SnapshotPlayer) {
      return this.screen.video;
    }
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    return video;
  }

  private promote(): void {
    this.player?.close();
    this.player = this.probe;
    this.probe = null;
    if (this.player instanceof WhepPlayer) {
      this.player.moveTo(this.screen.video);
    }
  }

  private close(): void {
    this.probe?.close();
    this.player?.close();
    this.probe = null;
    this.player = null;
  }

  private tell(): void {
    const view = this.seen();
    if (isNews(this.view, view)) {
      this.view = view;
      this.listener(view);
    }
  }

  private seen(): LiveView {
    const { ladder, player, plan } = this;
    const isLive = ladder.phase === "live";
    const isRefused = !isLive && ladder.reasons[ladder.at] === "refused";
    const latencyMs = isLive ? (player?.latencyMs() ?? null) : null;
    const tenths = latencyMs === null ? null : Math.round(latencyMs / 100) * 100;
    return {
      phase: isRefused ? "refused" : ladder.phase,
      rung: plan.rungs[ladder.at] ?? null,
      skips: this.skips(),
      takenAt: latencyMs === null ? null : Math.floor((serverNow() - latencyMs) / 1_000) * 1_000,
      latencyMs: tenths,
      isRetrying: !isLive && ladder.tries > 0,
      hasSound: player?.hasSound ?? false,
      omitted: player?.omitted ?? [],
    };
  }

  private skips(): Skip[] {
    const left = this.plan.rungs.flatMap(({ step, variant }, at) => {
      const reason = this.ladder.reasons[at] ?? null;
      return reason === null ? [] : [{ step, variant, reason }];
    });
    return [...this.plan.skips, ...left];
  }
}

function sightOf(player: Player | null): PlayerSight | null {
  return player === null
    ? null
    : { stage: player.stage, position: player.position(), failure: player.failure };
}

/** Whether a page should be drawn anew. A latency that wavers is told with the next second of the picture's time. */
function isNews(told: LiveView, seen: LiveView): boolean {
  const isFirst = (told.latencyMs === null) !== (seen.latencyMs === null);
  return isFirst || told.takenAt !== seen.takenAt || rest(told) !== rest(seen);
}

function rest({ latencyMs: _, takenAt: __, ...view }: LiveView): string {
  return JSON.stringify(view);
}
