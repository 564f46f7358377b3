// Pictures of both languages, for people to look at, and the one of the README.
// VEDETTE_PICTURES: where they go (default: shots/ beside this file). UPDATE=1: also docs/images/console.png.

import { copyFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { api, launch, open, waitUntilMoving } from "./browser.mjs";

const README = fileURLToPath(new URL("../../docs/images/console.png", import.meta.url));
const FOLDER = process.env.VEDETTE_PICTURES ?? fileURLToPath(new URL("shots/", import.meta.url));

let browser;
let cameras;
before(async () => {
  await mkdir(FOLDER, { recursive: true });
  browser = await launch();
  ({ cameras } = await api("/api/cameras"));
});
after(() => browser.close());

const settled = async (page, path) => {
  if (path === "/") {
    const online = cameras.slice(0, 16).filter((camera) => camera.status === "online");
    await waitUntilMoving(page, '.tile[data-state="live"] video', online.length);
  } else {
    await waitUntilMoving(page, '.stage[data-state="live"] video', 1);
    await page.locator(".coverage-bar").waitFor();
  }
};

for (const language of ["en", "ar"]) {
  for (const theme of ["dark", "light"]) {
    test(`pictures: ${language}, ${theme}`, async () => {
      const online = cameras.find((camera) => camera.status === "online");
      for (const [name, path] of [
        ["wall", "/"],
        ["camera", `/cameras/${online.id}`],
      ]) {
        const { page, close } = await open(browser, path, { language, theme, width: 1440, height: 900 });
        await settled(page, path);
        await page.screenshot({ path: `${FOLDER}/${name}-${language}-${theme}.png` });
        await close();
      }
    });
  }
}

test("the picture of the README", async () => {
  const { page, close } = await open(browser, "/", { language: "en", theme: "dark", width: 1440, height: 900 });
  await settled(page, "/");
  await page.screenshot({ path: `${FOLDER}/console.png` });
  await close();
  if (process.env.UPDATE) {
    await mkdir(dirname(README), { recursive: true });
    await copyFile(`${FOLDER}/console.png`, README);
  }
});
