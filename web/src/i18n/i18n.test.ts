import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import ar from "./ar.json";
import en from "./en.json";
import { preferred, translate } from "./index";

const files = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe("languages", () => {
  it("have the same keys with the same values", () => {
    expect(Object.keys(ar).sort()).toEqual(Object.keys(en).sort());
    for (const key of Object.keys(en) as (keyof typeof en)[])
      expect(holes(ar[key]), key).toEqual(holes(en[key]));
  });

  it("fill in values and follow what was chosen, then the browser", () => {
    expect(translate("en", "wall.summary", { online: 3, total: 8 })).toBe("3 of 8 cameras online");
    expect(preferred("ar", "en")).toBe("ar");
    expect(preferred(null, "ar-AE")).toBe("ar");
  });

  it("are the only place of words", () => {
    for (const file of files("src").filter((file) => file.endsWith(".tsx"))) {
      const literal = readFileSync(file, "utf8").match(/>\s*[A-Za-z؀-ۿ]{2,}[^<>{}=;()]*<\//);
      expect(literal?.[0], file).toBeUndefined();
    }
  });
});

describe("styles", () => {
  it("name no left and no right, so that they mirror", () => {
    for (const file of files("src").filter((file) => file.endsWith(".css")))
      expect(readFileSync(file, "utf8"), file).not.toMatch(/(^|[\s;-])(left|right)\b/m);
  });
});
