import { expect, test } from "vitest";
import { agenciesOf, isAll, scopesOf, textOf } from "./agencies";
import { deviceOf } from "./device";

test("agencies are parted by commas of either language or spaces, each once", () => {
  expect(agenciesOf(" METRO, RTA،METRO\nDUBAI_POLICE ; ")).toEqual(["METRO", "RTA", "DUBAI_POLICE"]);
  expect(agenciesOf("")).toEqual([]);
  expect(agenciesOf("*, METRO")).toEqual(["METRO"]);
  expect(textOf(["METRO", "RTA"])).toBe("METRO, RTA");
  expect(textOf(["*"])).toBe("");
  expect(isAll(["*"])).toBe(true);
});

test("patterns become scopes, whether or not the word is typed too", () => {
  expect(scopesOf("bus-*, publish:depot/** bus-*")).toEqual(["publish:bus-*", "publish:depot/**"]);
  expect(scopesOf("  ")).toEqual([]);
});

test("a browser is told in two words, other programs as they are", () => {
  const chrome =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
  expect(deviceOf(chrome)).toBe("Chrome, Windows");
  expect(deviceOf(`${chrome} Edg/141.0.0.0`)).toBe("Edge, Windows");
  expect(deviceOf("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1")).toBe(
    "Safari, iPhone",
  );
  expect(deviceOf("curl/8.5.0")).toBe("curl/8.5.0");
  expect(deviceOf("x".repeat(500))).toHaveLength(60);
  expect(deviceOf("  ")).toBeNull();
});
