// Rules of the house that no compiler checks.

import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";

const files = readdirSync(".", { recursive: true, encoding: "utf8" }).filter(
  (path) => /^(src|dev)\/.*\.(tsx?|css|mjs|json)$/.test(path) && !path.endsWith("schema.ts"),
);
const read = (path: string) => readFileSync(path, "utf8");
const components = files.filter((path) => path.endsWith(".tsx"));
const styles = files.filter((path) => path.endsWith(".css"));

const SPOKEN = ["aria-label", "aria-description", "title", "alt", "placeholder", "label"];
const hasWords = (text: string) => /\p{L}/u.test(text);

/** The text that a node shows or speaks; null for nodes that do neither. */
function spokenBy(node: ts.Node): string | null {
  const text = (part: ts.Node | undefined) => (part && ts.isStringLiteralLike(part) ? part.text : null);
  if (ts.isJsxText(node)) {
    return node.text.trim();
  }
  if (ts.isJsxAttribute(node)) {
    return SPOKEN.includes(node.name.getText()) ? text(node.initializer) : null;
  }
  return ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent) ? text(node.expression) : null;
}

/** Text that people would read or hear, written into a component. */
function literals(path: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const text = spokenBy(node);
    if (text !== null && hasWords(text)) {
      found.push(text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return found;
}

test("no component has text of its own", () => {
  expect(components.length).toBeGreaterThan(10);
  for (const path of components) {
    expect({ path, literals: literals(path) }).toEqual({ path, literals: [] });
  }
});

const SIDES =
  /(?:^|[\s;{])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)|(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius)\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)/m;

test("style sheets know start and end, not left and right", () => {
  expect(styles.length).toBeGreaterThan(3);
  expect(styles.filter((path) => SIDES.test(read(path)))).toEqual([]);
  expect(SIDES.test("a {\n  margin-left: 0;\n}")).toBe(true);
  const inCode = /(?:marginLeft|marginRight|paddingLeft|paddingRight|textAlign: "(?:left|right)")/;
  expect(components.filter((path) => inCode.test(read(path)))).toEqual([]);
});

test("no file is longer than 400 lines", () => {
  const long = files.filter((path) => !path.includes("i18n/") && read(path).split("\n").length > 401);
  expect(long).toEqual([]);
});

test("the page works under a content security policy without exceptions", () => {
  const page = read("index.html");
  expect(page).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
  const unsafe = /dangerouslySetInnerHTML|\.innerHTML|\beval\(|new Function/;
  expect(components.filter((path) => unsafe.test(read(path)))).toEqual([]);
});
