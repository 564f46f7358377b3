// Chromium as several players on one page, until it is ended: `node players.mjs NAME=KIND=URL ...`.
// KIND: `hlsjs`, `own` (Chromium's player of HLS) or `whep`. VEDETTE_URL names the server whose origin the page has.
// Prints four times a second `NAME frame=N` and `NAME freeze_ms=N`: the pictures shown so far and the longest time
// between two of them once five seconds have passed; and a line for whatever a player or the page complains of.

import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { BASE, PATIENCE_MS, launch } from "./browser.mjs";

const HLS_JS = createRequire(new URL("../../web/package.json", import.meta.url)).resolve("hls.js/dist/hls.js");
const players = process.argv.slice(2).map((word) => {
  const [name, kind, ...url] = word.split("=");
  return { name, kind, url: url.join("=") };
});

const say = (text) => process.stdout.write(`${text}\n`);
const browser = await launch();
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => browser.close().then(() => process.exit(0)));
}
const context = await browser.newContext({ bypassCSP: true });
context.setDefaultTimeout(PATIENCE_MS);
const page = await context.newPage();
// A browser asks for an icon by itself.
await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
await page.goto(`${BASE}/health`);
await page.setContent("<body></body>");
page.on("pageerror", (error) => say(`uncaught: ${error.message}`));
page.on("console", (message) => {
  if (message.type() === "error" || message.type() === "warning") {
    say(`console: ${message.text()} ${message.location().url}`);
  }
});
await page.addScriptTag({ path: HLS_JS });
await page.evaluate((all) => {
  window.complaints = [];
  window.tallies = {};
  const complain = (name, text) => window.complaints.push(`${name}: ${text}`);

  const kinds = {
    hlsjs(name, url, video) {
      const hls = new Hls({ lowLatencyMode: true });
      hls.on(Hls.Events.ERROR, (_, { type, details, fatal, error, response }) =>
        complain(name, `${type} ${details}${fatal ? " fatal" : ""} ${error?.message ?? ""} ${response?.code ?? ""}`),
      );
      hls.loadSource(url);
      hls.attachMedia(video);
    },
    own(name, url, video) {
      video.src = url;
    },
    async whep(name, url, video) {
      const peer = new RTCPeerConnection();
      const media = new MediaStream();
      video.srcObject = media;
      peer.ontrack = ({ track }) => media.addTrack(track);
      peer.onconnectionstatechange = () => {
        if (!["connecting", "connected"].includes(peer.connectionState)) {
          complain(name, `the connection is ${peer.connectionState}`);
        }
      };
      peer.addTransceiver("video", { direction: "recvonly" });
      peer.addTransceiver("audio", { direction: "recvonly" });
      await peer.setLocalDescription();
      const headers = { "content-type": "application/sdp" };
      const answer = await fetch(url, { method: "POST", headers, body: peer.localDescription.sdp });
      const sdp = await answer.text();
      if (answer.status !== 201) {
        return complain(name, `${answer.status} ${sdp}`);
      }
      await peer.setRemoteDescription({ type: "answer", sdp });
    },
  };

  const count = (name, video) => {
    const tally = { frames: 0, freeze: 0, first: 0, last: 0 };
    window.tallies[name] = tally;
    const take = (now) => {
      tally.first ||= now;
      if (tally.last && now - tally.first > 5_000) {
        tally.freeze = Math.max(tally.freeze, now - tally.last);
      }
      tally.last = now;
      tally.frames += 1;
      video.requestVideoFrameCallback(take);
    };
    video.requestVideoFrameCallback(take);
  };

  for (const { name, kind, url } of all) {
    const video = document.createElement("video");
    [video.muted, video.autoplay, video.width] = [true, true, 200];
    video.onerror = () => complain(name, `${video.error?.message}`);
    document.body.append(video);
    count(name, video);
    kinds[kind](name, url, video);
  }
}, players);

while (browser.isConnected()) {
  const { tallies, complaints } = await page.evaluate(() => ({
    tallies: Object.entries(window.tallies).map(([name, { frames, freeze, first, last }]) => {
      const since = last - first > 5_000 ? performance.now() - last : 0;
      return { name, frames, freeze: Math.round(Math.max(freeze, since)) };
    }),
    complaints: window.complaints.splice(0),
  })).catch(() => process.exit(0));
  complaints.forEach(say);
  for (const { name, frames, freeze } of tallies) {
    say(`${name} frame=${frames}`);
    say(`${name} freeze_ms=${freeze}`);
  }
  await pause(250);
}
