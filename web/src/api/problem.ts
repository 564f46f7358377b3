import type { ProblemDetails } from "./types";

/**
 * Why an answer is missing: the server said so (problem details), something else answered, what came cannot be
 * played by this browser, or nothing came.
 */
export type Problem =
  | { kind: "answered"; details: ProblemDetails }
  | { kind: "unreadable"; status: number; requestId: string | null }
  | { kind: "unplayable"; requestId: string | null }
  | { kind: "unreachable" };

interface More extends ErrorOptions {
  status?: number;
  retryAfterMs?: number | null;
}

export class ProblemError extends Error {
  readonly problem: Problem;
  /** The HTTP status; 0 when nothing came. */
  readonly status: number;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | null;

  constructor(problem: Problem, { status = 0, retryAfterMs = null, ...options }: More = {}) {
    super(problem.kind === "answered" ? problem.details.message_en : problem.kind, options);
    this.problem = problem;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  get code(): string | null {
    return codeOf(this.problem);
  }
}

/** The server's word for what is wrong, by which programs decide. */
export function codeOf(problem: Problem | null): string | null {
  return problem?.kind === "answered" ? problem.details.code : null;
}

/** Reads a failed answer. Proxies answer with pages of their own: those are `unreadable`. */
export async function readProblem(response: Response): Promise<Problem> {
  const requestId = response.headers.get("x-request-id");
  const unreadable: Problem = { kind: "unreadable", status: response.status, requestId };
  if (!response.headers.get("content-type")?.includes("json")) {
    return unreadable;
  }
  try {
    const body: unknown = await response.json();
    return isProblemDetails(body) ? { kind: "answered", details: body } : unreadable;
  } catch {
    return unreadable;
  }
}

function isProblemDetails(body: unknown): body is ProblemDetails {
  if (typeof body !== "object" || body === null) {
    return false;
  }
  const fields = body as Record<string, unknown>;
  return ["code", "message_en", "message_ar"].every((name) => typeof fields[name] === "string");
}

/** Any thrown thing as a problem. */
export function asProblem(thrown: unknown): Problem {
  return thrown instanceof ProblemError ? thrown.problem : { kind: "unreachable" };
}
