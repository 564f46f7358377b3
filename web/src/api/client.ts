// The API as the console uses it. Types are generated from the server's own description.
import type { components } from "./schema";

export type Camera = components["schemas"]["CameraAnswer"];
export type Segment = components["schemas"]["SegmentAnswer"];
export type Coverage = components["schemas"]["CoverageAnswer"];
export type Span = components["schemas"]["Span"];

/** What the server said was wrong, in both languages. */
export class Problem extends Error {
  constructor(
    readonly english: string,
    readonly arabic: string,
    readonly requestId: string,
  ) {
    super(english);
  }
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, { headers: { accept: "application/json" }, ...(signal && { signal }) });
  if (response.ok) return (await response.json()) as T;
  const body = (await response.json().catch(() => ({}))) as Partial<components["schemas"]["ProblemDetails"]>;
  const fallback = `HTTP ${response.status}`;
  throw new Problem(body.message_en ?? fallback, body.message_ar ?? fallback, body.request_id ?? "");
}

/** All cameras, page after page. */
export async function cameras(signal?: AbortSignal): Promise<Camera[]> {
  const all: Camera[] = [];
  let cursor: string | null | undefined;
  do {
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
    const page = await get<components["schemas"]["CamerasAnswer"]>(`/api/cameras${query}`, signal);
    all.push(...page.cameras);
    cursor = page.next_cursor;
  } while (cursor);
  return all;
}

export const camera = (id: string, signal?: AbortSignal) =>
  get<Camera>(`/api/cameras/${encodeURIComponent(id)}`, signal);

const span = (start: Date, end: Date) => `start=${start.toISOString()}&end=${end.toISOString()}`;

/** The newest segments of a span come last. */
export const segments = (id: string, start: Date, end: Date, signal?: AbortSignal) =>
  get<components["schemas"]["SegmentsAnswer"]>(
    `/api/recordings/${encodeURIComponent(id)}/segments?limit=10000&${span(start, end)}`,
    signal,
  );

export const coverage = (id: string, start: Date, end: Date, signal?: AbortSignal) =>
  get<Coverage>(`/api/recordings/${encodeURIComponent(id)}/coverage?${span(start, end)}`, signal);

/** Address of any span as one MP4. */
export const mediaUrl = (id: string, start: string, end: string) =>
  `/api/playback/${encodeURIComponent(id)}/media.mp4?start=${encodeURIComponent(start)}&end=${encodeURIComponent(end)}`;
