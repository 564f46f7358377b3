const FIRST_MS = 1_000;
const MAX_MS = 30_000;

/** How long to wait before try `tries + 1`: doubling, bounded, half of it by chance. */
export function backoffMs(tries: number, random = Math.random()): number {
  const ceiling = Math.min(FIRST_MS * 2 ** Math.min(tries, 10), MAX_MS);
  return ceiling * (0.5 + random / 2);
}
