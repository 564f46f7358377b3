// The console without a mouse, and under its content security policy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, BASE, launch, open, playableSegment, waitUntilMoving } from "./browser.mjs";

let browser;
let cameras;
before(async () => {
  browser = await launch();
  ({ cameras } = await api("/api/cameras"));
});
after(() => browser.close());

/** What has the focus: its name, and whether one can see that it has it. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    return {
      name: element.getAttribute("aria-label") ?? element.textContent.trim(),
      camera: element.dataset.camera ?? null,
      segment: element.dataset.segment ?? null,
      isSeen: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2,
    };
  });

/** Presses Tab until `isThere`, and sees to it that each stop has a name and can be seen. */
async function tabUntil(page, isThere) {
  for (let stop = 0; stop < 60; stop += 1) {
    await page.keyboard.press("Tab");
    const focus = await focused(page);
    assert.ok(focus.name, "what has the focus has a name");
    assert.ok(focus.isSeen, `one sees that "${focus.name}" has the focus`);
    if (isThere(focus)) {
      return focus;
    }
  }
  throw new Error("never reached by Tab");
}

test("Tab, arrows and Enter lead from the wall to a recording that plays", async () => {
  const { page, faults, close } = await open(browser, "/", { language: "en" });
  await page.locator(".tile").first().waitFor();
  assert.equal((await tabUntil(page, () => true)).name, "Skip to content");
  await tabUntil(page, ({ name }) => name === "العربية");
  await tabUntil(page, ({ camera }) => camera !== null);
  if (cameras.length > 1) {
    await page.keyboard.press("ArrowRight");
    assert.equal((await focused(page)).camera, cameras[1].id);
    await page.keyboard.press("ArrowLeft");
  }
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/cameras/${cameras[0].id}`);
  const wanted = `${(await playableSegment(cameras[0].id)).id}`;
  await page.locator(`[data-segment="${wanted}"]`).waitFor();
  await tabUntil(page, ({ segment }) => segment === wanted);
  await page.keyboard.press("Enter");
  await waitUntilMoving(page, '.stage[data-state="recording"] video', 1);
  assert.deepEqual(faults, []);
  await close();
});

test("the skip link leads past the header", async () => {
  const { page, close } = await open(browser, "/", { language: "en" });
  await page.locator(".tile").first().waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.activeElement.closest("main") !== null));
  await close();
});

test("the console comes with a content security policy that forbids inline code", async () => {
  const response = await fetch(`${BASE}/`);
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/);
  assert.doesNotMatch(await response.text(), /<style|\sstyle=|<script(?![^>]*\ssrc=)/);
});
