import { expect, test } from "vitest";
import { type Able, planOf } from "./plan";

const ABLE: Able = { webrtc: true, webrtcH265: false, mse: true, mseH265: false };
const stream = (name: string, codec: string, b_frames = false) => ({
  name,
  path: name === "main" ? "yard" : `yard/${name}`,
  codec,
  b_frames,
});
const ways = (streams: ReturnType<typeof stream>[], able = ABLE) => {
  const { rungs, skips } = planOf("yard", streams, able);
  return [
    rungs.map(({ step, path }) => `${step} ${path}`),
    skips.map(({ step, variant, reason }) => `${step} ${variant} ${reason}`),
  ];
};

test("H.264 goes by WebRTC, then in parts, then as single pictures", () => {
  expect(ways([stream("main", "h264"), stream("sub", "h264")])).toEqual([
    ["webrtc yard", "socket yard", "snapshot yard"],
    [],
  ]);
});

test("a stream that nothing is known of is asked for as it is", () => {
  expect(ways([])[0]).toEqual(["webrtc yard", "socket yard", "snapshot yard"]);
});

test("B-frames do not go by WebRTC", () => {
  expect(ways([stream("main", "h264", true)])).toEqual([
    ["socket yard", "snapshot yard"],
    ["webrtc main b_frames"],
  ]);
});

test("H.265 goes only where it is decoded, then comes the sub stream", () => {
  const streams = [stream("main", "h265"), stream("sub", "h264")];
  const instead = ["webrtc yard/sub", "socket yard/sub", "snapshot yard"];
  expect(ways(streams)).toEqual([
    instead,
    ["webrtc main h265_not_decodable", "socket main h265_not_decodable"],
  ]);
  expect(ways(streams, { ...ABLE, mseH265: true })[0]).toEqual(["socket yard", ...instead]);
  expect(ways(streams, { ...ABLE, mseH265: true, webrtcH265: true })[0]).toEqual([
    "webrtc yard",
    "socket yard",
    ...instead,
  ]);
});

test("a sub stream that turns out to be H.264 changes nothing", () => {
  const before = ways([stream("main", "h265"), stream("sub", "")]);
  expect(ways([stream("main", "h265"), stream("sub", "h264")])).toEqual(before);
});

test("without an H.264 sub stream one is made on demand", () => {
  const made = ["webrtc yard/h264", "socket yard/h264", "snapshot yard"];
  expect(ways([stream("main", "h265")])[0]).toEqual(made);
  expect(ways([stream("main", "h265"), stream("sub", "h265")])[0]).toEqual(made);
  expect(ways([stream("main", "mjpeg")])).toEqual([
    made,
    ["webrtc main codec_not_carried", "socket main codec_not_carried"],
  ]);
});

test("a browser that can do nothing still gets single pictures", () => {
  const unable = { webrtc: false, webrtcH265: false, mse: false, mseH265: false };
  expect(ways([stream("main", "h264")], unable)).toEqual([
    ["snapshot yard"],
    ["webrtc main no_webrtc", "socket main mse_unsupported"],
  ]);
});
