import { useState } from "react";
import { getCoverage, getSegments, type Range } from "../../api/client";
import type { Problem } from "../../api/problem";
import { serverNow } from "../../api/server-clock";
import type { Coverage, Segment } from "../../api/types";
import { usePolled } from "../../api/use-polled";
import { isOpen, type Period, rangeOf } from "./period";

const POLL_EVERY_MS = 5_000;

export interface RecordingsState {
  period: Period;
  choose: (period: Period) => void;
  /** The span that the answer is about. */
  range: Range;
  /** Oldest first. */
  segments: Segment[];
  coverage: Coverage | null;
  isCut: boolean;
  isLoading: boolean;
  problem: Problem | null;
  retry: () => void;
}

/** A camera's recordings in a chosen period; asked again while more can come. */
export function useRecordings(id: string): RecordingsState {
  const [period, choose] = useState<Period>({ kind: "last", hours: 1 });
  const ask = async (signal: AbortSignal) => {
    const range = rangeOf(period, serverNow());
    const [list, coverage] = await Promise.all([
      getSegments(id, range, signal),
      getCoverage(id, range, signal),
    ]);
    return { range, coverage, ...list };
  };
  const every = isOpen(period, serverNow()) ? POLL_EVERY_MS : null;
  const { data, problem, retry } = usePolled(`recordings ${id} ${JSON.stringify(period)}`, ask, every);
  return {
    period,
    choose,
    range: data?.range ?? rangeOf(period, serverNow()),
    segments: data?.segments ?? [],
    coverage: data?.coverage ?? null,
    isCut: data?.isCut ?? false,
    isLoading: data === null && problem === null,
    problem,
    retry,
  };
}
