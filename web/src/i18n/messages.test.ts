import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import ar from "./ar.json";
import en from "./en.json";
import { hasMessage, message, plural } from "./messages";

const english: Record<string, string> = en;
const arabic: Record<string, string> = ar;
const base = (key: string) => key.split("#")[0] ?? key;
const plurals = [
  ...new Set(
    Object.keys(english)
      .filter((key) => key.includes("#"))
      .map(base),
  ),
];
const values = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

function forms(catalogue: Record<string, string>, key: string): string[] {
  return Object.keys(catalogue).filter((candidate) => candidate.startsWith(`${key}#`));
}

test("both languages have the same keys", () => {
  expect([...new Set(Object.keys(arabic).map(base))].sort()).toEqual(
    [...new Set(Object.keys(english).map(base))].sort(),
  );
});

test("every plural has each form that its language uses", () => {
  for (const key of plurals) {
    for (const [language, catalogue] of [
      ["en", english],
      ["ar", arabic],
    ] as const) {
      const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
      const missing = pluralCategories.filter((form) => !(`${key}#${form}` in catalogue));
      expect({ key, language, missing }).toEqual({ key, language, missing: [] });
    }
  }
});

test("both languages take the same values", () => {
  for (const [key, text] of Object.entries(english)) {
    if (!key.includes("#")) {
      expect({ key, values: values(arabic[key] ?? "") }).toEqual({ key, values: values(text) });
    }
  }
  for (const key of plurals) {
    for (const form of [...forms(english, key), ...forms(arabic, key)]) {
      expect(["count"]).toEqual(expect.arrayContaining(values(arabic[form] ?? english[form] ?? "")));
    }
  }
});

test("Arabic texts are written in Arabic", () => {
  const others = ["app.name", "title", "tile.label", "times.span", "language.other", "coverage.span"];
  const pure = ["facts.direction.value", "recordings.hour"];
  for (const [key, text] of Object.entries(arabic)) {
    if (![...others, ...pure].includes(key)) {
      expect(text, key).toMatch(/\p{Script=Arabic}/u);
    }
  }
});

test("every key is used, and every literal key exists", () => {
  const sources = sourceFiles().map((path) => readFileSync(path, "utf8"));
  const literal = new Set(
    sources.flatMap((text) => [...text.matchAll(/"([a-z-]+(?:\.[a-z-]+)*)"/g)]).map((m) => m[1]),
  );
  const prefixes = sources
    .flatMap((text) => [...text.matchAll(/`([a-z]+)\.\$\{/g)])
    .map((match) => `${match[1]}.`);
  const unused = [...new Set(Object.keys(english).map(base))].filter(
    (key) => !literal.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)),
  );
  expect(unused).toEqual([]);
});

function sourceFiles(): string[] {
  return readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path) && !/\.(test|d)\.tsx?$/.test(path))
    .map((path) => `src/${path}`);
}

test("a count chooses the form that fits, with one of its own for none", () => {
  expect(plural("en", "coverage.gaps", 0, "0")).toBe("no gaps");
  expect(plural("en", "coverage.gaps", 1, "1")).toBe("1 gap");
  expect(plural("en", "coverage.gaps", 3, "3")).toBe("3 gaps");
  expect(plural("ar", "wall.count", 2, "2")).toBe("كاميرتان");
  expect(plural("ar", "wall.count", 8, "8")).toBe("8 كاميرات");
  expect(plural("ar", "wall.count", 11, "11")).toBe("11 كاميرا");
});

test("values are put in as they are", () => {
  expect(message("en", "tile.label", { name: "$& {state}", state: "Live" })).toBe("$& {state}: Live");
  expect(hasMessage("gap.disk")).toBe(true);
  expect(hasMessage("gap.flood")).toBe(false);
});
