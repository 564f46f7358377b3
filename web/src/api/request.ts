import { ProblemError, readProblem } from "./problem";
import { noteServerDate } from "./server-clock";

/** An answer that takes longer than this is not coming. */
const TIMEOUT_MS = 20_000;

export type Query = Record<string, string | number | boolean>;
type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** What the server said of who asks: nobody it knows, or somebody who may not. */
export type Refusal = "unauthenticated" | "forbidden";

const listeners = new Set<(refusal: Refusal) => void>();

/** Tells of every refusal, whoever asked; the session decides what follows. Returns how to stop. */
export function onRefusal(listener: (refusal: Refusal) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function withQuery(path: string, query: Query): string {
  const text = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, `${value}`]),
  ).toString();
  return text === "" ? path : `${path}?${text}`;
}

export async function get<T>(path: string, query: Query, signal: AbortSignal): Promise<T> {
  return (await ask("GET", withQuery(path, query), undefined, signal)).json();
}

/** Asks for a change, and reads the answer. */
export async function send<T>(method: Method, path: string, body?: unknown): Promise<T> {
  return (await ask(method, path, body)).json();
}

/** Asks for a change whose answer has nothing to read. */
export async function order(method: Method, path: string, body?: unknown): Promise<void> {
  await ask(method, path, body);
}

async function ask(method: Method, url: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = {
    Accept: "application/json",
    "Accept-Language": document.documentElement.lang,
  };
  const init: RequestInit = { method, headers, signal: withTimeout(signal) };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const sent = Date.now();
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    signal?.throwIfAborted();
    throw new ProblemError({ kind: "unreachable" }, { cause: error });
  }
  if (!response.ok) {
    throw await refused(response);
  }
  noteServerDate(response.headers.get("date"), sent, Date.now());
  return response;
}

function withTimeout(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

async function refused(response: Response): Promise<ProblemError> {
  const problem = await readProblem(response);
  const error = new ProblemError(problem, {
    status: response.status,
    retryAfterMs: waitOf(response.headers.get("retry-after")),
  });
  const refusal = refusalOf(response.status, error.code);
  if (refusal !== null) {
    for (const listener of listeners) {
      listener(refusal);
    }
  }
  return error;
}

/** Codes of nobody being signed in, or not any more. A wrong password is a 401 too, but no reason to sign in anew. */
const SIGNED_OUT = ["unauthenticated", "credentials_wrong"];

export function refusalOf(status: number, code: string | null): Refusal | null {
  if (status === 401 && SIGNED_OUT.includes(code ?? "")) {
    return "unauthenticated";
  }
  return status === 403 ? "forbidden" : null;
}

const WAIT_MAX_MS = 3_600_000;

/** How long a server wants to be left alone: whole seconds, at most an hour. */
export function waitOf(retryAfter: string | null): number | null {
  const seconds = retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : Number.NaN;
  return Number.isNaN(seconds) ? null : Math.min(seconds * 1_000, WAIT_MAX_MS);
}
