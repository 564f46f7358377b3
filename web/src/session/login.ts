// What is decided about logins without asking anybody.

import type { Problem } from "../api/problem";
import type { Login, Me } from "../api/types";

export const LOGIN_PATH = "/login";

const PASSWORD_ONLY = { password: true, oidc: null };

/** The ways to sign in, out of an answer; `oidc` is the name of the organisation's provider. */
export function loginOf(said: unknown): Login {
  if (typeof said !== "object" || said === null) {
    return PASSWORD_ONLY;
  }
  const { password, oidc } = said as Record<string, unknown>;
  const provider = typeof oidc === "string" && oidc !== "" ? oidc : null;
  return { password: password !== false || provider === null, oidc: provider };
}

export function loginOfProblem(problem: Problem): Login {
  return loginOf(problem.kind === "answered" ? (problem.details as Record<string, unknown>).login : null);
}

/** A page of this console that somebody may be sent back to, else the wall: never another origin, nor the login. */
export function safeReturn(wanted: string | null, origin: string): string {
  if (wanted === null || !wanted.startsWith("/")) {
    return "/";
  }
  try {
    const url = new URL(wanted, origin);
    const path = `${url.pathname}${url.search}${url.hash}`;
    const isPage = url.origin === origin && url.pathname !== LOGIN_PATH && !path.startsWith("//");
    return isPage ? path : "/";
  } catch {
    return "/";
  }
}

/** The login that comes back to `address` afterwards. */
export function loginPath(address: URL): string {
  const back = safeReturn(`${address.pathname}${address.search}${address.hash}`, address.origin);
  return back === "/" ? LOGIN_PATH : `${LOGIN_PATH}?${new URLSearchParams({ return: back })}`;
}

/** A server without a login, also one that is older than the question. */
export const OPEN: Me = {
  user: "",
  user_id: "",
  kind: "open",
  role: "admin",
  roles: ["admin"],
  agencies: ["*"],
  scopes: [],
  session: null,
  must_change_password: false,
  login: { password: false, oidc: null },
};

export const SECTIONS = ["people", "keys", "sessions", "audit"] as const;

export type Section = (typeof SECTIONS)[number];

/** The pages of the administration that one may use. Without a login there are no sessions. */
export function sectionsOf(me: Me): Section[] {
  if (me.kind === "open") {
    return ["people", "keys", "audit"];
  }
  if (me.role === "admin") {
    return [...SECTIONS];
  }
  return me.role === "supervisor" ? ["audit"] : [];
}

/** Whether somebody is signed in, rather than let in without. */
export function isPerson(me: Me): boolean {
  return me.kind !== "open" && me.kind !== "nobody";
}

/** Minutes until one may try again: what the answer says, else its waiting time; at least one. */
export function lockedMinutes(problem: Problem, retryAfterMs: number | null): number {
  const said =
    problem.kind === "answered" ? Number((problem.details as Record<string, unknown>).minutes) : Number.NaN;
  const minutes = said > 0 ? said : (retryAfterMs ?? 0) / 60_000;
  return Math.min(Math.max(1, Math.ceil(minutes)), 1_440);
}
