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

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.kind === "answered" ? problem.details.message_en : problem.kind, options);
    this.problem = problem;
  }
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
