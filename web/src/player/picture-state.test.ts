import { expect, test } from "vitest";
import type { Camera } from "../api/types";
import { isWatchable, pictureState } from "./picture-state";

const camera = (extra: Partial<Camera>): Camera => ({
  id: "yard",
  name: "Yard",
  source: "OTHER",
  role: "",
  status: "online",
  streams: [],
  ptz: false,
  tags: [],
  created_at: "2025-01-15T14:00:00.000Z",
  updated_at: "2025-01-15T14:00:00.000Z",
  live: { hls: "/live/yard/index.m3u8" },
  ...extra,
});

test("a camera without hope for a picture is not asked for one", () => {
  expect(isWatchable(camera({}), false)).toBe(true);
  expect(isWatchable(camera({ status: "idle" }), false)).toBe(true);
  for (const status of ["offline", "error", "disabled"] as const) {
    expect(isWatchable(camera({ status }), true)).toBe(false);
  }
  expect(isWatchable(camera({ live: { hls: null } }), true)).toBe(false);
});

test("a camera that connects anew keeps the player that it had", () => {
  expect(isWatchable(camera({ status: "connecting" }), true)).toBe(true);
  expect(isWatchable(camera({ status: "connecting" }), false)).toBe(false);
});

test("what is known of the camera goes before what the player sees", () => {
  expect(pictureState(camera({ status: "offline" }), "live", true)).toBe("offline");
  expect(pictureState(camera({}), "live", false)).toBe("paused");
  expect(pictureState(camera({ status: "connecting" }), "stalled", true)).toBe("connecting");
  expect(pictureState(camera({}), "stalled", true)).toBe("stalled");
});
