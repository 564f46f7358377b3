import { get, type Query } from "./request";
import type { Camera, CameraPage, Coverage, Segment, SegmentPage } from "./types";

/** Cameras that the wall asks for at once. */
export const CAMERAS_MAX = 1_000;
/** Segments that one list holds; a day of quarters of an hour is 96. */
const SEGMENTS_MAX = 5_000;

const camera = (id: string) => encodeURIComponent(id);

export function getCameras(signal: AbortSignal): Promise<CameraPage> {
  return get("/api/cameras", { limit: CAMERAS_MAX }, signal);
}

export function getCamera(id: string, signal: AbortSignal): Promise<Camera> {
  return get(`/api/cameras/${camera(id)}`, {}, signal);
}

/** A span of time, in milliseconds since 1970. */
export interface Range {
  start: number;
  end: number;
}

const rangeQuery = (range: Range) => ({
  start: new Date(range.start).toISOString(),
  end: new Date(range.end).toISOString(),
});

export interface SegmentList {
  segments: Segment[];
  /** True when the span holds more than one list shows. */
  isCut: boolean;
}

/** The segments of a span, oldest first. */
export async function getSegments(id: string, range: Range, signal: AbortSignal): Promise<SegmentList> {
  const segments: Segment[] = [];
  let cursor: string | null | undefined;
  do {
    const query: Query = { ...rangeQuery(range), limit: 1_000 };
    if (cursor) {
      query.cursor = cursor;
    }
    const page: SegmentPage = await get(`/api/recordings/${camera(id)}/segments`, query, signal);
    segments.push(...page.segments);
    cursor = page.next_cursor;
  } while (cursor && segments.length < SEGMENTS_MAX);
  return { segments, isCut: Boolean(cursor) };
}

export function getCoverage(id: string, range: Range, signal: AbortSignal): Promise<Coverage> {
  return get(`/api/recordings/${camera(id)}/coverage`, rangeQuery(range), signal);
}

/** Where a span of a camera's recording can be played. */
export function mediaUrl(id: string, range: Range): string {
  const query = new URLSearchParams(rangeQuery(range));
  return `/api/playback/${camera(id)}/media.mp4?${query.toString()}`;
}
