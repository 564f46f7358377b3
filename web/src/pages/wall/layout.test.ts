import { expect, test } from "vitest";
import { fittingLayout, gridOf, neighbour, pageCount, pageWithin } from "./layout";

test("the smallest layout that holds all cameras is taken", () => {
  expect([1, 2, 4, 5, 8, 16, 300].map(fittingLayout)).toEqual([1, 4, 4, 9, 9, 16, 16]);
});

test("a page outside the wall is brought back into it", () => {
  expect(pageCount(17, 16)).toBe(2);
  expect(pageCount(0, 4)).toBe(1);
  expect(["2", "9", "0", "x", null].map((page) => pageWithin(page, 3))).toEqual([2, 3, 1, 1, 1]);
});

test("rows that no camera needs are left out", () => {
  expect(gridOf(16, 8)).toEqual({ columns: 4, rows: 2 });
  expect(gridOf(9, 8)).toEqual({ columns: 3, rows: 3 });
  expect(gridOf(4, 1)).toEqual({ columns: 2, rows: 1 });
});

test("arrow keys go to the neighbour that one sees, in either direction of writing", () => {
  const ltr = { columns: 3, count: 8, isRtl: false };
  expect(neighbour(0, "ArrowRight", ltr)).toBe(1);
  expect(neighbour(0, "ArrowDown", ltr)).toBe(3);
  expect(neighbour(0, "ArrowLeft", ltr)).toBeNull();
  expect(neighbour(7, "ArrowDown", ltr)).toBeNull();
  expect(neighbour(0, "ArrowLeft", { ...ltr, isRtl: true })).toBe(1);
  expect(neighbour(0, "Enter", ltr)).toBeNull();
});
