import type { Agencies } from "../api/types";

export function isAll(agencies: Agencies): boolean {
  return agencies.includes("*");
}

/** Codes as people type them: parted by commas or spaces, each once. `*` has a box of its own. */
export function agenciesOf(text: string): Agencies {
  const codes = text.split(/[\s,،;]+/).filter((code) => code !== "" && code !== "*");
  return [...new Set(codes)];
}

/** The same, to be typed on. */
export function textOf(agencies: Agencies): string {
  return agencies.filter((code) => code !== "*").join(", ");
}

const PUBLISH = "publish:";

/** The scopes of a key that may publish on these paths, one pattern a line. */
export function scopesOf(patterns: string): string[] {
  const lines = patterns.split(/[\s,،]+/).filter((line) => line !== "");
  return [...new Set(lines.map((line) => (line.startsWith(PUBLISH) ? line : `${PUBLISH}${line}`)))];
}
