import { useEffect, useState } from "react";

export interface Polled<T> {
  value: T | undefined;
  error: unknown;
}

/** Asks again and again while the page is visible; keeps the last answer through failures. */
export function usePolled<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  key: string,
): Polled<T> {
  const [state, setState] = useState<Polled<T> & { key: string }>({
    value: undefined,
    error: undefined,
    key,
  });
  useEffect(() => {
    const controller = new AbortController();
    let timer = 0;
    const round = async () => {
      if (!document.hidden) {
        try {
          const value = await ask(controller.signal);
          if (!controller.signal.aborted) setState({ value, error: undefined, key });
        } catch (error) {
          if (!controller.signal.aborted)
            setState((last) => ({ value: last.key === key ? last.value : undefined, error, key }));
        }
      }
      if (!controller.signal.aborted) timer = window.setTimeout(() => void round(), everyMs);
    };
    void round();
    return () => {
      controller.abort();
      window.clearTimeout(timer);
    };
    // `ask` is made anew at each rendering; `key` says when it means something else.
  }, [key, everyMs]);
  return state.key === key ? state : { value: undefined, error: undefined };
}
