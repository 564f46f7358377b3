// The words of the ladder: its steps, and why one was not taken.

/** How a picture comes: as little delay as can be first. */
export type Step = "webrtc" | "socket" | "snapshot";

export const STEPS: readonly Step[] = ["webrtc", "socket", "snapshot"];

/** Which of a camera's streams is shown: `h264` is made of the main stream on demand. */
export type Variant = "main" | "sub" | "h264";

export interface Rung {
  step: Step;
  variant: Variant;
  /** The stream's path. */
  path: string;
}

/** What a browser can never do with a stream: not worth another try. */
const LASTING = [
  "no_webrtc",
  "mse_unsupported",
  "codec_not_carried",
  "b_frames",
  "h265_not_decodable",
  "not_decodable",
] as const;

/** What may go better a while later. */
const PASSING = [
  "offer_refused",
  "not_offered",
  "no_answer",
  "ice_failed",
  "dtls_failed",
  "no_media_in_3s",
  "session_ended",
  "socket_closed",
  "no_picture",
  "stalled",
] as const;

/** What is the same on every step: the stream is not there, or is not for this viewer. */
const OF_STREAM = ["stream_down", "refused"] as const;

export const REASONS = [...LASTING, ...PASSING, ...OF_STREAM];

export type Reason = (typeof REASONS)[number];

export function isPassing(reason: Reason): boolean {
  return (PASSING as readonly string[]).includes(reason);
}

export function isOfStream(reason: Reason): boolean {
  return (OF_STREAM as readonly string[]).includes(reason);
}

/** A step that was not taken, and why. */
export interface Skip {
  step: Step;
  variant: Variant;
  reason: Reason;
}
