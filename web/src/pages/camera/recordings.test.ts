import { expect, test } from "vitest";
import type { Segment, Span } from "../../api/types";
import { barRange, dayAfter, dayOf, isOpen, placed, rangeOf, recordedMs, ticksOf } from "./period";
import { byHour, playAt, playNext, playSegment } from "./playable";

const MINUTE = 60_000;
const NOON = new Date(2025, 0, 15, 12).getTime();
const iso = (ms: number) => new Date(ms).toISOString();

const segment = (id: number, start: number, end: number | null, extra: Partial<Segment> = {}): Segment => ({
  id,
  camera: "yard",
  path: "",
  start: iso(start),
  end: end === null ? null : iso(end),
  duration: null,
  bytes: null,
  sha256: null,
  format: "fmp4",
  codecs: "",
  state: end === null ? "RECORDING" : "CREATED",
  place: "local",
  ...extra,
});

const span = (from: number, to: number, reason?: string): Span => ({
  start: iso(from),
  end: iso(to),
  state: reason === undefined ? "recorded" : "gap",
  ...(reason === undefined ? {} : { reason }),
});

test("a day is the viewer's calendar day", () => {
  const { start, end } = rangeOf({ kind: "day", date: "2025-01-15" }, 0);
  expect(dayOf(start)).toBe("2025-01-15");
  expect(dayOf(end - 1)).toBe("2025-01-15");
  expect(dayOf(end)).toBe("2025-01-16");
  expect(dayAfter("2025-03-01", -1)).toBe("2025-02-28");
});

test("only a period that still grows is asked for again", () => {
  expect(isOpen({ kind: "last", hours: 1 }, NOON)).toBe(true);
  expect(isOpen({ kind: "day", date: "2025-01-15" }, NOON)).toBe(true);
  expect(isOpen({ kind: "day", date: "2025-01-14" }, NOON)).toBe(false);
});

test("ticks are round times within the span, few enough to be read", () => {
  const hour = ticksOf({ start: NOON - 55 * MINUTE, end: NOON + 5 * MINUTE });
  expect(hour.map((at) => new Date(at).getMinutes() % 10)).toEqual(hour.map(() => 0));
  for (const hours of [1, 6, 24, 25]) {
    const ticks = ticksOf({ start: NOON, end: NOON + hours * 60 * MINUTE });
    expect(ticks.length).toBeGreaterThan(2);
    expect(ticks.length).toBeLessThanOrEqual(8);
  }
});

test("the bar of the last hours begins where the first thing is known, that of a day at midnight", () => {
  const range = { start: NOON - 60 * MINUTE, end: NOON };
  const last = { kind: "last", hours: 1 } as const;
  expect(barRange(last, range, [span(NOON - 5 * MINUTE, NOON)])).toEqual({
    start: NOON - 5 * MINUTE,
    end: NOON,
  });
  expect(barRange(last, range, [span(NOON - 90 * MINUTE, NOON)])).toEqual(range);
  expect(barRange(last, range, [span(NOON - 1_000, NOON)]).start).toBe(NOON - MINUTE);
  expect(barRange({ kind: "day", date: "2025-01-15" }, range, [span(NOON - 5 * MINUTE, NOON)])).toEqual(
    range,
  );
});

test("a gap too short to be seen is drawn all the same", () => {
  const range = { start: NOON, end: NOON + 1_440 * MINUTE };
  const [gap] = placed([span(NOON + MINUTE, NOON + MINUTE + 50, "network")], range);
  expect(gap?.length).toBe(0.002);
  expect(placed([span(NOON - 2 * MINUTE, NOON - MINUTE)], range)).toEqual([]);
});

test("what is recorded counts only within the span", () => {
  const spans = [span(NOON - MINUTE, NOON + MINUTE), span(NOON + MINUTE, NOON + 2 * MINUTE, "disk")];
  expect(recordedMs(spans, { start: NOON, end: NOON + 10 * MINUTE })).toBe(MINUTE);
});

const removed = segment(2, NOON + 15 * MINUTE, NOON + 30 * MINUTE, { state: "REMOVED", place: "none" });
const open = segment(3, NOON + 30 * MINUTE, null);
const all = [segment(1, NOON, NOON + 15 * MINUTE), removed, open];
const now = NOON + 40 * MINUTE;

test("a moment is played to the end of the segment that holds it", () => {
  expect(playAt(all, NOON + 5 * MINUTE, now)?.range).toEqual({
    start: NOON + 5 * MINUTE,
    end: NOON + 15 * MINUTE,
  });
  expect(playAt(all, NOON + 20 * MINUTE, now)).toBeNull();
  expect(playAt(all, NOON + 35 * MINUTE, now)?.range.end).toBe(now);
});

test("what follows is the next segment that is still there", () => {
  expect(playNext(all, all[0] as Segment, now)?.segment.id).toBe(3);
  expect(playNext(all, open, now)).toBeNull();
  expect(playSegment(open, now).range).toEqual({ start: NOON + 30 * MINUTE, end: now });
});

test("the list is newest first, by the hour", () => {
  const hours = byHour([segment(0, NOON - 5 * MINUTE, NOON), ...all]);
  expect(hours.map(({ segments }) => segments.map(({ id }) => id))).toEqual([[3, 2, 1], [0]]);
});
