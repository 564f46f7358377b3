// The console of a running server (VEDETTE_URL) in Chromium, as its users meet it.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const base = process.env.VEDETTE_URL;
const pictures = new URL("../../docs/images/", import.meta.url).pathname;
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

let browser;
let page;
const complaints = [];

before(async () => {
  assert.ok(base, "VEDETTE_URL names the server");
  mkdirSync(pictures, { recursive: true });
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGUMENTS });
  page = await browser.newPage({ viewport: { width: 1280, height: 1010 }, locale: "en-GB" });
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
});

after(async () => {
  await browser?.close();
});

/** What a video shows now, as a few numbers. */
const look = (selector) =>
  page.evaluate((selector) => {
    const video = document.querySelector(selector);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [32, 24];
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0, 32, 24);
    return context.getImageData(0, 0, 32, 24).data.join();
  }, selector);

test("the wall shows four cameras that move", async () => {
  await page.goto(base);
  const live = () => document.querySelectorAll('.tile[data-state="live"]').length === 4;
  await page.waitForFunction(live, null, { timeout: 40_000 });
  const first = await look(".tile video");
  const moved = await page.waitForFunction(
    (first) => {
      const video = document.querySelector(".tile video");
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [32, 24];
      const context = canvas.getContext("2d");
      context.drawImage(video, 0, 0, 32, 24);
      return context.getImageData(0, 0, 32, 24).data.join() !== first;
    },
    first,
    { timeout: 10_000 },
  );
  assert.ok(moved);
  const names = await page.locator(".tile .caption a").allTextContents();
  assert.deepEqual(names, ["North gate", "Loading dock", "Car park", "Main hall"]);
  assert.match(await page.locator(".toolbar").textContent(), /4 of 4 cameras online/);
  await page.screenshot({ path: `${pictures}console.png` });
});

test("a camera's page lists recordings and plays one", async () => {
  await page.getByRole("link", { name: "Open Loading dock" }).click();
  await page.waitForSelector('.recordings tr[data-state="CREATED"]', { timeout: 30_000 });
  assert.match(await page.locator(".facts").textContent(), /640×480/);
  await page.locator('.recordings tr[data-state="CREATED"] button').first().click();
  const plays = () => (document.querySelector("video.recording")?.currentTime ?? 0) > 1;
  await page.waitForFunction(plays, null, { timeout: 15_000 });
  const duration = await page.evaluate(() => document.querySelector("video.recording").duration);
  assert.ok(duration > 1 && duration < 8, `${duration} s`);
});

test("Arabic mirrors the page and every word is Arabic", async () => {
  await page.getByRole("button", { name: "Switch to Arabic" }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dir), "rtl");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "ar");
  assert.match(await page.locator("h2").first().textContent(), /التسجيلات/);
  const [side, screen] = [await page.locator(".side").boundingBox(), await page.locator(".screen").boundingBox()];
  assert.ok(side.x < screen.x, "the side column has changed sides");
  await page.screenshot({ path: `${pictures}camera-ar.png` });
  await page.goto(base);
  await page.waitForSelector(".tile");
  assert.match(await page.locator("h1").textContent(), /جدار البث المباشر/);
});

test("every control is reached by keyboard", async () => {
  await page.evaluate(() => document.activeElement?.blur());
  const reached = new Set();
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 120) ?? "");
    reached.add(name);
  }
  const controls = await page.evaluate(
    () => document.querySelectorAll("main button:enabled, main a[href], header button").length,
  );
  assert.ok(reached.size >= controls, `${reached.size} of ${controls} controls`);
});

test("a page that is none says so, and nothing complains", async () => {
  await page.goto(`${base}/nowhere`);
  await page.waitForSelector(".notice");
  assert.deepEqual(complaints, []);
});
