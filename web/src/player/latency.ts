// How far behind a WebRTC picture is. Browsers know it in three ways; the first that is there is taken.

import { serverNow } from "../api/server-clock";

/** What a browser tells of a picture when it is shown; times by the page's clock. */
export interface FrameTimes {
  now: number;
  expectedDisplayTime: number;
  /** When the camera took it, reckoned from the sender's reports. */
  captureTime?: number;
  /** When its last packet came. */
  receiveTime?: number;
}

export interface ConnectionTimes {
  /** When the picture that is shown now was taken, by the server's clock. */
  playoutAt: number | null;
  roundTripMs: number;
}

/** More than this is a clock that is wrong. */
const BELIEVED_MAX_MS = 60_000;

const NTP_TO_UNIX_MS = 2_208_988_800_000;

/** A time of the statistics, which some browsers count from 1900; milliseconds since 1970. */
export function unixOf(playout: unknown): number | null {
  if (typeof playout !== "number" || !(playout > 0)) {
    return null;
  }
  // Counted from 1970, this would be after the year 2060.
  return playout > 2_850_000_000_000 ? playout - NTP_TO_UNIX_MS : playout;
}

/**
 * Milliseconds from the taking of the shown picture until it was seen; null while nothing tells. Without a sender's
 * report it is the way over the network and through the browser: the way into the server is not in it.
 */
export function latencyOf(
  frame: FrameTimes | null,
  connection: ConnectionTimes,
  now = serverNow(),
): number | null {
  const { captureTime, receiveTime } = frame ?? {};
  const shown = frame === null ? Number.NaN : Math.max(frame.now, frame.expectedDisplayTime);
  const ways = [
    captureTime === undefined ? null : shown - captureTime,
    connection.playoutAt === null ? null : now - connection.playoutAt,
    receiveTime === undefined ? null : shown - receiveTime + connection.roundTripMs / 2,
  ];
  return ways.find((way) => way !== null && way >= 0 && way <= BELIEVED_MAX_MS) ?? null;
}
