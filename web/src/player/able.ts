// What this browser can do, asked once.

import type { Able } from "./plan";

/** Main profile, level 4: what cameras send. */
const H265 = 'video/mp4; codecs="hvc1.1.6.L120.90"';

/** Some phones have the managed kind only. */
interface Managed {
  ManagedMediaSource?: typeof MediaSource;
}

export function mediaSource(): typeof MediaSource | null {
  return globalThis.MediaSource ?? (globalThis as Managed).ManagedMediaSource ?? null;
}

let asked: Able | null = null;

export function able(): Able {
  asked ??= ask();
  return asked;
}

function ask(): Able {
  const source = mediaSource();
  const webrtc = typeof RTCPeerConnection === "function";
  const codecs = webrtc ? (RTCRtpReceiver.getCapabilities("video")?.codecs ?? []) : [];
  return {
    webrtc,
    webrtcH265: codecs.some(({ mimeType }) => mimeType.toLowerCase() === "video/h265"),
    mse: source !== null,
    mseH265: source?.isTypeSupported(H265) ?? false,
  };
}
