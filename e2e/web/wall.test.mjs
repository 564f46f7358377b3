// The live wall, against a running server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, keepConnections, launch, open, waitUntilMoving } from "./browser.mjs";

let browser;
let cameras;
before(async () => {
  browser = await launch();
  ({ cameras } = await api("/api/cameras"));
  assert.ok(cameras.length > 0, "the server has cameras");
});
after(() => browser.close());

const online = () => cameras.filter((camera) => camera.status === "online");
const live = '.tile[data-state="live"] video';

test("the wall shows every camera with its name and state, and the pictures move", async () => {
  const { page, faults, close } = await open(browser, "/", { language: "en" });
  const shown = cameras.slice(0, 16);
  await page.locator(".tile").nth(shown.length - 1).waitFor();
  assert.deepEqual(await page.locator(".tile-name").allInnerTexts(), shown.map((camera) => camera.name));
  const moving = online().filter((camera) => shown.includes(camera)).length;
  await waitUntilMoving(page, live, moving);
  for (const camera of online().filter((one) => shown.includes(one))) {
    const tile = page.locator(`.tile[data-camera="${camera.id}"]`);
    await tile.locator(".status", { hasText: "Live" }).waitFor();
    await tile.locator("time").waitFor();
    assert.equal(await tile.getAttribute("aria-label"), `${camera.name}: Live`);
  }
  assert.deepEqual(faults, []);
  await close();
});

test("the shown time of a picture is that of the wall clock, a few seconds ago", async () => {
  const { page, close } = await open(browser, "/", { language: "en" });
  const time = page.locator('.tile[data-state="live"] time').first();
  await time.waitFor();
  const shown = Date.parse(await time.getAttribute("datetime"));
  const behind = (Date.now() - shown) / 1_000;
  assert.ok(behind > 0 && behind < 20, `${behind} s behind`);
  await close();
});

test("a layout is chosen, kept, and turned page by page", async () => {
  const { page, faults, close } = await open(browser, "/", { language: "en" });
  await page.getByRole("button", { name: "1 camera at once" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".tile").length === 1);
  if (cameras.length > 1) {
    await page.getByRole("button", { name: "Next page" }).click();
    await page.locator(`.tile[data-camera="${cameras[1].id}"]`).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("page"), "2");
  }
  await page.reload();
  await page.locator(".tile").waitFor();
  assert.equal(await page.locator(".tile").count(), 1);
  assert.deepEqual(faults, []);
  await close();
});

test("Arabic is mirrored, and remembered", async () => {
  const { page, faults, close } = await open(browser, "/", { language: "en" });
  const left = async (selector) => (await page.locator(selector).first().boundingBox()).x;
  await page.locator(".tile").first().waitFor();
  const brandInEnglish = await left(".brand");
  await page.getByRole("button", { name: "العربية" }).click();
  await page.waitForFunction(() => document.documentElement.dir === "rtl" && document.documentElement.lang === "ar");
  assert.ok(brandInEnglish < 100 && (await left(".brand")) > 1_000, "the brand stands at the other side");
  assert.ok((await left(".toolbar-end")) < 100, "so do the tools");
  if (cameras.length > 1) {
    const boxes = await Promise.all([0, 1].map((index) => page.locator(".tile").nth(index).boundingBox()));
    assert.ok(boxes[0].x > boxes[1].x, "the first camera is the rightmost");
  }
  const words = await page.locator(".nav-link, .summary strong, .tile .status-word").allInnerTexts();
  assert.deepEqual(words.filter((text) => !/\p{Script=Arabic}/u.test(text)), []);
  assert.match(await page.title(), /\p{Script=Arabic}/u);
  await page.reload();
  await page.locator(".tile").first().waitFor();
  assert.equal(await page.locator("html").getAttribute("dir"), "rtl");
  assert.deepEqual(faults, []);
  await close();
});

test("a browser that prefers Arabic gets it without asking", async () => {
  const { page, close } = await open(browser, "/", { locale: "ar-AE" });
  await page.waitForFunction(() => document.documentElement.dir === "rtl");
  await close();
});

test("light and dark follow the choice", async () => {
  const { page, faults, close } = await open(browser, "/", { language: "en", colorScheme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.locator(".toolbar").waitFor();
  const wall = await ground();
  await page.getByRole("button", { name: /^Appearance/ }).click();
  assert.equal(await ground(), wall, "a wall is dark by itself");
  await page.getByRole("button", { name: /^Appearance/ }).click();
  assert.notEqual(await ground(), wall);
  assert.deepEqual(faults, []);
  await close();
});

test("tiles that are out of sight do not play, and begin when they are scrolled to", async (t) => {
  if (online().length < 6) {
    t.skip(`SKIPPED: needs six cameras online, there are ${online().length}`);
    return;
  }
  const { page, faults, close } = await open(browser, "/", { language: "en", width: 390, height: 700 });
  await page.locator('.tile[data-state="live"]').first().waitFor();
  const last = page.locator(`.tile[data-camera="${online().at(-1).id}"]`);
  assert.equal(await last.getAttribute("data-state"), "paused");
  await last.scrollIntoViewIfNeeded();
  await page.waitForFunction((id) => document.querySelector(`.tile[data-camera="${id}"]`).dataset.state === "live", online().at(-1).id);
  await page.waitForFunction(() => document.querySelector(".tile").dataset.state === "paused");
  assert.deepEqual(faults, []);
  await close();
});

test("a picture that is cut off says so and comes back by itself", async () => {
  let isCut = false;
  const prepare = async (page) => {
    await keepConnections(page);
    await page.routeWebSocket("**/live/ws", (socket) => (isCut ? socket.close() : socket.connectToServer()));
  };
  const { page, close } = await open(browser, "/", { language: "en", prepare });
  const id = online()[0].id;
  const inState = (state) =>
    page.waitForFunction(
      ([camera, wanted]) => document.querySelector(`.tile[data-camera="${camera}"]`).dataset.state === wanted,
      [id, state],
    );
  await page.locator(`.tile[data-camera="${id}"]`).waitFor();
  await inState("live");
  isCut = true;
  const ways = ["**/whep", "**/snapshot.jpg"];
  await Promise.all(ways.map((way) => page.route(way, (route) => route.abort())));
  await page.evaluate(() => window.connections.map((connection) => connection.close()));
  await inState("stalled");
  isCut = false;
  await Promise.all(ways.map((way) => page.unroute(way)));
  await inState("live");
  await close();
});

test("a server out of reach is said once, the pictures stay, and it ends by itself", async () => {
  const { page, close } = await open(browser, "/", { language: "en" });
  await page.locator(".tile").first().waitFor();
  await page.route("**/api/cameras*", (route) => route.abort());
  await page.getByRole("alert").filter({ hasText: "The server does not answer" }).waitFor();
  assert.ok((await page.locator(".tile").count()) > 0);
  await page.unroute("**/api/cameras*");
  await page.getByRole("alert").waitFor({ state: "detached" });
  await close();
});
