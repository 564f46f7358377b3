// A camera's page, against a running server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, launch, open, playableSegment, waitUntilMoving } from "./browser.mjs";

let browser;
let camera;
before(async () => {
  browser = await launch();
  const { cameras } = await api("/api/cameras");
  camera = cameras.find((one) => one.status === "online");
  assert.ok(camera, "a camera is online");
});
after(() => browser.close());

const page_of = () => `/cameras/${camera.id}`;

test("a camera's page shows its live picture and what is known of it", async () => {
  const { page, faults, close } = await open(browser, page_of(), { language: "en" });
  await page.getByRole("heading", { level: 1, name: camera.name }).waitFor();
  await waitUntilMoving(page, ".stage video", 1);
  await page.locator(".stage-strip .status", { hasText: "Live" }).waitFor();
  const main = page.locator('[data-stream="main"]');
  const { width, height } = (await api(`/api/cameras/${camera.id}`)).streams[0];
  assert.match(await main.innerText(), new RegExp(`${width} × ${height}`));
  assert.match(await main.innerText(), /H\.264/);
  assert.match(await main.innerText(), /fps/);
  assert.deepEqual(faults, []);
  await close();
});

test("its recordings are listed, and the chosen one plays for as long as it lasts", async () => {
  const segment = await playableSegment(camera.id);
  const { page, faults, close } = await open(browser, page_of(), { language: "en" });
  const row = page.locator(`[data-segment="${segment.id}"]`);
  await row.waitFor();
  const start = new Date(segment.start).toLocaleTimeString("en-GB", { timeZone: "Asia/Dubai" });
  assert.ok((await row.innerText()).includes(start), "its time is that of the viewer's zone");
  await row.click();
  await waitUntilMoving(page, '.stage[data-state="recording"] video', 1);
  const duration = await page.locator(".stage video").evaluate((video) => video.duration);
  const expected = segment.duration ?? (Date.now() - Date.parse(segment.start)) / 1_000;
  const tolerance = segment.duration === null ? 4 : 0.1;
  assert.ok(Math.abs(duration - expected) <= tolerance, `plays ${duration} s of ${expected} s`);
  assert.equal(await row.getAttribute("aria-current"), "true");
  await page.getByRole("button", { name: "Back to live" }).click();
  await waitUntilMoving(page, '.stage[data-state="live"] video', 1);
  assert.deepEqual(faults, []);
  await close();
});

test("coverage is drawn and said, gaps with their reasons in words", async () => {
  const { page, faults, close } = await open(browser, page_of(), { language: "en" });
  const bar = page.locator(".coverage-bar");
  await bar.waitFor();
  assert.match(await bar.getAttribute("aria-label"), /^Recorded .+, (no gaps|\d+ gaps?)$/);
  assert.ok((await page.locator(".coverage-recorded").count()) > 0);
  for (const reason of await page.locator(".gap-reason").allInnerTexts()) {
    assert.doesNotMatch(reason, /_|Reason unknown/);
  }
  assert.deepEqual(faults, []);
  await close();
});

test("a click on the coverage plays from that moment", async () => {
  const { page, faults, close } = await open(browser, page_of(), { language: "en" });
  const span = page.locator(".coverage-recorded").last();
  await span.waitFor();
  await span.click();
  await waitUntilMoving(page, '.stage[data-state="recording"] video', 1);
  assert.deepEqual(faults, []);
  await close();
});

test("a day without recordings says what to do", async () => {
  const { page, faults, close } = await open(browser, page_of(), { language: "en" });
  for (let day = 0; day < 3; day += 1) {
    await page.getByRole("button", { name: "Previous day" }).click();
  }
  await page.getByRole("heading", { name: "Nothing recorded in this period" }).waitFor();
  assert.deepEqual(faults, []);
  await close();
});

test("in Arabic, words are Arabic and the page is mirrored", async () => {
  const { page, faults, close } = await open(browser, page_of(), { language: "ar" });
  await page.locator("[data-segment]").first().waitFor();
  const stage = await page.locator(".stage").boundingBox();
  const recordings = await page.locator(".recordings").boundingBox();
  assert.ok(stage.x > recordings.x, "the picture is at the right, the list at the left");
  const words = await page.locator("h2, h3, dt, .period .button, .back").allInnerTexts();
  assert.deepEqual(words.filter((text) => text !== "" && !/\p{Script=Arabic}/u.test(text)), []);
  const labels = await page.locator("[aria-label]").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  assert.deepEqual(labels.filter((text) => !/\p{Script=Arabic}/u.test(text)), []);
  assert.deepEqual(faults, []);
  await close();
});

test("an unknown camera is told in the viewer's language, with the request's id", async () => {
  for (const [language, words] of [
    ["en", /There is no camera nowhere/],
    ["ar", /لا توجد كاميرا/],
  ]) {
    const { page, close } = await open(browser, "/cameras/nowhere", { language });
    const notice = page.getByRole("alert");
    await notice.waitFor();
    assert.match(await notice.innerText(), words);
    assert.match(await notice.locator(".code").innerText(), /^[\da-f]{8}-[\da-f-]{27}$/);
    await close();
  }
});
