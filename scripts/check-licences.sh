#!/usr/bin/env bash
# Every linked library's licence is one that may be linked. What only other systems would link is not asked.
set -euo pipefail
cargo metadata --format-version 1 --locked --filter-platform x86_64-unknown-linux-gnu \
  --filter-platform aarch64-unknown-linux-gnu | node -e '
const allowed = new Set(["MIT","Apache-2.0","BSD-2-Clause","BSD-3-Clause","ISC","Zlib","Unicode-3.0","CC0-1.0","BSL-1.0","IJG","0BSD","Unlicense","MPL-2.0"]);
const fits = (text) => text.replace(/[()]/g, " ").split(/\s+OR\s+|\//).some((choice) =>
  choice.split(/\s+AND\s+/).every((one) => allowed.has(one.trim().replace(/ WITH LLVM-exception$/, ""))));
let text = ""; process.stdin.on("data", (part) => text += part).on("end", () => {
  const wrong = JSON.parse(text).packages.filter((p) => p.source && !fits(p.license || ""));
  for (const p of wrong) console.error(`${p.name} ${p.version}: ${p.license || "no licence"}`);
  process.exit(wrong.length ? 1 : 0);
});'
