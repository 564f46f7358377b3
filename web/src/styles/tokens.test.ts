import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync("src/styles/tokens.css", "utf8");

/** The colours of a block that begins with this selector. */
function colours(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(selector));
  const rules = block.slice(block.indexOf("{") + 1, block.indexOf("}"));
  return Object.fromEntries(
    [...rules.matchAll(/--([\w-]+):\s*(#[\da-f]+)/g)].map(([, name, hex]) => [name, hex]),
  );
}

const wide = (hex: string) => (hex.length === 4 ? hex.slice(1).replace(/./g, "$&$&") : hex.slice(1));

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = (wide(hex).match(/../g) ?? []).map((pair) => {
    const part = Number.parseInt(pair, 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) {
    return 0;
  }
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ["ground", "surface", "raised"];
const read = ["text", "muted", "accent", "good", "busy", "bad"].flatMap((text) =>
  grounds.map((ground) => [text, ground]),
);
const also = [
  ["on-accent-ground", "accent-ground"],
  ["text", "warn-ground"],
  ["muted", "warn-ground"],
  ["bad", "warn-ground"],
];
// What is told by shape alone needs 3 to 1.
const seen = [
  ["line-strong", "surface"],
  ["accent", "ground"],
  ["recorded", "raised"],
  ["gap", "raised"],
  ["expected", "raised"],
];

test.each([['[data-theme="dark"]'], ['[data-theme="light"]']])(
  "%s keeps the contrast of WCAG AA",
  (selector) => {
    const palette = colours(selector);
    const poor = [
      ...[...read, ...also].filter(([a = "", b = ""]) => contrast(palette[a], palette[b]) < 4.5),
      ...seen.filter(([a = "", b = ""]) => contrast(palette[a], palette[b]) < 3),
    ];
    expect(poor.map(([a = "", b = ""]) => [a, b, contrast(palette[a], palette[b]).toFixed(2)])).toEqual([]);
  },
);

test("what is written over pictures can be read", () => {
  const palette = colours(":root {");
  expect(contrast(palette["on-picture"], palette.picture)).toBeGreaterThan(7);
  expect(contrast(palette["on-picture-muted"], palette.picture)).toBeGreaterThan(4.5);
});
