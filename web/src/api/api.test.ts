import { expect, test } from "vitest";
import { routeOf } from "../router";
import { mediaUrl } from "./client";
import { asProblem, readProblem } from "./problem";
import { refusalOf, waitOf, withQuery } from "./request";
import { offsetOf } from "./server-clock";

const details = { code: "camera_not_found", message_en: "No.", message_ar: "لا.", request_id: "r" };

test("problem details are read, and pages of proxies are not taken for them", async () => {
  const answer = (body: string, type: string) =>
    new Response(body, { status: 502, headers: { "content-type": type, "x-request-id": "abc" } });
  expect(await readProblem(answer(JSON.stringify(details), "application/problem+json"))).toEqual({
    kind: "answered",
    details,
  });
  const unreadable = { kind: "unreadable", status: 502, requestId: "abc" };
  expect(await readProblem(answer("<h1>Bad gateway</h1>", "text/html"))).toEqual(unreadable);
  expect(await readProblem(answer("{}", "application/json"))).toEqual(unreadable);
  expect(await readProblem(answer("{", "application/json"))).toEqual(unreadable);
});

test("any other failure means that the server is out of reach", () => {
  expect(asProblem(new TypeError("failed to fetch"))).toEqual({ kind: "unreachable" });
});

test("clocks that differ by less than the header can tell count as equal", () => {
  const at = Date.parse("2025-01-15T14:00:00Z");
  expect(offsetOf("Wed, 15 Jan 2025 14:00:00 GMT", at + 100, at + 140)).toBe(0);
  expect(offsetOf("Wed, 15 Jan 2025 14:00:00 GMT", at - 60_000, at - 60_000)).toBe(60_500);
  expect(offsetOf(null, at, at)).toBeNull();
  expect(offsetOf("soon", at, at)).toBeNull();
});

test("addresses lead to pages, and what is none is said to be none", () => {
  expect(routeOf("/")).toEqual({ page: "wall" });
  expect(routeOf("/cameras/front-door")).toEqual({ page: "camera", id: "front-door" });
  expect(routeOf("/cameras/%E0%A4%A")).toEqual({ page: "unknown" });
  expect(routeOf("/admin/keys/")).toEqual({ page: "admin", section: "keys" });
  expect(routeOf("/login")).toEqual({ page: "login" });
  expect(routeOf("/account")).toEqual({ page: "account" });
  expect(routeOf("/admin/everything")).toEqual({ page: "unknown" });
  expect(routeOf("/cameras/a/b")).toEqual({ page: "unknown" });
});

test("a recording's address names its span in UTC", () => {
  const start = Date.parse("2025-01-15T14:00:00.500Z");
  expect(mediaUrl("yard", { start, end: start + 1_000 })).toBe(
    "/api/playback/yard/media.mp4?start=2025-01-15T14%3A00%3A00.500Z&end=2025-01-15T14%3A00%3A01.500Z",
  );
});

test("only a login that is missing or has ended asks for one; a wrong password does not", () => {
  expect(refusalOf(401, "unauthenticated")).toBe("unauthenticated");
  expect(refusalOf(401, "credentials_wrong")).toBe("unauthenticated");
  expect(refusalOf(401, "login_failed")).toBeNull();
  expect(refusalOf(403, "forbidden")).toBe("forbidden");
  expect(refusalOf(429, "login_locked")).toBeNull();
});

test("a server is left alone for as long as it asks, up to an hour", () => {
  expect(waitOf("30")).toBe(30_000);
  expect(waitOf("999999999")).toBe(3_600_000);
  for (const odd of [null, "", "-1", "soon", "1e9", "Wed, 15 Jan 2025 14:00:00 GMT"]) {
    expect(waitOf(odd)).toBeNull();
  }
});

test("what is asked for is written so that it arrives", () => {
  expect(withQuery("/api/users", {})).toBe("/api/users");
  expect(withQuery("/api/users", { q: "a&b=c", limit: 5 })).toBe("/api/users?q=a%26b%3Dc&limit=5");
});
