import { ProblemError, readProblem } from "./problem";
import { noteServerDate } from "./server-clock";
import type { Camera, CameraPage, Coverage, Segment, SegmentPage } from "./types";

/** An answer that takes longer than this is not coming. */
const TIMEOUT_MS = 20_000;
/** Cameras that the wall asks for at once. */
export const CAMERAS_MAX = 1_000;
/** Segments that one list holds; a day of quarters of an hour is 96. */
const SEGMENTS_MAX = 5_000;

type Query = Record<string, string | number>;

async function get<T>(path: string, query: Query, signal: AbortSignal): Promise<T> {
  const text = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, `${value}`]),
  ).toString();
  const sent = Date.now();
  let response: Response;
  try {
    response = await fetch(text === "" ? path : `${path}?${text}`, {
      headers: { Accept: "application/json", "Accept-Language": document.documentElement.lang },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new ProblemError({ kind: "unreachable" }, { cause: error });
  }
  if (!response.ok) {
    throw new ProblemError(await readProblem(response));
  }
  noteServerDate(response.headers.get("date"), sent, Date.now());
  return (await response.json()) as T;
}

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
