// What a trial of a WebRTC connection tells, step by step. Pure: what was seen is an argument.

import type { Reason } from "../../player/steps";

export const CHECK_STEPS = [
  "signalling",
  "candidates",
  "udp",
  "tcp",
  "turn",
  "dtls",
  "codec",
  "media",
] as const;

export type CheckStep = (typeof CHECK_STEPS)[number];
export type CheckState = "ok" | "failed" | "unknown" | "skipped" | "running";

/** What became of the ways of one kind between the browser's addresses and the server's. */
export type Ways = "none" | "trying" | "reached" | "failed";

/** All that was seen of one trial so far. */
export interface Observed {
  /** Nothing more is waited for. */
  isDone: boolean;
  /** How the server answered the offer; null: not yet. */
  answer: "ok" | Reason | null;
  /** The server's own word for a refusal. */
  detail: string | null;
  /** Addresses of this browser. */
  localCount: number;
  /** Addresses that the server named. */
  remoteUdp: number;
  remoteTcp: number;
  udp: Ways;
  tcp: Ways;
  /** Relays that are configured, and whether one answered; null: not yet known. */
  turnServers: number;
  turn: boolean | null;
  dtls: "new" | "connecting" | "connected" | "failed" | "closed";
  /** Whether pictures are in what was agreed on. */
  hasVideo: boolean;
  /** `video/H264`; empty: nothing came yet. */
  codec: string;
  omitted: readonly string[];
  packets: number;
  framesReceived: number;
  framesDecoded: number;
  /** The way that was taken. */
  way: { protocol: string; local: string; remote: string; roundTripMs: number | null } | null;
}

export const NOTHING_SEEN: Observed = {
  isDone: false,
  answer: null,
  detail: null,
  localCount: 0,
  remoteUdp: 0,
  remoteTcp: 0,
  udp: "none",
  tcp: "none",
  turnServers: 0,
  turn: null,
  dtls: "new",
  hasVideo: false,
  codec: "",
  omitted: [],
  packets: 0,
  framesReceived: 0,
  framesDecoded: 0,
  way: null,
};

export interface Finding {
  step: CheckStep;
  state: CheckState;
  /** The end of the text's key. */
  code: string;
}

type Judged = readonly [CheckState, string];

export function judge(seen: Observed): Finding[] {
  const judges: Record<CheckStep, (seen: Observed) => Judged> = {
    signalling,
    candidates,
    udp: (of) => reached(of, of.udp, of.remoteUdp, "udp"),
    tcp: (of) => reached(of, of.tcp, of.remoteTcp, "tcp"),
    turn,
    dtls,
    codec,
    media,
  };
  return CHECK_STEPS.map((step) => {
    const [state, code] = judges[step](seen);
    return { step, state, code };
  });
}

/** What is not there yet: it is waited for, or it did not come. */
function pending(seen: Observed, failed: Judged): Judged {
  return seen.isDone ? failed : ["running", "running"];
}

const NOT_REACHED: Judged = ["skipped", "not-reached"];

function signalling(seen: Observed): Judged {
  if (seen.answer === null) {
    return pending(seen, ["failed", "no-answer"]);
  }
  if (seen.answer === "ok") {
    return ["ok", "answered"];
  }
  return ["failed", seen.answer === "codec_not_carried" ? "answered-no-codec" : "refused"];
}

function candidates(seen: Observed): Judged {
  if (seen.answer !== "ok") {
    return seen.isDone ? NOT_REACHED : ["running", "running"];
  }
  if (seen.remoteUdp + seen.remoteTcp === 0) {
    return ["failed", "no-remote"];
  }
  return seen.localCount > 0 ? ["ok", "gathered"] : pending(seen, ["failed", "no-local"]);
}

function reached(seen: Observed, ways: Ways, remote: number, kind: "udp" | "tcp"): Judged {
  if (seen.answer !== "ok") {
    return seen.isDone ? NOT_REACHED : ["running", "running"];
  }
  if (remote === 0) {
    return ["skipped", "not-named"];
  }
  if (ways === "reached") {
    return ["ok", `${kind}-reached`];
  }
  // A browser stops to look for more ways once one works.
  const isOther = (kind === "udp" ? seen.tcp : seen.udp) === "reached";
  return kind === "tcp" && isOther && ways !== "failed"
    ? pending(seen, ["unknown", "not-needed"])
    : pending(seen, ["failed", `${kind}-blocked`]);
}

function turn(seen: Observed): Judged {
  if (seen.turnServers === 0) {
    return seen.answer === null ? pending(seen, NOT_REACHED) : ["skipped", "turn-none"];
  }
  if (seen.turn === null) {
    return pending(seen, ["unknown", "turn-unknown"]);
  }
  return seen.turn ? ["ok", "turn-answers"] : ["failed", "turn-silent"];
}

function dtls(seen: Observed): Judged {
  if (seen.dtls === "connected") {
    return ["ok", "secured"];
  }
  if (seen.dtls === "failed") {
    return ["failed", "not-secured"];
  }
  const isReached = seen.udp === "reached" || seen.tcp === "reached";
  return pending(seen, isReached ? ["failed", "not-secured"] : NOT_REACHED);
}

function codec(seen: Observed): Judged {
  if (seen.answer === "codec_not_carried") {
    return ["failed", "codec-refused"];
  }
  if (seen.framesDecoded > 0) {
    return ["ok", "codec-decoded"];
  }
  if (seen.answer === "ok" && !seen.hasVideo) {
    return ["failed", "codec-none"];
  }
  if (seen.isDone && seen.framesReceived > 0) {
    return ["failed", "codec-undecoded"];
  }
  return pending(seen, seen.answer === "ok" ? ["unknown", "codec-unknown"] : NOT_REACHED);
}

function media(seen: Observed): Judged {
  if (seen.framesReceived > 0) {
    return ["ok", "media-arrives"];
  }
  if (seen.dtls !== "connected") {
    return pending(seen, NOT_REACHED);
  }
  return pending(seen, ["failed", seen.packets > 0 ? "media-broken" : "media-none"]);
}
