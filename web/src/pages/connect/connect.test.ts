import { expect, test } from "vitest";
import { hasMessage } from "../../i18n/messages";
import { CHECK_STEPS, judge, NOTHING_SEEN, type Observed } from "./check";
import { reportOf } from "./report";
import { findingsOf } from "./server-findings";
import { observed, remoteOf } from "./trial";

const WORKS: Observed = {
  ...NOTHING_SEEN,
  isDone: true,
  answer: "ok",
  localCount: 2,
  remoteUdp: 1,
  remoteTcp: 1,
  udp: "reached",
  tcp: "trying",
  dtls: "connected",
  hasVideo: true,
  codec: "video/H264",
  packets: 90,
  framesReceived: 20,
  framesDecoded: 20,
};

const states = (seen: Observed) => judge(seen).map(({ state }) => state);
const code = (seen: Observed, step: string) => judge(seen).find((one) => one.step === step)?.code;

test("a connection that works says so at each step, and what was not needed", () => {
  expect(states(WORKS)).toEqual(["ok", "ok", "ok", "unknown", "skipped", "ok", "ok", "ok"]);
});

test("before anything came, everything is being tried", () => {
  expect(new Set(states(NOTHING_SEEN))).toEqual(new Set(["running"]));
});

test("a refused offer ends the check at its first step", () => {
  const refused: Observed = { ...NOTHING_SEEN, isDone: true, answer: "offer_refused" };
  expect(states(refused)).toEqual([
    "failed",
    ...Array(3).fill("skipped"),
    "skipped",
    ...Array(3).fill("skipped"),
  ]);
  expect(code({ ...refused, answer: "codec_not_carried" }, "codec")).toBe("codec-refused");
});

test("a closed media port is told apart from one that answers over TCP only", () => {
  const closed: Observed = {
    ...WORKS,
    udp: "failed",
    tcp: "trying",
    dtls: "new",
    framesReceived: 0,
    framesDecoded: 0,
  };
  expect([code(closed, "udp"), code(closed, "tcp"), code(closed, "dtls")]).toEqual([
    "udp-blocked",
    "tcp-blocked",
    "not-reached",
  ]);
  const tcp: Observed = { ...WORKS, udp: "trying", tcp: "reached" };
  expect([code(tcp, "udp"), code(tcp, "tcp"), code(tcp, "media")]).toEqual([
    "udp-blocked",
    "tcp-reached",
    "media-arrives",
  ]);
});

test("pictures that come but are not decoded are the format's fault", () => {
  const undecoded: Observed = { ...WORKS, framesDecoded: 0 };
  expect([code(undecoded, "codec"), code(undecoded, "media")]).toEqual(["codec-undecoded", "media-arrives"]);
  expect(code({ ...undecoded, framesReceived: 0 }, "media")).toBe("media-broken");
});

test("an answer without pictures is told at once", () => {
  const sound: Observed = { ...NOTHING_SEEN, answer: "ok", localCount: 1, remoteUdp: 1 };
  expect(code(sound, "codec")).toBe("codec-none");
  expect(code({ ...sound, hasVideo: true }, "codec")).toBe("running");
});

test("whatever is seen, each step has one finding, with words for it", () => {
  const pick = <T>(seed: number, ...of: T[]) => of[seed % of.length] as T;
  for (let seed = 0; seed < 3_000; seed += 1) {
    const at = (shift: number) => Math.floor(seed / shift);
    const seen: Observed = {
      ...NOTHING_SEEN,
      isDone: seed % 2 === 0,
      answer: pick(at(2), null, "ok", "offer_refused", "codec_not_carried"),
      remoteUdp: at(3) % 2,
      remoteTcp: at(5) % 2,
      localCount: at(7) % 3,
      udp: pick(at(11), "none", "trying", "reached", "failed"),
      tcp: pick(at(13), "none", "trying", "reached", "failed"),
      turnServers: at(17) % 2,
      turn: pick(at(19), null, true, false),
      dtls: pick(at(23), "new", "connecting", "connected", "failed", "closed"),
      hasVideo: at(29) % 2 === 0,
      packets: at(31) % 2,
      framesReceived: at(37) % 2,
      framesDecoded: at(41) % 2,
    };
    const findings = judge(seen);
    expect(findings.map(({ step }) => step)).toEqual([...CHECK_STEPS]);
    for (const { code: said, state } of findings) {
      expect(hasMessage(`check.${said}`), said).toBe(true);
      expect(seen.isDone && state === "running").toBe(false);
    }
  }
});

test("the addresses of an answer are counted by kind, each once", () => {
  const sdp =
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=candidate:1 1 udp 2130706431 10.0.0.1 8189 typ host\r\n" +
    "a=candidate:2 1 tcp 1671430143 10.0.0.1 8189 typ host tcptype passive\r\nm=audio 9 X 0\r\n" +
    "a=candidate:1 1 udp 2130706431 10.0.0.1 8189 typ host\r\n";
  expect(remoteOf(sdp)).toEqual({ remoteUdp: 1, remoteTcp: 1 });
  expect(remoteOf("")).toEqual({ remoteUdp: 0, remoteTcp: 0 });
});

test("statistics of a connection are read, and what was reached once stays so", () => {
  const stats = [
    { id: "t", type: "transport", dtlsState: "connected", selectedCandidatePairId: "p" },
    { id: "l", type: "local-candidate", candidateType: "host", address: "10.0.0.2" },
    { id: "r", type: "remote-candidate", candidateType: "host", address: "10.0.0.1", protocol: "udp" },
    {
      id: "p",
      type: "candidate-pair",
      state: "succeeded",
      localCandidateId: "l",
      remoteCandidateId: "r",
      currentRoundTripTime: 0.004,
    },
    { id: "c", type: "codec", mimeType: "video/H264" },
    {
      id: "i",
      type: "inbound-rtp",
      kind: "video",
      codecId: "c",
      packetsReceived: 9,
      framesReceived: 3,
      framesDecoded: 2,
    },
  ];
  const more = observed(stats, NOTHING_SEEN);
  expect(more).toMatchObject({
    udp: "reached",
    tcp: "none",
    dtls: "connected",
    codec: "video/H264",
    framesDecoded: 2,
  });
  expect(more.way).toEqual({
    protocol: "udp",
    local: "host 10.0.0.2",
    remote: "host 10.0.0.1",
    roundTripMs: 4,
  });
  expect(observed([], { ...NOTHING_SEEN, ...more }).udp).toBe("reached");
});

test("what the server finds is taken only as far as it is understood", () => {
  const good = { step: "udp", state: "failed", code: "no_udp", message_en: "Closed.", message_ar: "مغلق." };
  const odd = [null, 7, { step: "warp", state: "ok" }, { step: "udp", state: "?" }];
  expect(findingsOf({ steps: [good, ...odd] })).toEqual([
    { step: "udp", state: "failed", code: "no_udp", en: "Closed.", ar: "مغلق." },
  ]);
  expect([findingsOf(null), findingsOf({}), findingsOf({ steps: 3 })]).toEqual([[], [], []]);
});

test("a report names every step", () => {
  const report = reportOf({
    camera: "yard",
    at: new Date(0),
    browser: "Test/1",
    findings: judge(WORKS),
    server: [],
    seen: WORKS,
    step: "webrtc yard",
  });
  for (const step of CHECK_STEPS) {
    expect(report).toContain(`\n${step}: `);
  }
});
