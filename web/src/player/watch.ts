// Decides from time and playback position what state a live picture is in, and when to open it anew. Pure: time
// and position are arguments.

import { backoffMs } from "./backoff";

/** A first picture takes at most this long: the server itself waits 10 s for a stream to begin. */
const OPEN_TIMEOUT_MS = 15_000;
/** A picture that stands this long is stalled. */
const STALL_AFTER_MS = 3_000;
/** A stalled stream that does not go on by itself within this is opened anew. */
const REOPEN_AFTER_MS = 10_000;
/** A longer step from one look to the next is a jump to the live edge, not a picture that moves. */
const STEP_MAX_S = 2;
/** Back-off starts over once it played this long. */
const STEADY_AFTER_MS = 10_000;

export type Phase = "connecting" | "live" | "stalled";

export interface Watch {
  phase: Phase;
  /** Whether a player is open, or the next try is waited for. */
  isOpen: boolean;
  openedAt: number;
  /** When to open, while nothing is. */
  retryAt: number;
  position: number;
  movedAt: number;
  liveSince: number;
  tries: number;
}

export interface Sight {
  now: number;
  /** The video's currentTime. */
  position: number;
  /** The player gave up. */
  hasFailed: boolean;
}

export type Action = "none" | "open" | "close";

export function startWatch(now: number): Watch {
  return {
    phase: "connecting",
    isOpen: false,
    openedAt: now,
    retryAt: now,
    position: 0,
    movedAt: now,
    liveSince: now,
    tries: 0,
  };
}

/** The next state, and what to do with the player. */
export function look(watch: Watch, sight: Sight, random?: number): [Watch, Action] {
  const { now, position } = sight;
  if (!watch.isOpen) {
    return now < watch.retryAt
      ? [watch, "none"]
      : [{ ...watch, isOpen: true, openedAt: now, movedAt: now, position }, "open"];
  }
  if (sight.hasFailed || isGivenUp(watch, now)) {
    return [closed(watch, now, random), "close"];
  }
  const step = position - watch.position;
  if (step > 0 && step < STEP_MAX_S) {
    return [moved(watch, now, position), "none"];
  }
  const stands = watch.phase === "live" && now - watch.movedAt >= STALL_AFTER_MS;
  return [{ ...watch, position, phase: stands ? "stalled" : watch.phase }, "none"];
}

function isGivenUp(watch: Watch, now: number): boolean {
  const hasMoved = watch.movedAt > watch.openedAt;
  return now - watch.movedAt >= (hasMoved ? REOPEN_AFTER_MS : OPEN_TIMEOUT_MS);
}

function closed(watch: Watch, now: number, random?: number): Watch {
  const retryAt = now + backoffMs(watch.tries, random);
  const phase = watch.phase === "connecting" ? "connecting" : "stalled";
  return { ...watch, phase, isOpen: false, retryAt, tries: watch.tries + 1 };
}

function moved(watch: Watch, now: number, position: number): Watch {
  const liveSince = watch.phase === "live" ? watch.liveSince : now;
  const tries = now - liveSince >= STEADY_AFTER_MS ? 0 : watch.tries;
  return { ...watch, phase: "live", position, movedAt: now, liveSince, tries };
}
