// Which ways to a camera's picture this browser has, best first. Pure: streams and abilities are arguments.

import type { Stream } from "../api/types";
import type { Reason, Rung, Skip, Step, Variant } from "./steps";

/** What a browser can do. */
export interface Able {
  webrtc: boolean;
  webrtcH265: boolean;
  mse: boolean;
  mseH265: boolean;
}

export interface Plan {
  /** Never empty: single pictures are always the last. */
  rungs: Rung[];
  /** What is not tried at all. */
  skips: Skip[];
}

type KnownStream = Pick<Stream, "name" | "path" | "codec" | "b_frames">;

/**
 * H.265 goes only to a browser that decodes it; others get the sub stream where that is H.264, else one that is
 * made on demand. A stream that nothing is known of yet is taken for plain H.264: the server's answer tells.
 */
export function planOf(id: string, streams: readonly KnownStream[], able: Able): Plan {
  const plan: Plan = { rungs: [], skips: [] };
  const main = streams.find(({ name }) => name === "main") ?? unknown(id);
  add(plan, "main", main, able);
  if (main.codec !== "" && main.codec !== "h264") {
    add(plan, ...instead(id, streams), able);
  }
  plan.rungs.push({ step: "snapshot", variant: "main", path: id });
  return plan;
}

function unknown(id: string): KnownStream {
  return { name: "main", path: id, codec: "", b_frames: false };
}

/** The stream that stands in for one that this browser may not decode. A sub stream is known once it was asked for. */
function instead(id: string, streams: readonly KnownStream[]): [Variant, KnownStream] {
  const sub = streams.find(({ name, codec }) => name === "sub" && ["", "h264"].includes(codec));
  return sub === undefined
    ? ["h264", { name: "h264", path: `${id}/h264`, codec: "h264", b_frames: false }]
    : ["sub", sub];
}

function add(plan: Plan, variant: Variant, stream: KnownStream, able: Able): void {
  for (const step of ["webrtc", "socket"] as const) {
    const reason = obstacle(step, stream, able);
    if (reason === null) {
      plan.rungs.push({ step, variant, path: stream.path });
    } else {
      plan.skips.push({ step, variant, reason });
    }
  }
}

function obstacle(step: Exclude<Step, "snapshot">, stream: KnownStream, able: Able): Reason | null {
  if (!able[step === "webrtc" ? "webrtc" : "mse"]) {
    return step === "webrtc" ? "no_webrtc" : "mse_unsupported";
  }
  switch (stream.codec) {
    case "":
    case "h264":
      return step === "webrtc" && stream.b_frames ? "b_frames" : null;
    case "h265": {
      const decodes = step === "webrtc" ? able.webrtcH265 : able.mseH265;
      return decodes ? null : "h265_not_decodable";
    }
    default:
      return "codec_not_carried";
  }
}
