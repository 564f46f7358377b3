import { expect, test } from "vitest";
import { backoffMs } from "./backoff";
import { type Action, type Ladder, look, type PlayerSight, startLadder } from "./ladder";
import type { Reason, Step } from "./steps";

/** How a way behaves: when each stage begins after it was opened, when pictures come and cease, when it gives up. */
interface Way {
  connecting?: number;
  flowing?: number;
  pictures?: number;
  until?: number;
  fails?: [at: number, reason: Reason];
}

const GOOD: Way = { connecting: 50, flowing: 250, pictures: 300 };
const refuses = (reason: Reason): Way => ({ fails: [0, reason] });

function seen(way: Way, age: number): PlayerSight {
  const { connecting = Infinity, flowing = Infinity, pictures = Infinity, until = Infinity, fails } = way;
  const stage = age >= flowing ? "flowing" : age >= connecting ? "connecting" : "asking";
  const failure = fails !== undefined && age >= fails[0] ? fails[1] : null;
  return { stage, failure, position: Math.max(0, Math.ceil((Math.min(age, until) - pictures) / 100)) };
}

/** Plays a ladder whose ways behave as `ways` tells at that moment; returns what was done, and when. */
class World {
  ladder: Ladder;
  now = 0;
  done: [number, string][] = [];
  private player: { at: number; since: number } | null = null;
  private probe: { at: number; since: number } | null = null;

  constructor(
    readonly steps: readonly Step[],
    public ways: Partial<Record<Step, Way>>,
  ) {
    this.ladder = startLadder(steps, 0);
  }

  run(until: number): this {
    for (; this.now < until; this.now += 50) {
      const sight = { now: this.now, player: this.sight(this.player), probe: this.sight(this.probe) };
      const [ladder, action] = look(this.ladder, sight, 1);
      this.ladder = ladder;
      this.act(action);
    }
    return this;
  }

  get step(): Step | undefined {
    return this.steps[this.ladder.at];
  }

  private sight(open: { at: number; since: number } | null): PlayerSight | null {
    return open === null
      ? null
      : seen(this.ways[this.steps[open.at] ?? "snapshot"] ?? {}, this.now - open.since);
  }

  private act(action: Action): void {
    if (action.do !== "none") {
      this.done.push([this.now, "at" in action ? `${action.do} ${this.steps[action.at]}` : action.do]);
    }
    if (action.do === "open") {
      this.player = { at: action.at, since: this.now };
      this.probe = null;
    } else if (action.do === "probe") {
      this.probe = { at: action.at, since: this.now };
    } else if (action.do === "close") {
      this.player = null;
      this.probe = null;
    } else if (action.do === "drop") {
      this.probe = null;
    } else if (action.do === "promote") {
      this.player = this.probe;
      this.probe = null;
    }
  }
}

const ALL: readonly Step[] = ["webrtc", "socket", "snapshot"];
const STILLS: Way = { pictures: 100 };

test("the best way is opened at once, and nothing else while it works", () => {
  const world = new World(ALL, { webrtc: GOOD }).run(600_000);
  expect(world.done).toEqual([[0, "open webrtc"]]);
  expect([world.ladder.phase, world.ladder.reasons]).toEqual(["live", [null, null, null]]);
});

test("a refused way is left at once for the next, and its reason kept", () => {
  const world = new World(ALL, { webrtc: refuses("offer_refused"), socket: GOOD }).run(5_000);
  expect(world.done.map(([, what]) => what)).toEqual(["open webrtc", "open socket"]);
  expect(world.done[1]?.[0]).toBeLessThan(200);
  expect([world.ladder.phase, world.ladder.reasons]).toEqual(["live", ["offer_refused", null, null]]);
});

test("each stage of a way has its time, and its own word for being late", () => {
  const late = (way: Way) => new World(ALL, { webrtc: way, socket: GOOD }).run(20_000).ladder.reasons[0];
  expect(late({})).toBe("no_answer");
  expect(late({ connecting: 50 })).toBe("ice_failed");
  expect(late({ connecting: 50, flowing: 100 })).toBe("no_media_in_3s");
});

test("a server that waits ten seconds for a stream to begin is waited for", () => {
  const slow = { connecting: 10_000, flowing: 10_200, pictures: 10_300 };
  expect(new World(ALL, { webrtc: slow }).run(20_000).done).toEqual([[0, "open webrtc"]]);
});

test("when all fail, single pictures are the last, and all are tried again ever more rarely", () => {
  const world = new World(ALL, {
    webrtc: refuses("ice_failed"),
    socket: refuses("socket_closed"),
    snapshot: refuses("no_picture"),
  }).run(600_000);
  const rounds = world.done.filter(([, what]) => what === "open webrtc").length;
  expect(rounds).toBeGreaterThan(15);
  expect(rounds).toBeLessThan(30);
  expect(world.ladder.phase).toBe("connecting");
});

test("what can never work is not tried again in later rounds", () => {
  const world = new World(ALL, {
    webrtc: refuses("codec_not_carried"),
    socket: refuses("socket_closed"),
    snapshot: refuses("no_picture"),
  }).run(60_000);
  expect(world.done.filter(([, what]) => what === "open webrtc")).toHaveLength(1);
});

test("a stream that is not there is no reason to go down: the same way is tried until it is", () => {
  const world = new World(ALL, { webrtc: refuses("stream_down") }).run(20_000);
  expect(new Set(world.done.map(([, what]) => what))).toEqual(new Set(["open webrtc", "close"]));
  world.ways = { webrtc: GOOD };
  expect(world.run(60_000).ladder.phase).toBe("live");
});

test("a viewer who may not watch is told, whichever way was asked", () => {
  const world = new World(ALL, { webrtc: refuses("refused") }).run(5_000);
  expect([world.step, world.ladder.reasons[0]]).toEqual(["webrtc", "refused"]);
});

test("a picture that stands is stalled, and live again when it goes on by itself", () => {
  const world = new World(ALL, { webrtc: { ...GOOD, until: 5_000 } }).run(9_000);
  expect([world.ladder.phase, world.done.length]).toEqual(["stalled", 1]);
  world.ways = { webrtc: GOOD };
  expect(world.run(10_000).ladder.phase).toBe("live");
});

test("a way that has worked is tried again before the next is taken", () => {
  const world = new World(ALL, { webrtc: { ...GOOD, until: 5_000 }, socket: GOOD }).run(120_000);
  const opened = world.done.map(([, what]) => what).filter((what) => what.startsWith("open"));
  expect(opened.slice(0, 4)).toEqual(["open webrtc", "open webrtc", "open webrtc", "open socket"]);
  expect(world.ladder.reasons[0]).toBe("stalled");
});

test("a better way is tried beside the picture, ever more rarely, and taken when it works", () => {
  const world = new World(ALL, { webrtc: refuses("ice_failed"), socket: GOOD }).run(200_000);
  const probes = world.done.filter(([, what]) => what === "probe webrtc").map(([at]) => at);
  expect(probes.length).toBeGreaterThan(2);
  expect((probes[2] ?? 0) - (probes[1] ?? 0)).toBeGreaterThan((probes[1] ?? 0) - (probes[0] ?? 0));
  expect([world.step, world.ladder.phase]).toEqual(["socket", "live"]);
  world.ways = { webrtc: GOOD, socket: GOOD };
  world.run(900_000);
  expect([world.step, world.ladder.phase, world.ladder.reasons[0]]).toEqual(["webrtc", "live", null]);
  expect(world.done.at(-1)?.[1]).toBe("promote");
});

test("from single pictures each better way is tried in turn", () => {
  const world = new World(ALL, {
    webrtc: refuses("ice_failed"),
    socket: refuses("socket_closed"),
    snapshot: STILLS,
  }).run(14_000);
  expect(world.step).toBe("snapshot");
  world.ways = { webrtc: refuses("ice_failed"), socket: GOOD, snapshot: STILLS };
  world.run(40_000);
  expect([world.step, world.ladder.reasons]).toEqual(["socket", ["ice_failed", null, null]]);
});

test("nothing is probed that can never work, nor parts beside a picture that plays", () => {
  const never = new World(ALL, { webrtc: refuses("b_frames"), socket: GOOD }).run(600_000);
  expect(never.done.map(([, what]) => what)).toEqual(["open webrtc", "open socket"]);
  const other = new World(["socket", "socket"], { socket: refuses("socket_closed") }).run(300);
  expect(other.done.map(([, what]) => what)).not.toContain("probe socket");
});

test("whatever happens, something is open or will be opened, and reasons fit the steps", () => {
  const reasons: Reason[] = [
    "offer_refused",
    "ice_failed",
    "stalled",
    "stream_down",
    "not_decodable",
    "refused",
  ];
  let random = 7;
  const next = (below: number) => {
    random = (random * 48_271) % 2_147_483_647;
    return random % below;
  };
  for (let round = 0; round < 60; round += 1) {
    const world = new World(ALL, {});
    for (let until = 500; until < 60_000; until += 500) {
      const way = (): Way =>
        next(3) === 0
          ? { fails: [next(800), reasons[next(reasons.length)] ?? "stalled"] }
          : { connecting: next(400), flowing: next(900), pictures: next(4_000) };
      world.ways = { webrtc: way(), socket: way(), snapshot: way() };
      world.run(until);
      const { ladder } = world;
      expect(ladder.isOpen || ladder.retryAt <= world.now + 31_000).toBe(true);
      expect([ladder.at >= 0 && ladder.at < 3, ladder.reasons.length]).toEqual([true, 3]);
      expect(ladder.probe === null || ladder.probe.at < ladder.at).toBe(true);
    }
    world.ways = { webrtc: GOOD, socket: GOOD, snapshot: STILLS };
    world.run(world.now + 90_000);
    expect(world.ladder.phase).toBe("live");
  }
});

test("delays double up to their bound, half of each by chance", () => {
  expect([0, 1, 2, 3, 4, 5, 60].map((tries) => backoffMs(tries, 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
  expect(backoffMs(5, 0)).toBe(15_000);
});
