// Low latency in a real Chromium: LL-HLS by hls.js and by Chromium's own player, and sixteen streams over one
// WebSocket. How far behind live each is, is printed.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { BASE, PATIENCE_MS, api, launch } from "./browser.mjs";

const HLS_JS = createRequire(new URL("../../web/package.json", import.meta.url)).resolve("hls.js/dist/hls.js");

let browser;
let camera;
before(async () => {
  browser = await launch();
  const { cameras } = await api("/api/cameras");
  camera = cameras.find((one) => one.status === "online").id;
});
after(() => browser.close());

/** A page of the server's own origin on which anything may run. */
async function blank() {
  const context = await browser.newContext({ bypassCSP: true });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(`${BASE}/health`);
  await page.setContent("<body></body>");
  return page;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

test("hls.js plays less than two seconds behind live", async () => {
  const page = await blank();
  await page.addScriptTag({ path: HLS_JS });
  const { first, behind, stalls, errors } = await page.evaluate(async (path) => {
    const video = document.createElement("video");
    video.muted = true;
    document.body.append(video);
    const began = performance.now();
    const hls = new Hls({ lowLatencyMode: true });
    const errors = [];
    let stalls = 0;
    hls.on(Hls.Events.ERROR, (_, { type, details, fatal }) => {
      stalls += details === "bufferStalledError";
      errors.push(`${type} ${details}${fatal ? " fatal" : ""}`);
    });
    hls.loadSource(path);
    hls.attachMedia(video);
    await video.play();
    const first = performance.now() - began;
    const behind = [];
    for (let n = 0; n < 20; n++) {
      await new Promise((then) => setTimeout(then, 500));
      behind.push((Date.now() - hls.playingDate.getTime()) / 1000);
    }
    hls.destroy();
    return { first, behind: behind.slice(6), stalls, errors };
  }, `/live/${camera}/index.m3u8`);
  console.log(`hls.js: first picture ${first.toFixed(0)} ms, behind live ${median(behind).toFixed(2)} s, stalls ${stalls}`);
  assert.ok(median(behind) < 2, `behind live by ${behind}`);
  assert.ok(!errors.some((error) => error.endsWith("fatal")), errors.join());
  await page.context().close();
});

test("Chromium's own player plays", async () => {
  const page = await blank();
  const { first, played } = await page.evaluate(async (path) => {
    const video = document.createElement("video");
    video.muted = true;
    if (!video.canPlayType("application/vnd.apple.mpegurl")) {
      return {};
    }
    document.body.append(video);
    const began = performance.now();
    video.src = path;
    await video.play();
    const [first, from] = [performance.now() - began, video.currentTime];
    await new Promise((then) => setTimeout(then, 5_000));
    return { first, played: video.currentTime - from };
  }, `/live/${camera}/index.m3u8`);
  if (first === undefined) {
    console.log("SKIPPED: this Chromium has no player of HLS");
  } else {
    console.log(`Chromium's own player: first picture ${first.toFixed(0)} ms`);
    assert.ok(played > 3, `${played} s in 5 s`);
  }
  await page.context().close();
});

test("sixteen streams play over one WebSocket", async () => {
  const page = await blank();
  const { firsts, ages, frames, errors } = await page.evaluate(async ([path, count]) => {
    const errors = [];
    const tiles = new Map();
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/live/ws`);
    socket.binaryType = "arraybuffer";
    const began = performance.now();
    const fill = (tile) => {
      while (tile.queue.length && tile.buffer && !tile.buffer.updating) {
        tile.buffer.appendBuffer(tile.queue.shift());
      }
    };
    const describe = (tile, { mime }) => {
      const source = new MediaSource();
      source.addEventListener("sourceopen", () => {
        tile.buffer = source.addSourceBuffer(mime);
        tile.buffer.addEventListener("updateend", () => {
          const { video } = tile;
          const buffered = video.buffered;
          if (buffered.length && buffered.end(buffered.length - 1) - video.currentTime > 0.5) {
            video.currentTime = buffered.end(buffered.length - 1) - 0.05;
          }
          fill(tile);
        });
        fill(tile);
      });
      tile.video.src = URL.createObjectURL(source);
    };
    const ages = [];
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") {
        const { id, init, error } = JSON.parse(data);
        if (init) describe(tiles.get(id), init);
        if (error) errors.push(JSON.stringify(error));
        return;
      }
      const view = new DataView(data);
      const [id, kind] = [view.getUint32(0), view.getUint8(4)];
      if (kind > 0) ages.push(Date.now() - Number(view.getBigUint64(8)) / 1000);
      const tile = tiles.get(id);
      tile.queue.push(data.slice(16));
      fill(tile);
    };
    await new Promise((then) => (socket.onopen = then));
    for (let id = 0; id < count; id++) {
      const video = document.createElement("video");
      video.muted = true;
      video.autoplay = true;
      video.width = 200;
      document.body.append(video);
      const tile = { video, queue: [], first: new Promise((then) => video.addEventListener("loadeddata", () => then(performance.now() - began))) };
      tiles.set(id, tile);
      socket.send(JSON.stringify({ subscribe: { id, path } }));
    }
    const firsts = await Promise.all([...tiles.values()].map((tile) => tile.first));
    const shown = () => [...tiles.values()].map(({ video }) => video.getVideoPlaybackQuality().totalVideoFrames);
    ages.length = 0;
    const before = shown();
    await new Promise((then) => setTimeout(then, 4_000));
    const frames = shown().map((count, at) => count - before[at]);
    socket.close();
    return { firsts, ages, frames, errors };
  }, [camera, 16]);
  console.log(
    `WebSocket: first pictures ${Math.min(...firsts).toFixed(0)} to ${Math.max(...firsts).toFixed(0)} ms, ` +
      `parts ${median(ages).toFixed(0)} ms old when they come, frames in 4 s ${Math.min(...frames)} to ${Math.max(...frames)}`,
  );
  assert.deepEqual(errors, []);
  assert.ok(Math.min(...frames) > 20, `${frames}`);
  await page.context().close();
});
