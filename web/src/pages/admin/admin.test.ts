import { expect, test } from "vitest";
import type { User } from "../../api/types";
import { filtersOf, isRefused, localOf, momentOf, paramsOf, queryOf } from "./audit/filters";
import { ACTIONS, actionKey, kindKey, objectOf, resultKey } from "./audit/words";
import { expiryOf, keyState } from "./keys/key-state";
import { changeOf } from "./people/person";

const NOW = Date.parse("2026-11-21T10:00:00.000Z");
const read = (text: string) => filtersOf(new URLSearchParams(text));

test("filters survive their way through the address", () => {
  for (const text of [
    "",
    "period=month&who=anna&result=refused",
    "period=all",
    "period=span&start=2026-11-20T00%3A00%3A00.000Z&object=camera%3Ayard",
    "action=login&agency=METRO",
  ]) {
    expect(paramsOf(read(text))).toBe(text);
  }
});

test("what an address says wrongly is left out", () => {
  expect(read("period=century&start=yesterday&end=")).toEqual(read(""));
  expect(read(`who=${"x".repeat(5_000)}`).who).toHaveLength(200);
  expect(read("start=2026-11-20T00:00:00Z").period).toBe("span");
});

test("the server is asked for a span that begins with the period, and for no empty words", () => {
  expect(queryOf(read(""), NOW)).toEqual({ start: "2026-11-14T10:00:00.000Z" });
  expect(queryOf(read("period=all&who=anna"), NOW)).toEqual({ who: "anna" });
  expect(queryOf(read("end=2026-11-20T00:00:00Z&result=ok"), NOW)).toEqual({
    end: "2026-11-20T00:00:00.000Z",
    result: "ok",
  });
});

test("moments become local for their field, and come back the same", () => {
  for (const moment of ["2026-11-21T10:30:00.000Z", "2026-03-29T00:30:00.000Z"]) {
    expect(momentOf(localOf(moment))).toBe(moment);
  }
  expect(localOf("soon")).toBe("");
  expect(momentOf("")).toBe("");
});

test("all that was not done counts as refused", () => {
  expect(["ok", "forbidden", "login_failed"].map(isRefused)).toEqual([false, true, true]);
});

test("the audit's words are told in the viewer's language, unknown ones as they are", () => {
  expect(ACTIONS.filter((action) => actionKey(action) === null)).toEqual([]);
  expect([actionKey("user_add"), kindKey("monitor"), resultKey("login_failed")]).toEqual([
    "action.user_add",
    "kind.monitor",
    "result.login_failed",
  ]);
  expect([actionKey("toString"), kindKey(""), resultKey("new_code")]).toEqual([null, null, null]);
  expect(objectOf("user:a:b", {})).toEqual({ kind: "object.user", name: "a:b" });
  expect(objectOf("key:01a1", { name: "Dashboard" })).toEqual({ kind: "object.key", name: "Dashboard" });
  expect(objectOf("camera:yard", { name: "x" })).toEqual({ kind: "object.camera", name: "yard" });
  expect(objectOf("thing:7", {})).toEqual({ kind: null, name: "thing:7" });
  expect(objectOf("", {})).toEqual({ kind: null, name: "" });
});

test("a key is valid until it ends or is revoked", () => {
  const ends = (expires_at: string | null) => keyState({ expires_at, revoked_at: null }, NOW);
  expect(ends(null)).toBe("valid");
  expect(ends("2026-11-21T10:00:00.001Z")).toBe("valid");
  expect(ends("2026-11-21T10:00:00.000Z")).toBe("expired");
  expect(keyState({ expires_at: null, revoked_at: "2026-11-20T00:00:00.000Z" }, NOW)).toBe("revoked");
});

test("a key ends after some days, at the end of a chosen day, or never", () => {
  expect(expiryOf("month", "", NOW)).toBe("2026-12-21T10:00:00.000Z");
  expect(expiryOf("never", "2026-12-01", NOW)).toBeNull();
  expect(expiryOf("date", "2026-12-01", NOW)).toBe(new Date(2026, 11, 2).toISOString());
});

test("only what was changed of a person is sent", () => {
  const user = { role: "viewer", agencies: ["METRO", "RTA"], enabled: true } as User;
  const same = { role: "viewer", agencies: ["RTA", "METRO"], enabled: true, password: "" } as const;
  expect(changeOf(user, { ...same, agencies: [...same.agencies] })).toEqual({});
  expect(
    changeOf(user, { role: "admin", agencies: ["*"], enabled: false, password: "new one, long" }),
  ).toEqual({ role: "admin", agencies: ["*"], enabled: false, password: "new one, long" });
});
