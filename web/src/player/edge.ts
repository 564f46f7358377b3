// Keeps a picture that comes in parts at its live edge. Pure: what is buffered is an argument.

/** What is buffered, in seconds: spans that do not touch, oldest first. */
export type Spans = readonly (readonly [start: number, end: number])[];

export interface Chase {
  /** Where to go on instead; null: where it is. */
  seek: number | null;
  rate: number;
}

/** A picture that is this much behind what came is put at the edge. */
const JUMP_BEHIND_S = 1;
/** It is put this much before the edge, so that it does not stand at once. */
const CUSHION_S = 0.08;
/** How much faster it plays from how much behind on: hardly seen, and heard in its own pitch. */
const HURRY = [
  [0.5, 1.2],
  [0.25, 1.06],
] as const;

export function chase(position: number, spans: Spans): Chase {
  const last = spans.at(-1);
  if (last === undefined) {
    return { seek: null, rate: 1 };
  }
  const [start, end] = last;
  const behind = end - position;
  // Before the newest span something is missing: playing there would stand at the hole for ever.
  if (position < start || behind > JUMP_BEHIND_S || behind < -CUSHION_S) {
    return { seek: Math.max(start, end - CUSHION_S), rate: 1 };
  }
  return { seek: null, rate: HURRY.find(([from]) => behind > from)?.[1] ?? 1 };
}

/** What is kept behind the picture, in seconds. */
const KEEP_S = 6;
/** Removing a little each time costs more than it frees. */
const REMOVE_MIN_S = 6;

/** Up to where what was played can be removed; null: not yet worth it. */
export function removable(position: number, spans: Spans): number | null {
  const first = spans[0]?.[0];
  const until = position - KEEP_S;
  return first !== undefined && until - first >= REMOVE_MIN_S ? until : null;
}
