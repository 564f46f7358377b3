// Pictures of the pages of access in both languages, for people to look at.
// VEDETTE_PICTURES: where they go; without it none are taken.

import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { open } from "./browser.mjs";
import { begin, browser, openSignedIn, options } from "./signed-in.mjs";

const PICTURES = process.env.VEDETTE_PICTURES;
const PAGES = ["people", "keys", "sessions", "audit"];

before(() => (PICTURES ? begin() : undefined));
after(() => browser?.close());

async function fillKey(page) {
  const dialog = page.getByRole("dialog");
  await dialog.locator("input").first().fill("Traffic dashboard");
  await dialog.locator("input[required]").last().fill("METRO");
  await dialog.locator(".primary").click();
  await dialog.locator(".secret").waitFor();
}

async function fillLink(page) {
  const dialog = page.getByRole("dialog");
  await dialog.locator(".primary").click();
  await dialog.locator(".input.code").first().waitFor();
}

const LINK = ".stage-end .button:has(path[d^='M10 14a4'])";

/** Opens what stands over a page, by the place of its button, and goes on in it. */
const WINDOWS = {
  "people-add": ["/admin/people", ".section-do .primary"],
  "people-edit": ["/admin/people", "tbody tr:nth-of-type(2) .table-actions .button"],
  "people-delete": ["/admin/people", "tbody tr:nth-of-type(2) .quiet-danger"],
  "keys-add": ["/admin/keys", ".section-do .primary"],
  menu: ["/admin/people", ".menu-button"],
  "keys-made": ["/admin/keys", ".section-do .primary", fillKey],
  "audit-detail": ["/admin/audit", "tbody tr:nth-of-type(2) summary"],
};

/** Opens what stands over a camera's page. */
const CAMERA_WINDOWS = {
  "link-live": async (page) => page.locator(LINK).click(),
  "link-live-made": async (page) => {
    await page.locator(LINK).click();
    await fillLink(page);
  },
  "link-recording": async (page) => {
    await page.locator("[data-segment]:enabled").first().click();
    await page.locator('.stage[data-state="recording"]').waitFor();
    await page.locator(LINK).click();
  },
  "link-recording-made": async (page) => {
    await CAMERA_WINDOWS["link-recording"](page);
    await fillLink(page);
  },
};

async function takeAll(look) {
  const { language, theme, width } = look;
  const take = async (name, path, { act, opener = openSignedIn } = {}) => {
    const { page, close } = await opener(path, look);
    await page.locator("tbody tr, form, .tile").first().waitFor();
    await act?.(page);
    const file = `${name}-${language}-${theme}-${width > 700 ? "desktop" : "phone"}.png`;
    await page.screenshot({ path: `${PICTURES}/${file}`, fullPage: !act });
    await close();
  };
  await take("login", "/login?error=no_role", { opener: (path, more) => open(browser, path, more) });
  for (const section of PAGES) {
    await take(section, `/admin/${section}`);
  }
  await take("account", "/account");
  for (const [name, [path, click, then]] of Object.entries(WINDOWS)) {
    const act = async (page) => {
      await page.locator(click).first().click();
      await then?.(page);
    };
    await take(name, path, { act });
  }
  for (const [name, then] of Object.entries(CAMERA_WINDOWS)) {
    const act = async (page) => {
      await page.locator(".tile").first().click();
      await page.locator("[data-segment]").first().waitFor();
      await then(page);
    };
    await take(name, "/", { act });
  }
}

test("pictures of every page", PICTURES ? options : { skip: "VEDETTE_PICTURES is not set" }, async () => {
  await mkdir(PICTURES, { recursive: true });
  for (const language of ["en", "ar"]) {
    for (const theme of ["dark", "light"]) {
      await takeAll({ language, theme, width: 1440, height: 900 });
      await takeAll({ language, theme, width: 390, height: 844 });
    }
  }
});
