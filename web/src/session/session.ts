// Who uses this console. One place knows it; every refusal of the server leads here.

import { useSyncExternalStore } from "react";
import { getMe, logout } from "../api/access";
import { asProblem, codeOf, type Problem, ProblemError } from "../api/problem";
import { onRefusal } from "../api/request";
import type { Login, Me } from "../api/types";
import { go } from "../router";
import { isPerson, LOGIN_PATH, loginOfProblem, loginPath, OPEN } from "./login";

export type Session =
  | { state: "asking" }
  | { state: "unknown"; problem: Problem }
  /** `hasEnded`: somebody was signed in until now. */
  | { state: "out"; login: Login; hasEnded: boolean }
  | { state: "in"; me: Me };

let session: Session = { state: "asking" };
let wasPerson = false;
/** When it was last found that somebody is signed in although something was refused. */
let heldAt = Number.NEGATIVE_INFINITY;
const listeners = new Set<() => void>();

function set(next: Session): void {
  session = next;
  for (const listener of listeners) {
    listener();
  }
}

export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}

/** Asks who is signed in. While the server is out of reach, what was known stays. */
export async function askWho(): Promise<void> {
  try {
    const me = await getMe(new AbortController().signal);
    wasPerson = isPerson(me);
    set({ state: "in", me });
  } catch (thrown) {
    const status = thrown instanceof ProblemError ? thrown.status : 0;
    const problem = asProblem(thrown);
    if (status === 404) {
      set({ state: "in", me: OPEN });
    } else if (status === 401) {
      const isKnown = wasPerson || (session.state === "out" && session.hasEnded);
      const hasEnded = isKnown || codeOf(problem) === "credentials_wrong";
      wasPerson = false;
      set({ state: "out", login: loginOfProblem(problem), hasEnded });
    } else if (session.state !== "in") {
      set({ state: "unknown", problem });
    }
  }
}

/** Leaves. Fails when the server did not hear of it: then one is still signed in. */
export async function signOut(): Promise<void> {
  await logout();
  wasPerson = false;
  set({ state: "asking" });
  go(LOGIN_PATH);
  await askWho();
}

/** A server that says both that one is signed in and that one is not is not asked faster than this. */
const HOLD_MS = 10_000;

/** Watches over the session for as long as the console is open. */
export function watchSession(): () => void {
  void askWho();
  return onRefusal((refusal) => {
    if (refusal === "forbidden") {
      // What one may do has changed: the menus follow.
      void askWho();
    } else if (session.state === "in" && performance.now() - heldAt > HOLD_MS) {
      set({ state: "asking" });
      void askWho().then(askForLogin);
    }
  });
}

/** Somebody who is let in without a login wanted what needs one; who is signed in stays. */
function askForLogin(): void {
  if (session.state !== "in") {
    return;
  }
  if (session.me.kind !== "nobody") {
    heldAt = performance.now();
  } else if (location.pathname !== LOGIN_PATH) {
    go(loginPath(new URL(location.href)), "replace");
  }
}
