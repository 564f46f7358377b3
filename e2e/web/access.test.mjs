// Login, people, keys, sessions and the audit, against a running server with a login (see signed-in.mjs).

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { open } from "./browser.mjs";
import { ADMIN, begin, browser, openSignedIn, options, PASSWORD, signIn } from "./signed-in.mjs";

before(begin);
after(() => browser?.close());

/** A refused request is written on the browser's console by itself: that is no fault of the page. */
const unexpected = (faults) => faults.filter((fault) => !/status of (400|401|403|409|429)/.test(fault));

const fresh = (word) => `${word}-${randomUUID().slice(0, 8)}`;

/** What is shown this once stays: the browser itself would close the window at the second key. */
async function tryToEscape(page) {
  for (let times = 0; times < 3; times += 1) {
    await page.keyboard.press("Escape");
  }
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  assert.equal(await page.getByRole("dialog").count(), 1);
}

async function addPerson(page, name, role) {
  await page.getByRole("button", { name: "Add person" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("Role").selectOption(role);
  if (role !== "Administrator") {
    await dialog.getByLabel("Their codes").fill("METRO, RTA");
  }
  await dialog.getByRole("button", { name: "Add person" }).click();
  await dialog.getByRole("heading", { name: "was added" }).waitFor();
  await tryToEscape(page);
  const password = await dialog.getByLabel("One-time password").inputValue();
  await dialog.getByRole("button", { name: "Done" }).click();
  return password;
}

async function deletePerson(page, name) {
  const row = page.locator(`tr[data-user="${name}"]`);
  await row.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await row.waitFor({ state: "detached" });
}

test("a page that needs a login leads there and comes back to its whole address", options, async () => {
  const { page, faults, close } = await open(browser, "/admin/audit?result=refused", { language: "en" });
  await page.waitForURL("**/login?return=*");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("autocomplete")), "username");
  await signIn(page, ADMIN, PASSWORD);
  await page.getByRole("heading", { level: 1, name: "Audit" }).waitFor();
  assert.equal(new URL(page.url()).search, "?result=refused");
  assert.deepEqual(unexpected(faults), []);
  await close();
});

test("nobody is sent to another site after the login", options, async () => {
  for (const evil of ["//example.org/", "https://example.org/", "/\\example.org", "javascript:alert(1)"]) {
    const { page, close } = await openSignedIn(`/login?return=${encodeURIComponent(evil)}`);
    await page.waitForURL((url) => url.pathname === "/");
    assert.equal(new URL(page.url()).host, new URL(process.env.VEDETTE_URL).host);
    await close();
  }
});

test("a wrong password is said in the viewer's language, and the name stays", options, async () => {
  for (const [language, label, button, words] of [
    ["en", "User name", "Sign in", "The user name or the password is wrong."],
    ["ar", "اسم المستخدم", "سجّل الدخول", "اسم المستخدم أو كلمة المرور غير صحيحة."],
  ]) {
    const { page, faults, close } = await open(browser, "/login", { language });
    await page.getByLabel(label).fill("nobody-of-this-name");
    await page.locator('input[type="password"]').fill("not-the-password");
    await page.getByRole("button", { name: button, exact: true }).click();
    await page.getByRole("alert").filter({ hasText: words }).waitFor();
    assert.equal(await page.getByLabel(label).inputValue(), "nobody-of-this-name");
    assert.deepEqual(unexpected(faults), []);
    await close();
  }
});

test("a locked account says for how long", options, async () => {
  const { page, close } = await open(browser, "/login", { language: "en" });
  await page.route("**/api/login", (route) =>
    route.fulfill({
      status: 429,
      headers: { "content-type": "application/problem+json", "retry-after": "540" },
      body: JSON.stringify({ code: "login_locked", message_en: "Locked.", message_ar: "مقفل.", minutes: 9 }),
    }),
  );
  await page.getByLabel("User name").fill("anna");
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "Try again in 9 minutes" }).waitFor();
  await close();
});

test("a session that ends is told quietly, and the wall's address is kept", options, async () => {
  const { page, faults, close } = await openSignedIn("/?page=1");
  await page.getByRole("button", { name: /^Signed in as/ }).waitFor();
  await page.context().clearCookies();
  await page.waitForURL("**/login?return=*");
  await page.getByRole("status").filter({ hasText: "Your session has ended" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("return"), "/?page=1");
  assert.equal(await page.getByRole("alert").count(), 0);
  assert.deepEqual(unexpected(faults), []);
  await close();
});

const json = (status, body) => ({ status, contentType: "application/json", body: JSON.stringify(body) });

test("a server without a login shows none, nor does one that is older than the question", options, async () => {
  const nobody = { user: "", user_id: "", session: null, must_change_password: false };
  const open_ = { ...nobody, kind: "open", role: "admin", agencies: ["*"], login: { password: false, oidc: null } };
  for (const answer of [json(200, open_), json(404, {})]) {
    const { page, faults, close } = await open(browser, "/login", { language: "en" });
    await page.route("**/api/me", (route) => route.fulfill(answer));
    await page.route("**/api/cameras*", (route) => route.fulfill(json(200, { cameras: [], next_cursor: null, total: 0 })));
    await page.reload();
    await page.getByRole("heading", { name: "No cameras yet" }).waitFor();
    await page.getByRole("link", { name: "Administration" }).waitFor();
    assert.equal(await page.getByRole("button", { name: /^Signed in as/ }).count(), 0);
    assert.equal(await page.getByRole("link", { name: "Sign in" }).count(), 0);
    assert.deepEqual(unexpected(faults), []);
    await close();
  }
});

test("a visitor without a login sees what is open, and is asked for one where it is needed", options, async () => {
  const { page, close } = await open(browser, "/login", { language: "en" });
  const login = { password: true, oidc: null };
  const me = { user: "", user_id: "", kind: "nobody", role: "viewer", agencies: [], login };
  await page.route("**/api/me", (route) => route.fulfill(json(200, me)));
  await page.route("**/api/cameras*", (route) => route.fulfill(json(200, { cameras: [], next_cursor: null, total: 0 })));
  await page.goto(new URL("/", page.url()).href);
  await page.getByRole("heading", { name: "No cameras yet" }).waitFor();
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("User name").waitFor();
  await page.goto(new URL("/cameras/yard", page.url()).href);
  await page.waitForURL("**/login?return=%2Fcameras%2Fyard");
  await close();
});

test("a server that contradicts itself is not asked in a circle", options, async () => {
  const { page, close } = await openSignedIn("/account");
  await page.locator("tbody tr").first().waitFor();
  let asked = 0;
  await page.route("**/api/me", (route) => {
    asked += 1;
    return route.continue();
  });
  const problem = { code: "unauthenticated", message_en: "Sign in first.", message_ar: "سجّل الدخول." };
  let refused = 0;
  await page.route("**/api/cameras*", (route) => {
    refused += 1;
    return route.fulfill(json(401, problem));
  });
  await page.goto(new URL("/", page.url()).href);
  await page.getByRole("alert").filter({ hasText: "Sign in first." }).waitFor();
  assert.ok(asked <= 3 && refused <= 3, `asked ${asked} times, refused ${refused} times`);
  await close();
});

test("a person is added with a password that is shown once, has to change it, and sees only what the role may", options, async () => {
  const { page, faults, close } = await openSignedIn("/admin/people");
  const name = fresh("viewer");
  const password = await addPerson(page, name, "Viewer");
  assert.ok(password.length >= 10);
  await page.locator(`tr[data-user="${name}"]`).getByText("METRO").waitFor();

  const other = await open(browser, "/login", { language: "en" });
  await other.page.getByLabel("User name").fill(name);
  await other.page.getByLabel("Password", { exact: true }).fill(password);
  await other.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  await other.page.getByLabel("New password").fill("short-7");
  await other.page.getByRole("button", { name: "Change password" }).click();
  await other.page.getByText("At least 8 characters").waitFor();
  assert.equal(await other.page.getByLabel("New password").getAttribute("aria-invalid"), "true");
  await other.page.getByLabel("New password").fill(`${fresh("new")}-password`);
  await other.page.getByRole("button", { name: "Change password" }).click();
  await other.page.waitForURL((url) => url.pathname === "/");
  assert.equal(await other.page.getByRole("link", { name: "Administration" }).count(), 0);
  await other.page.goto(new URL("/admin/people", other.page.url()).href);
  await other.page.getByRole("heading", { name: "This page is not for your role" }).waitFor();
  await other.close();

  await page.reload();
  const row = page.locator(`tr[data-user="${name}"]`);
  await row.getByRole("button", { name: "Edit" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Role").selectOption("Supervisor");
  await dialog.getByLabel("May sign in").uncheck();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  await row.getByText("Supervisor").waitFor();
  await row.getByText("Disabled").waitFor();
  await page.getByRole("button", { name: "Add person" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill(name);
  await page.getByRole("dialog").getByLabel("All agencies").check();
  await page.getByRole("dialog").getByRole("button", { name: "Add person" }).click();
  await page.getByText("This name is taken. Choose another.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await deletePerson(page, name);
  assert.deepEqual(unexpected(faults), []);
  await close();
});

test("a key is shown once, and revoked after a question", options, async () => {
  const { page, faults, close } = await openSignedIn("/admin/keys");
  const name = fresh("key");
  await page.getByRole("button", { name: "Create key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("Role").selectOption("Operator");
  await dialog.getByLabel("Their codes").fill("METRO");
  await dialog.getByLabel("May publish to these paths").fill("bus-*");
  await dialog.getByRole("button", { name: "Create key" }).click();
  const key = await dialog.getByLabel("Key", { exact: true }).inputValue();
  assert.ok(key.length > 20);
  await tryToEscape(page);
  await dialog.getByRole("button", { name: "Copy" }).click();
  await dialog.getByRole("status").filter({ hasText: /Copied|Selected/ }).waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  const row = page.locator(`tr[data-key="${name}"]`);
  await row.getByText("publish:bus-*").waitFor();
  assert.ok(!(await page.locator("body").innerText()).includes(key), "it is not shown again");
  await row.getByRole("button", { name: "Revoke" }).click();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await row.getByRole("button", { name: "Revoke" }).click();
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await row.getByText("Revoked").waitFor();
  assert.deepEqual(unexpected(faults), []);
  await close();
});

test("one's own session is marked, another can be ended, and that browser is out", options, async () => {
  const other = await open(browser, "/login?return=/account", { language: "en" });
  await signIn(other.page, ADMIN, PASSWORD);
  const own = other.page.locator("tr", { hasText: "This one" });
  await own.waitFor();
  const id = await own.getAttribute("data-session");
  const { page, faults, close } = await openSignedIn("/admin/sessions");
  const row = page.locator(`tr[data-session="${id}"]`);
  await row.getByRole("button", { name: "End" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await row.waitFor({ state: "detached" });
  await other.page.reload();
  await other.page.waitForURL("**/login?return=*");
  await other.close();
  assert.deepEqual(unexpected(faults), []);
  await close();
});

test("the audit is filtered by its address, and refusals stand out", options, async () => {
  const { page, faults, close } = await openSignedIn("/admin/audit");
  await page.locator("tr[data-seq]").first().waitFor();
  await page.getByLabel("Result").selectOption("Refused");
  await page.getByLabel("Period").selectOption("Last 30 days");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.waitForURL("**/admin/audit?period=month&result=refused");
  await page.locator("tr.row-refused").first().waitFor();
  assert.equal(await page.locator("tr[data-seq]:not(.row-refused)").count(), 0);
  const csv = page.waitForEvent("download");
  await page.getByRole("link", { name: "CSV" }).click();
  assert.equal((await csv).suggestedFilename().split(".").at(-1), "csv");
  await page.goBack();
  await page.locator("tr[data-seq]:not(.row-refused)").first().waitFor();
  await page.getByLabel("Who").fill("nobody at all");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByRole("heading", { name: "Nothing in this period" }).waitFor();
  assert.deepEqual(unexpected(faults), []);
  await close();
});

/** What an address gives to somebody who shows nothing else. */
async function fetched(address, method = "GET") {
  const response = await fetch(address, { method });
  await response.body?.cancel();
  return response.status;
}

const withoutToken = (address) => {
  const url = new URL(address);
  url.searchParams.delete("token");
  return url.href;
};

test("signed addresses of a camera open without a login: live, and a part of its recording", options, async () => {
  const { page, faults, close } = await openSignedIn("/");
  await page.locator(".tile").first().click();
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Copy an address" }).click();
  await dialog.getByLabel("Lasts").selectOption("1 day");
  await dialog.getByRole("button", { name: "Make the address" }).click();
  for (const label of ["Video (HLS)", "Newest picture (JPEG)"]) {
    const address = await dialog.getByLabel(label).and(page.getByRole("textbox")).inputValue();
    assert.equal(await fetched(address), 200, address);
    assert.equal(await fetched(withoutToken(address)), 401, address);
  }
  await dialog.getByText(/^Ends on \S+ \w+ \d{4}/).waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();

  await page.locator("[data-segment]:enabled").first().click();
  await page.getByRole("button", { name: "Copy an address" }).click();
  const [from, to] = [dialog.getByLabel("From"), dialog.getByLabel("To", { exact: true })];
  const [begin, end] = [await from.inputValue(), await to.inputValue()];
  await to.fill(begin);
  await dialog.getByText("The end must come after the beginning.").waitFor();
  await to.fill(end);
  await dialog.getByRole("button", { name: "Make the address" }).click();
  const address = await dialog.getByLabel("Recording (MP4)").and(page.getByRole("textbox")).inputValue();
  const wanted = ["start", "end"].map((name) => Date.parse(new URL(address).searchParams.get(name)));
  const typed = [begin, end].map((local) => Date.parse(`${local}+04:00`));
  assert.deepEqual(wanted, typed, "the times are those of the viewer's zone");
  assert.equal(await fetched(address, "HEAD"), 200, address);
  assert.equal(await fetched(withoutToken(address), "HEAD"), 401, address);
  assert.deepEqual(unexpected(faults), []);
  await close();
});

test("a login with the organisation's account leaves for it with the way back, and tells why it failed", options, async () => {
  const { page, close } = await open(browser, "/login", { language: "en" });
  const problem = { code: "unauthenticated", message_en: "Sign in.", message_ar: "سجّل.", request_id: "r" };
  await page.route("**/api/me", (route) =>
    route.fulfill(json(401, { ...problem, login: { password: true, oidc: "City Directory" } })),
  );
  await page.route("**/api/oidc/login*", (route) =>
    route.fulfill({ contentType: "text/html", body: '<meta http-equiv="refresh" content="0;url=/login?error=no_role">' }),
  );
  await page.goto(new URL("/login?return=/admin/audit%3Fresult%3Drefused", page.url()).href);
  const asked = page.waitForRequest("**/api/oidc/login*");
  await page.getByRole("link", { name: /^Sign in with .City Directory/ }).click();
  assert.equal(new URL((await asked).url()).searchParams.get("return"), "/admin/audit?result=refused");
  await page.getByRole("alert").filter({ hasText: "You have no role here" }).waitFor();
  await close();
});

test("the menu is reached and left by keyboard, and signs out", options, async () => {
  const { page, faults, close } = await open(browser, "/login?return=/account", { language: "en" });
  await signIn(page, ADMIN, PASSWORD);
  const menu = page.getByRole("button", { name: /^Signed in as/ });
  await menu.focus();
  await page.keyboard.press("Enter");
  const leave = page.locator("[popover]").getByRole("button", { name: "Sign out" });
  await leave.waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "My account");
  await page.keyboard.press("Escape");
  await leave.waitFor({ state: "hidden" });
  await page.keyboard.press("Enter");
  await leave.click();
  await page.waitForURL("**/login");
  await page.getByLabel("User name").waitFor();
  assert.equal(await page.getByText("Your session has ended").count(), 0);
  assert.deepEqual(unexpected(faults), []);
  await close();
});

const PAGES = ["people", "keys", "sessions", "audit"];

test("every page fits a phone, in both directions, and speaks one language", options, async () => {
  for (const language of ["en", "ar"]) {
    for (const path of [...PAGES.map((section) => `/admin/${section}`), "/account"]) {
      const { page, faults, close } = await openSignedIn(path, { language, width: 360, height: 740 });
      await page.locator("tbody tr").first().waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${path} is ${wide} px too wide in ${language}`);
      if (language === "ar") {
        const words = await page.locator("h1, h2:not(:has(bdi)), th, label, .tab, .section-head p").allInnerTexts();
        assert.deepEqual(words.filter((text) => text !== "" && !/\p{Script=Arabic}/u.test(text)), []);
      }
      assert.deepEqual(faults, []);
      await close();
    }
  }
});
