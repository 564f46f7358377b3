// How far this machine's clock is from the server's, from the Date header of answers. The header has whole
// seconds, so one answer says little; each answer narrows what the answers before it left open.

/** Between what the server's time minus the local time lies, in milliseconds. */
export interface Bounds {
  low: number;
  high: number;
}

let known: Bounds | null = null;

/** What is known after one more answer. One that contradicts what was known means that a clock was set. */
export function narrowed(
  before: Bounds | null,
  date: string | null,
  sentMs: number,
  receivedMs: number,
): Bounds | null {
  const told = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(told)) {
    return before;
  }
  // The answer was written between sending and receiving, somewhere within the second that it names.
  const now = { low: told - receivedMs, high: told + 1_000 - sentMs };
  const both = {
    low: Math.max(now.low, before?.low ?? now.low),
    high: Math.min(now.high, before?.high ?? now.high),
  };
  return both.low <= both.high ? both : now;
}

/** Server time minus local time: none while that is possible, else the middle of what is. */
export function offsetOf(bounds: Bounds | null): number {
  return bounds === null || (bounds.low <= 0 && bounds.high >= 0) ? 0 : (bounds.low + bounds.high) / 2;
}

export function noteServerDate(date: string | null, sentMs: number, receivedMs: number): void {
  known = narrowed(known, date, sentMs, receivedMs);
}

/** Now by the server's clock, in milliseconds since 1970. */
export function serverNow(): number {
  return Date.now() + offsetOf(known);
}
