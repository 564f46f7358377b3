// Decides which way a live picture comes: opens the best, goes down where one fails, says why, and climbs back.
// Pure: time, and what is seen of the players, are arguments.

import { backoffMs } from "./backoff";
import { isOfStream, isPassing, type Reason, type Step } from "./steps";

/** How far an open way has come: the server was asked, it answered, media can arrive. */
export type Stage = "asking" | "connecting" | "flowing";

/** How long each stage may take. The server itself waits 10 s for a stream to begin. */
const STAGE_MS: Record<Stage, number> = { asking: 13_000, connecting: 5_000, flowing: 3_000 };
/** A picture that stands this long is stalled. Single pictures come once a second at best. */
const STALL_AFTER_MS: Record<Step, number> = { webrtc: 3_000, socket: 3_000, snapshot: 6_000 };
/** A stalled picture that does not go on by itself within this is opened anew. */
const REOPEN_AFTER_MS = 12_000;
/** Back-off starts over once it played this long. */
const STEADY_AFTER_MS = 10_000;
/** A way that has worked is tried again this often before the next one is taken. */
const AGAIN_MAX = 2;
/** A way that failed is tried again after this, then after twice as long, ... */
const CLIMB_FIRST_MS = 15_000;
const CLIMB_MAX_MS = 600_000;
/** Once the best way was steady for this long, climbing starts over. */
const CLIMB_STEADY_MS = 60_000;

export type Phase = "connecting" | "live" | "stalled";

/** A way that is being opened. */
interface Opening {
  stage: Stage;
  since: number;
  /** Pictures that it had shown when it was opened. */
  position: number;
}

export interface Ladder {
  steps: readonly Step[];
  /** The step that is open, or is opened next. */
  at: number;
  phase: Phase;
  /** Whether a player is open, or the next try is waited for. */
  isOpen: boolean;
  opening: Opening;
  /** When to open, while nothing is. */
  retryAt: number;
  /** Whether it has shown a picture since it was opened. */
  hasMoved: boolean;
  movedAt: number;
  liveSince: number;
  tries: number;
  /** Why each step was left, where it was. */
  reasons: readonly (Reason | null)[];
  /** A better way that is tried while another plays. */
  probe: (Opening & { at: number }) | null;
  climbAt: number;
  climbs: number;
}

/** What is seen of a player. */
export interface PlayerSight {
  stage: Stage;
  /** How many pictures it has shown. */
  position: number;
  failure: Reason | null;
}

export interface Sight {
  now: number;
  /** Null while none is open. */
  player: PlayerSight | null;
  probe: PlayerSight | null;
}

export type Action =
  | { do: "none" | "close" | "drop" | "promote" }
  /** Closes what is open, the probe too. */
  | { do: "open" | "probe"; at: number };

const NONE: Action = { do: "none" };

export function startLadder(steps: readonly Step[], now: number): Ladder {
  return {
    steps,
    at: 0,
    phase: "connecting",
    isOpen: false,
    opening: { stage: "asking", since: now, position: 0 },
    retryAt: now,
    hasMoved: false,
    movedAt: now,
    liveSince: now,
    tries: 0,
    reasons: steps.map(() => null),
    probe: null,
    climbAt: Number.POSITIVE_INFINITY,
    climbs: 0,
  };
}

/** The next state, and what to do with the players. */
export function look(ladder: Ladder, sight: Sight, random?: number): [Ladder, Action] {
  const { now, player } = sight;
  if (!ladder.isOpen || player === null) {
    return now < ladder.retryAt ? [ladder, NONE] : opened(ladder, ladder.at, now);
  }
  const seen = moved(ladder, player, now);
  const reason = player.failure ?? overdue(seen, now);
  if (reason !== null) {
    return failed(seen, reason, now, random);
  }
  if (seen.probe !== null && sight.probe !== null) {
    return probed(seen, seen.probe, sight.probe, now);
  }
  return climbing(seen, now);
}

function stepOf(ladder: Ladder): Step {
  return ladder.steps[ladder.at] ?? "snapshot";
}

function opened(ladder: Ladder, at: number, now: number): [Ladder, Action] {
  const opening: Opening = { stage: "asking", since: now, position: 0 };
  const next = { ...ladder, at, opening, isOpen: true, hasMoved: false, movedAt: now, probe: null };
  return [next, { do: "open", at }];
}

/** What the newest look at the player tells. */
function moved(ladder: Ladder, player: PlayerSight, now: number): Ladder {
  const opening = atStage(ladder.opening, player.stage, now);
  if (player.position === opening.position) {
    const stands = ladder.phase === "live" && now - ladder.movedAt >= STALL_AFTER_MS[stepOf(ladder)];
    return { ...ladder, opening, phase: stands ? "stalled" : ladder.phase };
  }
  const wasLive = ladder.phase === "live" && ladder.hasMoved;
  const liveSince = wasLive ? ladder.liveSince : now;
  return {
    ...ladder,
    opening: { ...opening, position: player.position },
    phase: "live",
    hasMoved: true,
    movedAt: now,
    liveSince,
    tries: now - liveSince >= STEADY_AFTER_MS ? 0 : ladder.tries,
    climbs: ladder.at === 0 && now - liveSince >= CLIMB_STEADY_MS ? 0 : ladder.climbs,
    climbAt: wasLive ? ladder.climbAt : now + climbMs(ladder.climbs),
    reasons: wasLive
      ? ladder.reasons
      : ladder.reasons.map((reason, step) => (step < ladder.at ? reason : null)),
  };
}

function atStage<O extends Opening>(opening: O, stage: Stage, now: number): O {
  return opening.stage === stage ? opening : { ...opening, stage, since: now };
}

const OVERDUE: Record<Stage, Reason> = {
  asking: "no_answer",
  connecting: "ice_failed",
  flowing: "no_media_in_3s",
};

function overdue(ladder: Ladder, now: number): Reason | null {
  if (ladder.hasMoved) {
    return now - ladder.movedAt >= REOPEN_AFTER_MS ? "stalled" : null;
  }
  return lateness(ladder.opening, now);
}

function lateness({ stage, since }: Opening, now: number): Reason | null {
  return now - since >= STAGE_MS[stage] ? OVERDUE[stage] : null;
}

function failed(ladder: Ladder, reason: Reason, now: number, random?: number): [Ladder, Action] {
  const reasons = ladder.reasons.with(ladder.at, reason);
  const left: Ladder = {
    ...ladder,
    reasons,
    phase: ladder.phase === "connecting" ? "connecting" : "stalled",
  };
  if (isOfStream(reason) || (ladder.hasMoved && isPassing(reason) && ladder.tries < AGAIN_MAX)) {
    return closed(left, ladder.at, now, random);
  }
  const next = ladder.at + 1;
  if (next >= ladder.steps.length) {
    return closed(left, firstHope(reasons), now, random);
  }
  return opened({ ...left, climbs: ladder.climbs + (ladder.hasMoved ? 1 : 0) }, next, now);
}

/** The first step that did not fail for good; the last one is always tried again. */
function firstHope(reasons: readonly (Reason | null)[]): number {
  const first = reasons.findIndex((reason) => reason === null || isPassing(reason));
  return first === -1 ? reasons.length - 1 : first;
}

function closed(ladder: Ladder, at: number, now: number, random?: number): [Ladder, Action] {
  const retryAt = now + backoffMs(ladder.tries, random);
  return [{ ...ladder, at, isOpen: false, probe: null, retryAt, tries: ladder.tries + 1 }, { do: "close" }];
}

function climbMs(climbs: number): number {
  return Math.min(CLIMB_FIRST_MS * 2 ** Math.min(climbs, 10), CLIMB_MAX_MS);
}

/**
 * The next better step after `from` that may work by now. Beside a picture that plays in the video only WebRTC can
 * be tried, since its media can be moved there.
 */
function better(ladder: Ladder, from: number): number | null {
  const isFree = stepOf(ladder) === "snapshot";
  for (let at = from; at < ladder.at; at += 1) {
    const reason = ladder.reasons[at] ?? null;
    if ((isFree || ladder.steps[at] === "webrtc") && (reason === null || isPassing(reason))) {
      return at;
    }
  }
  return null;
}

function climbing(ladder: Ladder, now: number): [Ladder, Action] {
  const at = ladder.phase === "live" && now >= ladder.climbAt ? better(ladder, 0) : null;
  return at === null ? [ladder, NONE] : probing(ladder, at, now);
}

function probing(ladder: Ladder, at: number, now: number): [Ladder, Action] {
  const probe = { at, stage: "asking" as const, since: now, position: 0 };
  return [
    { ...ladder, probe },
    { do: "probe", at },
  ];
}

function probed(
  ladder: Ladder,
  probe: NonNullable<Ladder["probe"]>,
  seen: PlayerSight,
  now: number,
): [Ladder, Action] {
  if (seen.failure === null && seen.position > 0) {
    const reasons = ladder.reasons.map((reason, step) => (step < probe.at ? reason : null));
    const opening = { stage: seen.stage, since: now, position: seen.position };
    const climbAt = now + climbMs(ladder.climbs);
    const live = { phase: "live", hasMoved: true, movedAt: now, liveSince: now } as const;
    return [{ ...ladder, ...live, at: probe.at, reasons, opening, climbAt, probe: null }, { do: "promote" }];
  }
  const current = atStage(probe, seen.stage, now);
  const reason = seen.failure ?? lateness(current, now);
  if (reason === null) {
    return [{ ...ladder, probe: current }, NONE];
  }
  const left = { ...ladder, reasons: ladder.reasons.with(probe.at, reason), probe: null };
  const next = isOfStream(reason) ? null : better(left, probe.at + 1);
  if (next !== null) {
    return probing(left, next, now);
  }
  const climbs = ladder.climbs + 1;
  return [{ ...left, climbs, climbAt: now + climbMs(climbs) }, { do: "drop" }];
}
