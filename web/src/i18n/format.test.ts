import { expect, test } from "vitest";
import { durationParts, formatFor } from "./format";
import { preferredLanguage } from "./language";

const AT = Date.parse("2025-01-15T21:03:22.900Z");

test("times are those of the viewer's zone, with the date that is there", () => {
  const dubai = formatFor("en", "Asia/Dubai");
  expect(dubai.time(AT)).toBe("01:03:22");
  expect(dubai.date(AT)).toBe("16 January 2025");
  expect(formatFor("en", "America/New_York").day(AT)).toBe("Wednesday, 15 January 2025");
});

test("Arabic has its own words and Latin digits", () => {
  const ar = formatFor("ar", "Asia/Dubai");
  expect(ar.date(AT)).toBe("16 يناير 2025");
  expect(ar.time(AT)).toBe("01:03:22");
  expect(ar.number(12_345.6, 1)).toMatch(/^12.345.6$/);
  expect(ar.bitrate(1_200_000)).toContain("1.2");
});

test("midnight is 00, not 24", () => {
  expect(formatFor("en", "UTC").time(Date.parse("2025-01-15T00:00:01Z"))).toBe("00:00:01");
});

test("durations have their two largest units, and are never nothing", () => {
  expect(durationParts(200_000)).toEqual([
    [3, "minute"],
    [20, "second"],
  ]);
  expect(durationParts(86_400_000 + 61_000)).toEqual([
    [1, "day"],
    [1, "minute"],
  ]);
  expect(durationParts(20)).toEqual([[1, "second"]]);
  expect(formatFor("en").duration(900_000)).toBe("15m");
});

test("sizes and rates are scaled by thousands", () => {
  const en = formatFor("en");
  expect(en.bytes(57_600_000)).toBe("57.6 MB");
  expect(en.bitrate(512_000)).toBe("512 kb/s");
  expect(en.bitrate(3_412_000)).toBe("3.4 Mb/s");
});

test("the first known language of the browser is taken", () => {
  expect(preferredLanguage(["fr-FR", "ar-AE", "en"])).toBe("ar");
  expect(preferredLanguage(["de"])).toBe("en");
});

test("times are told from now, in their largest unit", () => {
  const en = formatFor("en");
  const at = (seconds: number) => en.ago(1_000_000_000_000 + seconds * 1_000, 1_000_000_000_000);
  expect(at(-20)).toBe("now");
  expect(at(-170)).toBe("3 minutes ago");
  expect(at(-86_400)).toBe("1 day ago");
  expect(at(604_790)).toBe("in 7 days");
  expect(formatFor("ar").ago(0, 120_000)).toBe("قبل دقيقتين");
});
