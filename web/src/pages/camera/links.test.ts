import { expect, test } from "vitest";
import type { Me } from "../../api/types";
import { OPEN } from "../../session/login";
import { addressesOf, fieldOf, maySign, rangeBetween } from "./links";

const HERE = "https://cctv.example";
const ends = { token: "v1.abc", expires_at: "2026-11-21T11:00:00.000Z" };

test("addresses are whole, and those of a recording name their part", () => {
  const live = { ...ends, hls: "/live/yard/index.m3u8?token=v1.abc", snapshot: "/api/s.jpg?token=v1.abc" };
  expect(addressesOf(live, null, HERE)).toEqual([
    { label: "link.hls", url: "https://cctv.example/live/yard/index.m3u8?token=v1.abc" },
    { label: "link.snapshot", url: "https://cctv.example/api/s.jpg?token=v1.abc" },
  ]);
  const range = { start: Date.parse("2026-11-21T10:00:00Z"), end: Date.parse("2026-11-21T10:15:00Z") };
  const [address] = addressesOf({ ...ends, media: "/api/m.mp4?token=v1.abc", hls: null }, range, HERE);
  const { pathname, searchParams } = new URL(address?.url ?? "");
  expect(pathname).toBe("/api/m.mp4");
  expect(Object.fromEntries(searchParams)).toEqual({
    token: "v1.abc",
    start: "2026-11-21T10:00:00.000Z",
    end: "2026-11-21T10:15:00.000Z",
  });
});

test("a span is put in by the viewer's clock, and one without a length is none", () => {
  const range = { start: Date.parse("2026-11-21T10:00:07Z"), end: Date.parse("2026-11-21T10:15:00Z") };
  expect(rangeBetween(fieldOf(range.start), fieldOf(range.end))).toEqual(range);
  expect(rangeBetween(fieldOf(range.end), fieldOf(range.start))).toBeNull();
  expect(rangeBetween(fieldOf(range.end), fieldOf(range.end))).toBeNull();
  expect(rangeBetween("", fieldOf(range.end))).toBeNull();
});

test("whoever is known and may watch may hand out addresses", () => {
  const as = (kind: Me["kind"], role: Me["role"] = "viewer") => maySign({ ...OPEN, kind, role });
  expect((["user", "external", "key", "open"] as const).map((kind) => as(kind))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([as("nobody"), as("link"), as("key", null)]).toEqual([false, false, false]);
});
