// What of the audit is shown: kept in the address, so that it can be handed on.

import type { Query } from "../../../api/request";

export const PERIODS = ["hour", "day", "week", "month", "all", "span"] as const;

export type Period = (typeof PERIODS)[number];

export const WORDS = ["who", "action", "object", "agency"] as const;

export type Word = (typeof WORDS)[number];

export interface Filters extends Record<Word, string> {
  period: Period;
  /** Of a span: RFC 3339 in UTC, or empty for an open end. */
  start: string;
  end: string;
  /** `ok`, `refused` (all that are not), a code, or empty. */
  result: string;
}

const PERIOD_MS: Partial<Record<Period, number>> = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_592_000_000,
};

const DEFAULT: Period = "week";
const WORD_MAX = 200;

const moment = (text: string | null): string => {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? "" : new Date(ms).toISOString();
};

/** Reads an address; what is not understood is left out. */
export function filtersOf(params: URLSearchParams): Filters {
  const word = (name: string) => (params.get(name) ?? "").trim().slice(0, WORD_MAX);
  const start = moment(params.get("start"));
  const end = moment(params.get("end"));
  const named = PERIODS.find((period) => period === params.get("period")) ?? DEFAULT;
  return {
    period: start !== "" || end !== "" ? "span" : named,
    start,
    end,
    who: word("who"),
    action: word("action"),
    object: word("object"),
    agency: word("agency"),
    result: word("result"),
  };
}

/** The address's part for these filters, without what goes without saying. */
export function paramsOf(filters: Filters): string {
  const params = new URLSearchParams();
  const put = (name: string, value: string) => value !== "" && params.set(name, value);
  if (filters.period === "span") {
    put("period", "span");
    put("start", filters.start);
    put("end", filters.end);
  } else if (filters.period !== DEFAULT) {
    put("period", filters.period);
  }
  for (const word of WORDS) {
    put(word, filters[word]);
  }
  put("result", filters.result);
  return params.toString();
}

/** The question to the server. */
export function queryOf(filters: Filters, now: number): Query {
  const length = PERIOD_MS[filters.period];
  const start = length === undefined ? filters.start : new Date(now - length).toISOString();
  const all = {
    start,
    end: filters.end,
    who: filters.who,
    action: filters.action,
    object: filters.object,
    agency: filters.agency,
    result: filters.result,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** A moment as date inputs write it, by the viewer's clock; to the minute. */
export function localOf(moment: string): string {
  const ms = Date.parse(moment);
  if (Number.isNaN(ms)) {
    return "";
  }
  const offset = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offset).toISOString().slice(0, 16);
}

/** And back, to UTC. */
export function momentOf(local: string): string {
  const ms = new Date(local).getTime();
  return Number.isNaN(ms) ? "" : new Date(ms).toISOString();
}

/** Whether a row tells of something that was not done. */
export function isRefused(result: string): boolean {
  return result !== "ok";
}
