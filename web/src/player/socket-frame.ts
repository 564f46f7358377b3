// What comes over the socket of live parts; docs/design/live-socket.md.

const HEADER_LEN = 16;

export type Kind = "init" | "part" | "key";

const KINDS: readonly Kind[] = ["init", "part", "key"];

export interface Frame {
  /** The tile's. */
  id: number;
  kind: Kind;
  /** When its newest picture came to the server, milliseconds since 1970; 0 with `init`. */
  takenAt: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A binary message; null for one of an unknown kind, or too short to be one. */
export function frameOf(message: ArrayBuffer): Frame | null {
  if (message.byteLength < HEADER_LEN) {
    return null;
  }
  const header = new DataView(message, 0, HEADER_LEN);
  const kind = KINDS[header.getUint8(4)];
  if (kind === undefined) {
    return null;
  }
  const takenAt = Number(header.getBigUint64(8)) / 1_000;
  return { id: header.getUint32(0), kind, takenAt, bytes: new Uint8Array(message, HEADER_LEN) };
}

export interface Init {
  mime: string;
  codecs: string;
  omitted: string[];
}

export type Note =
  | { id: number; init: Init }
  | { id: number; waiting: true }
  | { id: number; skipped: true }
  | { id: number; error: { code: string; status: number } };

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

/** A text message; null for one that concerns no tile, or that this page does not know. */
export function noteOf(message: string): Note | null {
  let told: Fields | null;
  try {
    told = fields(JSON.parse(message));
  } catch {
    return null;
  }
  const id = told?.id;
  if (told === null || typeof id !== "number") {
    return null;
  }
  const [init, error] = [fields(told.init), fields(told.error)];
  if (init !== null) {
    const omitted = Array.isArray(init.omitted) ? init.omitted.map(text) : [];
    return { id, init: { mime: text(init.mime), codecs: text(init.codecs), omitted } };
  }
  if (error !== null) {
    const status = typeof error.status === "number" ? error.status : 0;
    return { id, error: { code: text(error.code), status } };
  }
  if (told.waiting === true) {
    return { id, waiting: true };
  }
  return told.skipped === true ? { id, skipped: true } : null;
}
