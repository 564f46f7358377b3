// Streams that not every way carries, against a server with the cameras `hevc` (with an H.264 sub stream),
// `b-frames`, `aac` and `opus`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, launch, open, waitUntilMoving } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
  const { cameras } = await api("/api/cameras");
  assert.deepEqual(cameras.map(({ id }) => id).sort(), ["aac", "b-frames", "hevc", "opus"]);
});
after(() => browser.close());

/** A camera's page once its picture moves, with what it tells of the way. */
async function shown(camera, language = "en") {
  const { page, faults, close } = await open(browser, `/cameras/${camera}`, { language });
  await waitUntilMoving(page, '.stage[data-state="live"] video', 1);
  const step = await page.locator(".stage").getAttribute("data-step");
  await page.locator(".way").click();
  const details = page.locator(".way-details:popover-open");
  const reasons = await details
    .locator("[data-reason]")
    .evaluateAll((all) => all.map(({ dataset }) => dataset.reason));
  const words = await details.innerText();
  const hasSound = (await page.getByRole("button", { name: /^(Sound|صوت)/ }).count()) > 0;
  assert.deepEqual(faults, []);
  await close();
  return { step, reasons, words, hasSound };
}

test("a browser that cannot decode H.265 gets the sub stream, and is told", async (t) => {
  const { step, reasons, words } = await shown("hevc");
  if (reasons.length === 0) {
    t.skip("SKIPPED: this browser decodes H.265");
    return;
  }
  assert.equal(step, "webrtc");
  assert.deepEqual([...new Set(reasons)], ["h265_not_decodable"]);
  assert.match(words, /The sub stream is shown/);
  assert.match((await shown("hevc", "ar")).words, /يُعرض البث الفرعي/);
});

test("B-frames come in parts, and the viewer is told why not by WebRTC", async () => {
  const { step, reasons, words } = await shown("b-frames");
  assert.deepEqual([step, reasons], ["socket", ["b_frames"]]);
  assert.match(words, /B-frames/);
});

test("AAC is left out over WebRTC, and the viewer is told", async () => {
  const { step, words, hasSound } = await shown("aac");
  assert.deepEqual([step, hasSound], ["webrtc", false]);
  assert.match(words, /Left out on this way: AAC/);
});

test("Opus comes along over WebRTC, without being heard until it is switched on", async () => {
  assert.deepEqual((({ step, hasSound }) => [step, hasSound])(await shown("opus")), ["webrtc", true]);
  const { page, close } = await open(browser, "/cameras/opus", { language: "en" });
  const sound = page.getByRole("button", { name: /^Sound/ });
  await sound.waitFor();
  const muted = () => page.locator(".stage video").evaluate((video) => video.muted);
  assert.equal(await muted(), true);
  await sound.click();
  assert.equal(await muted(), false);
  await close();
});
