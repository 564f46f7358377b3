import { expect, test } from "vitest";
import { backoffMs } from "./backoff";
import { type Action, look, startWatch, type Watch } from "./watch";

/** Looks every 250 ms while `position` tells where the picture is. */
function play(
  watch: Watch,
  [from, to]: [number, number],
  position: (now: number) => number,
  hasFailed = false,
): [Watch, Action[]] {
  const actions: Action[] = [];
  let last = watch;
  for (let now = from; now < to; now += 250) {
    const [next, action] = look(last, { now, position: position(now), hasFailed }, 1);
    last = next;
    if (action !== "none") {
      actions.push(action);
    }
  }
  return [last, actions];
}

const still = () => 0;
const moving = (now: number) => now / 1_000 + 1;

test("it is opened at once and live as soon as the picture moves", () => {
  const [watch, actions] = play(startWatch(0), [0, 2_000], moving);
  expect(actions).toEqual(["open"]);
  expect(watch.phase).toBe("live");
});

test("a picture that stands is stalled, and live again when it goes on by itself", () => {
  const [live] = play(startWatch(0), [0, 5_000], moving);
  const [stalled, actions] = play(live, [5_000, 9_000], () => moving(4_750));
  expect([stalled.phase, actions]).toEqual(["stalled", []]);
  expect(play(stalled, [9_000, 9_500], moving)[0].phase).toBe("live");
});

test("a jump to the live edge is not yet a moving picture", () => {
  const [watch] = play(startWatch(0), [0, 2_000], (now) => (now < 1_000 ? 0 : 120));
  expect(watch.phase).toBe("connecting");
});

test("a picture that stands for long is opened anew", () => {
  const [live] = play(startWatch(0), [0, 5_000], moving);
  const [watch, actions] = play(live, [5_000, 18_000], () => moving(4_750));
  expect(actions).toEqual(["close", "open"]);
  expect(watch.phase).toBe("stalled");
});

test("a stream that never begins is tried ever more rarely, for ever", () => {
  const [watch, actions] = play(startWatch(0), [0, 600_000], still);
  const tries = actions.filter((action) => action === "open").length;
  expect(tries).toBeGreaterThan(12);
  expect(tries).toBeLessThan(20);
  expect(watch.phase).toBe("connecting");
});

test("a player that gave up is closed and opened after the back-off", () => {
  const [open] = play(startWatch(0), [0, 250], still);
  const [closed, action] = look(open, { now: 250, position: 0, hasFailed: true }, 1);
  expect([action, closed.isOpen, closed.retryAt]).toEqual(["close", false, 1_250]);
  expect(look(closed, { now: 1_200, position: 0, hasFailed: false })[1]).toBe("none");
  expect(look(closed, { now: 1_250, position: 0, hasFailed: false })[1]).toBe("open");
});

test("back-off starts over only after the picture was steady", () => {
  const tried = { ...startWatch(0), tries: 4 };
  expect(play(tried, [0, 5_000], moving)[0].tries).toBe(4);
  expect(play(tried, [0, 15_000], moving)[0].tries).toBe(0);
});

test("delays double up to their bound, half of each by chance", () => {
  expect([0, 1, 2, 3, 4, 5, 60].map((tries) => backoffMs(tries, 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
  expect(backoffMs(5, 0)).toBe(15_000);
});
