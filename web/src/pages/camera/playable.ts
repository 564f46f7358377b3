import type { Range } from "../../api/client";
import type { Segment } from "../../api/types";

/** A part of a segment that is being played. */
export interface Playing {
  segment: Segment;
  range: Range;
}

export function isPlayable(segment: Segment): boolean {
  return segment.state !== "REMOVED" && segment.place !== "none";
}

/** A segment's span; one that is still recorded reaches to now. */
export function spanOf(segment: Segment, now: number): Range {
  return { start: Date.parse(segment.start), end: segment.end ? Date.parse(segment.end) : now };
}

export function playSegment(segment: Segment, now: number): Playing {
  return { segment, range: spanOf(segment, now) };
}

/** The segment that holds a moment, from there on; null when none does. */
export function playAt(segments: Segment[], at: number, now: number): Playing | null {
  const segment = segments.find((candidate) => {
    const { start, end } = spanOf(candidate, now);
    return isPlayable(candidate) && start <= at && at < end;
  });
  return segment === undefined ? null : { segment, range: { start: at, end: spanOf(segment, now).end } };
}

/** What follows when one was played to its end. */
export function playNext(segments: Segment[], after: Segment, now: number): Playing | null {
  const start = Date.parse(after.start);
  const next = segments.find((candidate) => isPlayable(candidate) && Date.parse(candidate.start) > start);
  return next === undefined ? null : playSegment(next, now);
}

export interface HourOfSegments {
  hour: number;
  segments: Segment[];
}

/** Newest first, by the hour in which they began. */
export function byHour(segments: Segment[]): HourOfSegments[] {
  const hours: HourOfSegments[] = [];
  for (const segment of segments.toReversed()) {
    const hour = new Date(segment.start).setMinutes(0, 0, 0);
    const last = hours.at(-1);
    if (last?.hour === hour) {
      last.segments.push(segment);
    } else {
      hours.push({ hour, segments: [segment] });
    }
  }
  return hours;
}
