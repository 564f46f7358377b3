// Addresses of a camera that open without a login.

import type { Range } from "../../api/client";
import type { Me, SignedLink } from "../../api/types";
import type { Key } from "../../i18n/messages";

export const LASTING = ["hour", "day", "week"] as const;

export type Lasting = (typeof LASTING)[number];

export const LASTING_S: Record<Lasting, number> = { hour: 3_600, day: 86_400, week: 604_800 };

/** Whether somebody may sign addresses: whoever is known and may watch. */
export function maySign(me: Me): boolean {
  return me.role !== null && ["user", "external", "key", "open"].includes(me.kind);
}

export interface Address {
  label: Key;
  url: string;
}

/** Whole addresses, as another program needs them; those of a recording for the part that is wanted. */
export function addressesOf(link: SignedLink, range: Range | null, origin: string): Address[] {
  const found: [Key, string | null | undefined][] = [
    ["link.hls", link.hls],
    ["link.snapshot", link.snapshot],
    ["link.media", range === null ? null : link.media],
  ];
  return found.flatMap(([label, path]) => (path ? [{ label, url: whole(path, range, origin) }] : []));
}

function whole(path: string, range: Range | null, origin: string): string {
  const url = new URL(path, origin);
  if (range !== null) {
    url.searchParams.set("start", new Date(range.start).toISOString());
    url.searchParams.set("end", new Date(range.end).toISOString());
  }
  return url.href;
}

/** A moment as its field writes it, by the viewer's clock; to the second. */
export function fieldOf(ms: number): string {
  const offset = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offset).toISOString().slice(0, 19);
}

/** The span between two fields; null when it has no length. */
export function rangeBetween(from: string, to: string): Range | null {
  const [start, end] = [new Date(from).getTime(), new Date(to).getTime()];
  return start < end ? { start, end } : null;
}
