import { expect, test } from "vitest";
import type { Me } from "../api/types";
import { lockedMinutes, loginOf, loginPath, OPEN, safeReturn, sectionsOf } from "./login";

const HERE = "https://cctv.example";

test("the login leads back to pages of this console only", () => {
  expect(safeReturn("/cameras/yard?x=1#y", HERE)).toBe("/cameras/yard?x=1#y");
  expect(safeReturn("/?page=2", HERE)).toBe("/?page=2");
  for (const evil of [
    null,
    "",
    "//example.org/",
    "/\\example.org/",
    "/\t/example.org",
    "https://example.org/",
    "https://cctv.example.org/",
    "javascript:alert(1)",
    "cameras/yard",
    "/.//example.org",
    "/login?return=/login",
    "/login",
  ]) {
    expect({ evil, back: safeReturn(evil, HERE) }).toEqual({ evil, back: "/" });
  }
});

test("the login keeps the whole address, and none for the wall's first page", () => {
  expect(loginPath(new URL("/admin/audit?result=refused", HERE))).toBe(
    "/login?return=%2Fadmin%2Faudit%3Fresult%3Drefused",
  );
  expect(loginPath(new URL("/", HERE))).toBe("/login");
  expect(loginPath(new URL("/login?return=/account", HERE))).toBe("/login");
});

test("ways to sign in are read as they are told, and a password is asked for when nothing is said", () => {
  expect(loginOf({ password: true, oidc: "City" })).toEqual({ password: true, oidc: "City" });
  expect(loginOf({ password: false, oidc: "City" })).toEqual({ password: false, oidc: "City" });
  expect(loginOf({ password: true, oidc: null })).toEqual({ password: true, oidc: null });
  for (const odd of [undefined, null, "x", {}, { password: false }, { oidc: 7 }]) {
    expect(loginOf(odd)).toEqual({ password: true, oidc: null });
  }
});

test("each role sees its part of the administration, and without a login there are no sessions", () => {
  const as = (role: Me["role"]): Me => ({ ...OPEN, kind: "user", role });
  expect(sectionsOf(OPEN)).toEqual(["people", "keys", "audit"]);
  expect(sectionsOf(as("admin"))).toEqual(["people", "keys", "sessions", "audit"]);
  expect(sectionsOf(as("supervisor"))).toEqual(["audit"]);
  expect(sectionsOf(as("operator"))).toEqual([]);
  expect(sectionsOf(as("viewer"))).toEqual([]);
  expect(sectionsOf({ ...as(null), kind: "nobody" })).toEqual([]);
});

test("a lock lasts as long as the answer says, at least a minute and at most a day", () => {
  const locked = (minutes?: unknown) =>
    ({ kind: "answered", details: { code: "login_locked", minutes } }) as never;
  expect(lockedMinutes(locked(9), null)).toBe(9);
  expect(lockedMinutes(locked("7"), null)).toBe(7);
  expect(lockedMinutes(locked(), 61_000)).toBe(2);
  expect(lockedMinutes(locked(), null)).toBe(1);
  expect(lockedMinutes(locked(-3), null)).toBe(1);
  expect(lockedMinutes(locked(1e12), null)).toBe(1_440);
  expect(lockedMinutes({ kind: "unreachable" }, null)).toBe(1);
});
