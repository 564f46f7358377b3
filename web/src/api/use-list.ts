import { useEffect, useState } from "react";
import { asProblem, type Problem } from "./problem";

export interface Listed<T> {
  /** The rows so far; null until the first come. */
  rows: T[] | null;
  /** Why the newest answer is missing; null when it is there. */
  problem: Problem | null;
  isBusy: boolean;
  hasMore: boolean;
  /** Asks for the next rows. */
  more: () => void;
  /** Begins anew; the old rows stay until the new ones come. */
  reload: () => void;
}

export interface Page<T> {
  rows: T[];
  next: string | null;
}

interface Step {
  key: string;
  cursor: string | null;
}

interface Answer<T> {
  key: string;
  step: Step | null;
  rows: T[] | null;
  next: string | null;
  problem: Problem | null;
}

const NONE = { step: null, rows: null, next: null, problem: null };

/** A list that is read page by page. A new `key` is a new question: the old rows are dropped. */
export function useList<T>(
  key: string,
  ask: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>,
): Listed<T> {
  const [step, setStep] = useState<Step>({ key, cursor: null });
  const [kept, setKept] = useState<Answer<T>>({ key, ...NONE });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the question
  useEffect(() => {
    const stopped = new AbortController();
    const cursor = step.key === key ? step.cursor : null;
    const read = async () => {
      try {
        const page = await ask(cursor, stopped.signal);
        setKept((last) => {
          const before = cursor !== null && last.key === key ? (last.rows ?? []) : [];
          return { key, step, rows: [...before, ...page.rows], next: page.next, problem: null };
        });
      } catch (thrown) {
        if (!stopped.signal.aborted) {
          setKept((last) => ({
            ...(last.key === key ? last : { key, ...NONE }),
            step,
            problem: asProblem(thrown),
          }));
        }
      }
    };
    void read();
    return () => stopped.abort();
  }, [key, step]);

  const answer = kept.key === key ? kept : { key, ...NONE };
  return {
    rows: answer.rows,
    problem: answer.problem,
    isBusy: answer.step !== step,
    hasMore: answer.next !== null,
    more: () => setStep({ key, cursor: answer.next }),
    reload: () => setStep({ key, cursor: null }),
  };
}
