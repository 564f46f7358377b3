import type { Range } from "../../api/client";
import type { Span } from "../../api/types";

const HOUR_MS = 3_600_000;

/** What the recordings list shows: the last hours, or a day of the viewer's calendar. */
export type Period = { kind: "last"; hours: 1 | 6 | 24 } | { kind: "day"; date: string };

export const LAST_HOURS = [1, 6, 24] as const;

/** The period's span. A day of 23 or 25 hours is as long as it is. */
export function rangeOf(period: Period, now: number): Range {
  if (period.kind === "last") {
    return { start: now - period.hours * HOUR_MS, end: now };
  }
  const [year = 0, month = 1, day = 1] = period.date.split("-").map(Number);
  return {
    start: new Date(year, month - 1, day).getTime(),
    end: new Date(year, month - 1, day + 1).getTime(),
  };
}

/** Whether more can still be recorded in it. */
export function isOpen(period: Period, now: number): boolean {
  return period.kind === "last" || rangeOf(period, now).end > now;
}

/** The viewer's calendar day, as date inputs write it. */
export function dayOf(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => `${value}`.padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The calendar day that lies `days` after another. */
export function dayAfter(date: string, days: number): string {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  return dayOf(new Date(year, month - 1, day + days).getTime());
}

const TICK_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360];
const TICKS_MAX = 8;

/** Labels nearer to an end than this share would be cut off. */
const TICK_MARGIN = 0.04;

/** Round times of the viewer's clock within a span, at most eight. */
export function ticksOf(range: Range): number[] {
  const minutes = (range.end - range.start) / 60_000;
  const step = (TICK_MINUTES.find((tick) => minutes / tick <= TICKS_MAX) ?? 360) * 60_000;
  const midnight = new Date(range.start).setHours(0, 0, 0, 0);
  const ticks: number[] = [];
  const margin = (range.end - range.start) * TICK_MARGIN;
  for (let at = midnight; at <= range.end - margin; at += step) {
    if (at >= range.start + margin) {
      ticks.push(at);
    }
  }
  return ticks;
}

const SHORTEST_BAR_MS = 60_000;

/**
 * The part of a period that the bar shows. The last hours begin where the first thing is known: on a new camera
 * minutes of recordings would be a hair at the end of a day. A day is shown as a whole.
 */
export function barRange(period: Period, range: Range, spans: Span[]): Range {
  const first = spans[0];
  if (period.kind === "day" || first === undefined) {
    return range;
  }
  const known = Math.min(Date.parse(first.start), range.end - SHORTEST_BAR_MS);
  return { start: Math.max(range.start, known), end: range.end };
}

/** A span of the coverage, placed on a bar of the given range: shares of its length. */
export interface Placed {
  from: number;
  length: number;
  span: Span;
}

/** Spans as they are drawn: those too thin to see are widened a little, so that no gap hides. */
export function placed(spans: Span[], range: Range): Placed[] {
  const whole = range.end - range.start;
  return spans
    .filter((span) => Date.parse(span.end) > range.start && Date.parse(span.start) < range.end)
    .map((span) => {
      const from = Math.max(0, (Date.parse(span.start) - range.start) / whole);
      const to = Math.min(1, (Date.parse(span.end) - range.start) / whole);
      return { from, length: Math.max(to - from, 0.002), span };
    });
}

/** Milliseconds of the range that are recorded. */
export function recordedMs(spans: Span[], range: Range): number {
  return spans
    .filter((span) => span.state === "recorded")
    .map((span) => Math.min(Date.parse(span.end), range.end) - Math.max(Date.parse(span.start), range.start))
    .reduce((sum, ms) => sum + Math.max(0, ms), 0);
}
