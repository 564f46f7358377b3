// What the server itself finds about connections to a stream; read with care, since it is shown as it is.

import { get } from "../../api/request";
import { CHECK_STEPS, type CheckStep } from "./check";

export interface ServerFinding {
  step: CheckStep;
  state: "ok" | "failed" | "unknown" | "skipped";
  code: string;
  en: string;
  ar: string;
}

export async function getServerFindings(path: string, signal: AbortSignal): Promise<ServerFinding[]> {
  const stream = path.split("/").map(encodeURIComponent).join("/");
  return findingsOf(await get<unknown>(`/live/${stream}/connect-check`, {}, signal));
}

const STATES = ["ok", "failed", "unknown", "skipped"] as const;

type Fields = Record<string, unknown>;

const text = (value: unknown) => (typeof value === "string" ? value : "");

export function findingsOf(answer: unknown): ServerFinding[] {
  const steps = (answer as { steps?: unknown } | null)?.steps;
  return Array.isArray(steps) ? steps.flatMap((step) => findingOf(step as Fields | null)) : [];
}

function findingOf(told: Fields | null): ServerFinding[] {
  const step = CHECK_STEPS.find((known) => known === told?.step);
  const state = STATES.find((known) => known === told?.state);
  if (told === null || step === undefined || state === undefined) {
    return [];
  }
  return [{ step, state, code: text(told.code), en: text(told.message_en), ar: text(told.message_ar) }];
}
