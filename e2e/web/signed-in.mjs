// Pages of somebody who is signed in, of a running server with a login.
// VEDETTE_ADMIN, VEDETTE_ADMIN_PASSWORD: who administrates it. Without a password there is nothing to try.
// Against the stand-in: `node web/dev/mock.mjs 8391`, anna, correct-horse.

import { launch, open } from "./browser.mjs";

export const ADMIN = process.env.VEDETTE_ADMIN ?? "admin";
export const PASSWORD = process.env.VEDETTE_ADMIN_PASSWORD;
export const options = PASSWORD ? {} : { skip: "SKIPPED: VEDETTE_ADMIN_PASSWORD is not set" };

export let browser;
let signedIn;

/** Starts the browser. One login is for all pages that do not try logins: a server takes only some of them a minute. */
export async function begin() {
  if (!PASSWORD) {
    return;
  }
  browser = await launch();
  const { page, close } = await open(browser, "/login", { language: "en" });
  await signIn(page, ADMIN, PASSWORD);
  signedIn = await page.context().storageState();
  await close();
}

export async function signIn(page, name, password) {
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL((url) => url.pathname !== "/login");
}

/** A page of the administrator; what it keeps of the login goes with the cookie alone. */
export const openSignedIn = (path, more = {}) =>
  open(browser, path, { language: "en", storageState: { ...signedIn, origins: [] }, ...more });
