// How live pictures come: the steps of the ladder, why one is skipped, and the page that checks a connection.
// Against a running server with WebRTC and the live socket.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, keepConnections, launch, open, PATIENCE_MS, waitUntilMoving } from "./browser.mjs";

let browser;
let online;
before(async () => {
  browser = await launch();
  const { cameras } = await api("/api/cameras");
  online = cameras.slice(0, 16).filter((camera) => camera.status === "online");
  assert.ok(online.length > 0, "a camera is online");
});
after(() => browser.close());

const refuseOffers = (page) => page.route("**/whep", (route) => route.fulfill({ status: 400, body: "" }));
const refuseSockets = (page) => page.routeWebSocket("**/live/ws", (socket) => socket.close());

const tiles = (step) => `.tile[data-state="live"][data-step="${step}"]`;

/** Notes when the first picture of each video is there, and what it was asked for by. */
const timePictures = (page) =>
  page.addInitScript(() => {
    window.firstPictures = new Map();
    const look = () => {
      for (const video of document.querySelectorAll(".tile video")) {
        const id = video.closest(".tile").dataset.camera;
        if (!window.firstPictures.has(id) && video.getVideoPlaybackQuality().totalVideoFrames > 0) {
          window.firstPictures.set(id, performance.now());
        }
      }
      requestAnimationFrame(look);
    };
    addEventListener("DOMContentLoaded", look);
  });

/** Prints how long first pictures took after their offers, or after the page asked for its cameras, and how far behind all are. */
async function tellTimes(t, page, step) {
  const [took, behind] = await page.evaluate(() => {
    const entries = performance.getEntriesByType("resource");
    const asked = (id) => entries.find(({ name }) => name.endsWith(`/live/${id}/whep`) && !name.includes("session"));
    const listed = entries.find(({ name }) => name.includes("/api/cameras"))?.responseEnd ?? 0;
    const times = [...window.firstPictures].map(([id, at]) => at - (asked(id)?.startTime ?? listed));
    const words = [...document.querySelectorAll(".way-latency")].map((one) => Number.parseFloat(one.textContent));
    return [times.map(Math.round).sort((a, b) => a - b), words.sort((a, b) => a - b)];
  });
  const of = (list) => `median ${list[Math.floor(list.length / 2)]}, worst ${list.at(-1)}`;
  t.diagnostic(`${step}: ${took.length} tiles, first picture ms: ${of(took)}; behind s: ${of(behind)}`);
  assert.ok(behind.length > 0, "latency is told");
  assert.ok(behind.at(-1) < 5, `${behind.at(-1)} s behind`);
}

test("every tile comes by WebRTC and says how far behind it is", async (t) => {
  const { page, faults, close } = await open(browser, "/", { language: "en", prepare: timePictures });
  await waitUntilMoving(page, `${tiles("webrtc")} video`, online.length);
  await page.locator(".way-latency").nth(online.length - 1).waitFor();
  await tellTimes(t, page, "webrtc");
  const way = page.locator('.way[data-step="webrtc"]').first();
  assert.match(await way.getAttribute("aria-label"), /WebRTC/);
  assert.deepEqual(faults, []);
  await close();
});

test("tiles that are left end their sessions", async () => {
  const ended = new Set();
  const { page, close } = await open(browser, "/", { language: "en" });
  page.on("request", (request) => request.method() === "DELETE" && ended.add(request.url()));
  await waitUntilMoving(page, `${tiles("webrtc")} video`, online.length);
  await page.locator(".tile").first().click();
  await page.locator('.stage[data-state="live"]').waitFor();
  assert.equal(ended.size, online.length);
  await close();
});

test("where offers are refused, all tiles share one socket, and say why", async (t) => {
  const prepare = async (page) => {
    await timePictures(page);
    await keepConnections(page);
    await refuseOffers(page);
  };
  const { page, faults, close } = await open(browser, "/", { language: "en", prepare });
  await waitUntilMoving(page, `${tiles("socket")} video`, online.length);
  await page.locator(".way-latency").nth(online.length - 1).waitFor();
  await tellTimes(t, page, "socket");
  assert.equal(await page.evaluate(() => window.sockets.length), 1);
  // Without a mouse: the button after the tile, its reasons, and the way out.
  await page.locator(".tile").first().focus();
  await page.keyboard.press("Tab");
  while ((await page.evaluate(() => document.activeElement.classList.contains("way"))) === false) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  const details = page.locator(".way-details:popover-open");
  await details.locator('[data-reason="offer_refused"]').waitFor();
  assert.match(await details.innerText(), /Why not WebRTC\?/);
  await page.keyboard.press("Escape");
  await details.waitFor({ state: "detached" });
  assert.deepEqual(faults, []);
  await close();
});

test("a way that was closed is taken again by itself once it is open, without a break of the picture", async () => {
  const { page, close } = await open(browser, "/", { language: "en", prepare: refuseOffers });
  await waitUntilMoving(page, `${tiles("socket")} video`, online.length);
  await page.unroute("**/whep");
  await page.evaluate(() => {
    window.states = new Set();
    new MutationObserver((seen) => {
      for (const { target } of seen) {
        window.states.add(target.dataset.state);
      }
    }).observe(document.querySelector(".grid"), { attributeFilter: ["data-state"], subtree: true });
  });
  await waitUntilMoving(page, `${tiles("webrtc")} video`, online.length);
  assert.deepEqual(await page.evaluate(() => [...window.states]), []);
  await close();
});

test("where neither goes, single pictures come, and both reasons are told", async () => {
  const prepare = async (page) => {
    await refuseOffers(page);
    await refuseSockets(page);
  };
  const { page, faults, close } = await open(browser, "/", { language: "en", prepare });
  const [{ id }] = online;
  const tile = page.locator(`.tile[data-camera="${id}"][data-state="live"][data-step="snapshot"]`);
  await tile.waitFor();
  const picture = () => tile.locator("img").evaluate((image) => (image.naturalWidth > 0 ? image.src : ""));
  const first = await picture();
  assert.match(first, /^blob:/);
  await page.waitForFunction(
    ([camera, before]) => document.querySelector(`.tile[data-camera="${camera}"] img`).src !== before,
    [id, first],
  );
  await page.locator(".way").first().click();
  const reasons = page.locator(".way-details:popover-open [data-reason]");
  const told = await reasons.evaluateAll((all) => all.map((one) => one.dataset.reason));
  assert.deepEqual(told, ["offer_refused", "socket_closed"]);
  assert.deepEqual(faults, []);
  await close();
});

test("in Arabic, the way and its reasons are told in Arabic, mirrored", async () => {
  const { page, faults, close } = await open(browser, "/", { language: "ar", prepare: refuseOffers });
  await waitUntilMoving(page, `${tiles("socket")} video`, online.length);
  const [tile, way] = await Promise.all(
    [".grid > li", ".way"].map((selector) => page.locator(selector).first().boundingBox()),
  );
  assert.ok(way.x - tile.x < 12, "the way stands at the left");
  await page.locator(".way").first().click();
  const details = page.locator(".way-details:popover-open");
  const words = await details.locator("h2, p, dt, dd, a").allInnerTexts();
  assert.deepEqual(words.filter((text) => !/\p{Script=Arabic}/u.test(text)), []);
  assert.deepEqual(faults, []);
  await close();
});

const checked = (page) =>
  page.locator("[data-check]").evaluateAll((all) => all.map(({ dataset }) => [dataset.check, dataset.state]));
const verdict = (page, wanted) => page.locator(`[data-verdict="${wanted}"]`).waitFor({ timeout: PATIENCE_MS });

test("the check of a connection that works says so at each step, and can be copied", async () => {
  const path = `/cameras/${online[0].id}/connect`;
  const permissions = ["clipboard-read", "clipboard-write"];
  const { page, faults, close } = await open(browser, path, { language: "en", permissions });
  await verdict(page, "ok");
  const steps = Object.fromEntries(await checked(page));
  for (const step of ["signalling", "candidates", "udp", "dtls", "codec", "media"]) {
    assert.equal(steps[step], "ok", step);
  }
  await page.locator('[data-chosen="webrtc"]').waitFor();
  await page.getByRole("button", { name: "Copy the report" }).click();
  await page.getByText("Copied.").waitFor();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(report, /^vedette connect-check .+\n[\s\S]*\nmedia: ok /);
  assert.deepEqual(faults, []);
  await close();
});

test("the check names the step that fails, and what is shown instead, in both languages", async () => {
  const path = `/cameras/${online[0].id}/connect`;
  for (const language of ["en", "ar"]) {
    const { page, faults, close } = await open(browser, path, { language, prepare: refuseOffers });
    await verdict(page, "failed");
    assert.deepEqual((await checked(page))[0], ["signalling", "failed"]);
    await page.locator('[data-chosen="socket"]').waitFor();
    if (language === "ar") {
      const words = await page.locator(".connect-step p, .connect-step .status, h1, h2, dt, dd").allInnerTexts();
      assert.deepEqual(words.filter((text) => !/\p{Script=Arabic}/u.test(text)), []);
    }
    assert.deepEqual(faults, []);
    await close();
  }
});

test("a check finds a network that lets no media through", async () => {
  const path = `/cameras/${online[0].id}/connect`;
  // Answers whose addresses lead nowhere are what a firewall looks like from here.
  const prepare = (page) =>
    page.route("**/whep", async (route) => {
      if (route.request().method() !== "POST") {
        return route.continue();
      }
      const response = await route.fetch();
      const body = (await response.text()).replace(/^(a=candidate:\S+ \d+ \w+ \d+) \S+ \d+/gm, "$1 192.0.2.1 9");
      return route.fulfill({ response, body });
    });
  const { page, faults, close } = await open(browser, path, { language: "en", prepare });
  await verdict(page, "failed");
  const steps = Object.fromEntries(await checked(page));
  assert.deepEqual([steps.signalling, steps.udp], ["ok", "failed"]);
  assert.deepEqual(faults, []);
  await close();
});
