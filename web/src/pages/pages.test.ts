import { describe, expect, it } from "vitest";
import { dayOf, today } from "./camera/Recordings";
import { fitting } from "./wall/Wall";

describe("the wall", () => {
  it("takes the smallest layout that shows all cameras", () => {
    expect([1, 2, 8, 10, 70].map(fitting)).toEqual([1, 4, 9, 16, 16]);
  });
});

describe("a day", () => {
  it("is from midnight to midnight where the reader is", () => {
    const [start, end] = dayOf("2025-01-15");
    expect(today(start)).toBe("2025-01-15");
    expect(today(end)).toBe("2025-01-16");
    expect(start.getHours()).toBe(0);
  });
});
