import { useState } from "react";
import { asProblem, type Problem } from "./problem";

export interface Action {
  isBusy: boolean;
  /** Why the last try failed. */
  problem: Problem | null;
  /** Does it, one at a time; what follows stands at the end of `act` and is left out when it fails. */
  run: (act: () => Promise<void>) => void;
}

/** Something that a person asks the server to do. */
export function useAction(): Action {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const attempt = async (act: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await act();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, problem, run: (act) => isBusy || void attempt(act) };
}
