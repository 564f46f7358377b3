import type { Key } from "../../../api/types";

const DAY_MS = 86_400_000;

export type KeyState = "valid" | "expired" | "revoked";

/** Whether a key still opens anything. */
export function keyState(key: Pick<Key, "revoked_at" | "expires_at">, now: number): KeyState {
  if (key.revoked_at != null) {
    return "revoked";
  }
  return key.expires_at != null && Date.parse(key.expires_at) <= now ? "expired" : "valid";
}

export const LIFETIMES = ["month", "quarter", "year", "date", "never"] as const;

export type Lifetime = (typeof LIFETIMES)[number];

const DAYS: Partial<Record<Lifetime, number>> = { month: 30, quarter: 90, year: 365 };

/** When a new key ends: after some days, at the end of a day of the viewer's calendar, or never. */
export function expiryOf(lifetime: Lifetime, date: string, now: number): string | null {
  if (lifetime === "never") {
    return null;
  }
  const days = DAYS[lifetime];
  if (days !== undefined) {
    return new Date(now + days * DAY_MS).toISOString();
  }
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const end = new Date(year, month - 1, day + 1);
  return Number.isNaN(end.getTime()) ? null : end.toISOString();
}
