import { useEffect, useState } from "react";
import { asProblem, type Problem, ProblemError } from "./problem";

export interface Polled<T> {
  /** The last good answer; kept while later ones fail. */
  data: T | null;
  /** Why the newest answer is missing; null when it is there. */
  problem: Problem | null;
  /** Asks again at once. */
  retry: () => void;
}

interface Answer<T> {
  key: string;
  data: T | null;
  problem: Problem | null;
}

/**
 * Asks every `everyMs` after the last answer, while the page is visible. A new `key` is a new question: the
 * old answer is dropped. `everyMs` of null asks once. A server that asks for patience (`Retry-After`) gets it.
 */
export function usePolled<T>(
  key: string,
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs: number | null,
): Polled<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ key, data: null, problem: null });
  const [round, setRound] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the question
  useEffect(() => {
    const stopped = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      let waitMs = everyMs;
      try {
        const data = await ask(stopped.signal);
        setAnswer({ key, data, problem: null });
      } catch (thrown) {
        if (stopped.signal.aborted) {
          return;
        }
        waitMs = everyMs === null ? null : Math.max(everyMs, askedToWait(thrown));
        setAnswer((last) => ({ key, data: last.key === key ? last.data : null, problem: asProblem(thrown) }));
      }
      if (waitMs !== null && !stopped.signal.aborted) {
        timer = setTimeout(pollWhenVisible, waitMs);
      }
    };
    const pollWhenVisible = () => {
      if (document.visibilityState === "visible") {
        void poll();
      } else {
        document.addEventListener("visibilitychange", pollWhenVisible, {
          once: true,
          signal: stopped.signal,
        });
      }
    };
    pollWhenVisible();
    return () => {
      stopped.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, round]);

  const isCurrent = answer.key === key;
  return {
    data: isCurrent ? answer.data : null,
    problem: isCurrent ? answer.problem : null,
    retry: () => setRound((last) => last + 1),
  };
}

function askedToWait(thrown: unknown): number {
  return thrown instanceof ProblemError ? (thrown.retryAfterMs ?? 0) : 0;
}
