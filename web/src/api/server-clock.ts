// How far this machine's clock is from the server's, from the Date header of answers. The header has whole
// seconds, so small differences are noise and count as none.

const NOISE_MS = 1_500;

let offsetMs = 0;

/** Server time minus local time, as one answer tells it; 0 within what the header cannot tell. */
export function offsetOf(date: string | null, sentMs: number, receivedMs: number): number | null {
  const told = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(told)) {
    return null;
  }
  const offset = told + 500 - (sentMs + receivedMs) / 2;
  return Math.abs(offset) <= NOISE_MS + (receivedMs - sentMs) / 2 ? 0 : offset;
}

export function noteServerDate(date: string | null, sentMs: number, receivedMs: number): void {
  offsetMs = offsetOf(date, sentMs, receivedMs) ?? offsetMs;
}

/** Now by the server's clock, in milliseconds since 1970. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}
