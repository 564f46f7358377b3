// What goes over the wire: texts of WHEP, messages of the socket; and the small rules of times and edges.

import { expect, test } from "vitest";
import { chase, removable } from "./edge";
import { latencyOf, unixOf } from "./latency";
import { frameOf, noteOf } from "./socket-frame";
import { fragmentOf, iceServersOf } from "./whep";

const SDP = [
  "v=0",
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
  "a=ice-ufrag:Ab1c",
  "a=ice-pwd:secretsecretsecretsecret",
  "a=mid:0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=ice-ufrag:Ab1c",
  "a=mid:1",
  "",
].join("\r\n");

test("addresses that are found later are told as a fragment of the description", () => {
  const candidates = [{ candidate: "candidate:1 1 udp 2122 10.0.0.2 50000 typ host", sdpMid: "0" }];
  expect(fragmentOf(SDP, candidates, true).split("\r\n")).toEqual([
    "a=ice-ufrag:Ab1c",
    "a=ice-pwd:secretsecretsecretsecret",
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
    "a=mid:0",
    "a=candidate:1 1 udp 2122 10.0.0.2 50000 typ host",
    "a=end-of-candidates",
    "",
  ]);
  expect(fragmentOf(SDP, [], false)).not.toContain("end-of-candidates");
});

test("ICE servers are read from a link header, whatever else is linked", () => {
  const link =
    '<stun:stun.example:3478>; rel="ice-server", <https://a.example/,x>; rel="license", ' +
    '<turn:turn.example:3478?transport=udp>; rel="ice-server"; username="1700:a;b\\"c"; ' +
    'credential="p,q="; credential-type="password"';
  expect(iceServersOf(link)).toEqual([
    { urls: "stun:stun.example:3478" },
    { urls: "turn:turn.example:3478?transport=udp", username: '1700:a;b"c', credential: "p,q=" },
  ]);
  expect(iceServersOf(null)).toEqual([]);
  expect(iceServersOf('<turn:turn.example>; rel="ice-server"; username="u"')).toEqual([]);
  expect(iceServersOf('<javascript:x>; rel="ice-server", <turn:')).toEqual([]);
});

test("a message of the socket is a header and bytes to append", () => {
  const message = new Uint8Array(20);
  const header = new DataView(message.buffer);
  header.setUint32(0, 4_000_000_000);
  header.setUint8(4, 2);
  header.setBigUint64(8, 1_795_267_200_123_000n);
  message.set([1, 2, 3, 4], 16);
  const frame = frameOf(message.buffer);
  expect([frame?.id, frame?.kind, frame?.takenAt]).toEqual([4_000_000_000, "key", 1_795_267_200_123]);
  expect([...(frame?.bytes ?? [])]).toEqual([1, 2, 3, 4]);
  header.setUint8(4, 9);
  expect(frameOf(message.buffer)).toBeNull();
  expect(frameOf(new ArrayBuffer(15))).toBeNull();
});

test("a note of the socket concerns one tile, or is not for this page", () => {
  const init = { mime: 'video/mp4; codecs="avc1.42c016"', codecs: "avc1.42c016", omitted: ["pcma"] };
  expect(noteOf(JSON.stringify({ id: 1, init: { ...init, width: 640 } }))).toEqual({ id: 1, init });
  expect(noteOf('{"id":2,"error":{"code":"stream_not_found","status":404}}')).toEqual({
    id: 2,
    error: { code: "stream_not_found", status: 404 },
  });
  expect(noteOf('{"id":3,"waiting":true}')).toEqual({ id: 3, waiting: true });
  expect(noteOf('{"id":3,"skipped":true}')).toEqual({ id: 3, skipped: true });
  for (const odd of ["", "[", "null", "7", '{"error":{}}', '{"id":"1"}', '{"id":1,"news":true}']) {
    expect(noteOf(odd)).toBeNull();
  }
});

test("a picture in parts stays at its live edge, and jumps over what is missing", () => {
  expect(chase(0, [])).toEqual({ seek: null, rate: 1 });
  expect(chase(0, [[100, 100.1]]).seek).toBeCloseTo(100.02);
  expect(chase(9.8, [[0, 10]])).toEqual({ seek: null, rate: 1 });
  expect(chase(9.6, [[0, 10]]).rate).toBeGreaterThan(1);
  expect(chase(8, [[0, 10]]).seek).toBeCloseTo(9.92);
  expect(
    chase(9.99, [
      [0, 10],
      [12, 12.5],
    ]).seek,
  ).toBeCloseTo(12.42);
});

test("what was played long ago is removed in large pieces", () => {
  expect(removable(10, [[0, 11]])).toBeNull();
  expect(removable(13, [[0, 14]])).toBe(7);
  expect(removable(0, [])).toBeNull();
});

test("latency is taken from the best that a browser tells", () => {
  const frame = { now: 1_000, expectedDisplayTime: 1_010, captureTime: 900, receiveTime: 980 };
  const nothing = { playoutAt: null, roundTripMs: 20 };
  expect(latencyOf(frame, nothing, 5_000)).toBe(110);
  const { captureTime: _, ...without } = frame;
  expect(latencyOf(without, { playoutAt: 4_850, roundTripMs: 20 }, 5_000)).toBe(150);
  expect(latencyOf(without, nothing, 5_000)).toBe(40);
  expect(latencyOf({ ...frame, captureTime: 9_000 }, nothing, 5_000)).toBe(40);
  expect(latencyOf(null, nothing, 5_000)).toBeNull();
});

test("times of the statistics are read whichever year they count from", () => {
  expect(unixOf(1_795_267_200_000)).toBe(1_795_267_200_000);
  expect(unixOf(1_795_267_200_000 + 2_208_988_800_000)).toBe(1_795_267_200_000);
  expect([unixOf(undefined), unixOf(0), unixOf("1")]).toEqual([null, null, null]);
});
