// A Chromium that notices everything it should not have seen.

import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

// The console's own development packages serve here too.
const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");

const ARGS = [
  "--no-sandbox",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];

/** How long a picture may take on a busy machine. */
export const PATIENCE_MS = 45_000;

const base = process.env.VEDETTE_URL;
if (!base) {
  throw new Error("VEDETTE_URL must name a running server; `make e2e` sees to that");
}
export const BASE = base.replace(/\/$/, "");

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });

/** An answer of the server's API, asked without the browser. */
export async function api(path) {
  const response = await fetch(`${BASE}${path}`);
  if (!response.ok) {
    throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  }
  return response.json();
}

/** The newest whole segment of a camera, or the one that is being recorded once it has some seconds. */
export async function playableSegment(camera) {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await pause(250)) {
    const { segments } = await api(`/api/recordings/${camera}/segments`);
    const whole = segments.findLast((segment) => segment.duration >= 2);
    const open = segments.find((segment) => Date.now() - Date.parse(segment.start) > 5_000);
    if (whole ?? open) {
      return whole ?? open;
    }
  }
  throw new Error(`nothing of ${camera} was recorded`);
}

/**
 * A page of the console, in a context of its own. `faults` gathers uncaught errors, errors on the console, and
 * violations of the content security policy. A piece of a stream that is not there (any more) is not among them:
 * players ask again, and the tests look at the pictures. Nor is the answer that nobody is signed in.
 * `prepare` is given the page before it goes anywhere.
 */
export async function open(browser, path, { language, theme, width = 1600, height = 900, prepare, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, timezoneId: "Asia/Dubai", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  await context.addInitScript(
    ([chosenLanguage, chosenTheme]) => {
      const keep = (key, value) => value && localStorage.getItem(key) === null && localStorage.setItem(key, value);
      keep("vedette.language", chosenLanguage);
      keep("vedette.theme", chosenTheme);
      addEventListener("securitypolicyviolation", (event) =>
        console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`),
      );
    },
    [language, theme],
  );
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    const { pathname } = new URL(message.location().url || BASE, BASE);
    const isExpected = pathname.startsWith("/live/") || pathname === "/api/me";
    if (message.type() === "error" && !isExpected) {
      faults.push(`console: ${message.text()} (${message.location().url})`);
    }
  });
  await prepare?.(page);
  await page.goto(BASE + path);
  return { page, faults, close: () => context.close() };
}

/** Keeps what a page opens for its live pictures in `connections` and `sockets`, so that a trial can end them. */
export const keepConnections = (page) =>
  page.addInitScript(() => {
    const keep = (name, list) => {
      window[list] = [];
      window[name] = class extends window[name] {
        constructor(...args) {
          super(...args);
          window[list].push(this);
        }
      };
    };
    keep("RTCPeerConnection", "connections");
    keep("WebSocket", "sockets");
  });

/** Waits until every selected video shows pictures that change: its time goes on and its pixels differ. */
export async function waitUntilMoving(page, selector, count) {
  await page.waitForFunction(
    ([videos, wanted]) => {
      const look = (video) => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [64, 48];
        const pen = canvas.getContext("2d", { willReadFrequently: true });
        pen.drawImage(video, 0, 0, 64, 48);
        return pen.getImageData(0, 0, 64, 48).data.join();
      };
      window.firstLooks ??= new WeakMap();
      const moving = [...document.querySelectorAll(videos)].filter((video) => {
        if (video.readyState < 2) {
          return false;
        }
        const first = window.firstLooks.get(video);
        if (first === undefined) {
          window.firstLooks.set(video, { time: video.currentTime, pixels: look(video) });
          return false;
        }
        first.moved ??= video.currentTime > first.time + 0.2 && look(video) !== first.pixels ? true : undefined;
        return first.moved;
      });
      return moving.length >= wanted;
    },
    [selector, count],
    { polling: 250 },
  );
}
