import { expect, test } from "vitest";
import { routeOf } from "../router";
import { mediaUrl } from "./client";
import { asProblem, readProblem } from "./problem";
import { refusalOf, waitOf, withQuery } from "./request";
import { narrowed, offsetOf } from "./server-clock";

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

test("clocks that may be equal count as equal, and other ones are told ever better", () => {
  const second = Date.parse("2025-01-15T14:00:00Z");
  // Answers of a server whose clock is ahead, as a browser sees them that asks every 700 ms.
  const after = (ahead: number, answers: number) =>
    Array.from({ length: answers }, (_, index) => second + index * 700).reduce(
      (known: ReturnType<typeof narrowed>, sent) =>
        narrowed(
          known,
          new Date(Math.floor((sent + 20 + ahead) / 1_000) * 1_000).toUTCString(),
          sent,
          sent + 40,
        ),
      null,
    );
  expect(offsetOf(null)).toBe(0);
  expect(offsetOf(after(0, 40))).toBe(0);
  expect(Math.abs(offsetOf(after(60_000, 1)) - 60_000)).toBeLessThan(600);
  expect(Math.abs(offsetOf(after(400, 40)) - 400)).toBeLessThan(100);
  const set = narrowed(after(60_000, 9), new Date(second).toUTCString(), second + 10, second + 20);
  expect(offsetOf(set)).toBe(0);
  expect(narrowed(set, null, 0, 0)).toBe(set);
  expect(narrowed(set, "soon", 0, 0)).toBe(set);
});

test("addresses lead to pages, and what is none is said to be none", () => {
  expect(routeOf("/")).toEqual({ page: "wall" });
  expect(routeOf("/cameras/front-door")).toEqual({ page: "camera", id: "front-door" });
  expect(routeOf("/cameras/yard/connect")).toEqual({ page: "connect", id: "yard" });
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
