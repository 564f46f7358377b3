import type { Language } from "./language";

// Arabic is written with Latin digits: the pictures' burnt-in clocks, addresses and sizes beside have them too.
const LOCALES: Record<Language, string> = { en: "en-GB", ar: "ar-u-nu-latn" };

export interface Format {
  number(value: number, digits?: number): string;
  /** Always with one digit after the point, so that it does not jump while it is counted. */
  tenths(value: number): string;
  /** 14:03:22 */
  time(ms: number): string;
  /** 14:03 */
  minute(ms: number): string;
  /** 21 November 2026 */
  date(ms: number): string;
  /** Saturday 21 November 2026, or without the year. */
  day(ms: number): string;
  dateTime(ms: number): string;
  /** 3m 20s: the two largest units. */
  duration(ms: number): string;
  /** 3 minutes ago, in 2 days. */
  ago(ms: number, now: number): string;
  bytes(value: number): string;
  bitrate(bitsPerSecond: number): string;
  /** The viewer's time zone by name. */
  zone(): string;
}

export function formatFor(language: Language, timeZone?: string): Format {
  const locale = LOCALES[language];
  const dates = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { ...(timeZone ? { timeZone } : {}), ...options });
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const full = { day: "numeric", month: "long", year: "numeric" } as const;
  const time = dates({ ...clock, second: "2-digit" });
  const minute = dates(clock);
  const date = dates(full);
  const day = dates({ weekday: "long", ...full });
  const dateTime = dates({ ...full, ...clock, second: "2-digit" });
  const zone = dates({ timeZoneName: "short" });
  const relative = new Intl.RelativeTimeFormat(locale);
  const present = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second");
  const list = new Intl.ListFormat(locale, { type: "unit", style: "narrow" });
  const unit = (value: number, name: string, digits: number, unitDisplay: "short" | "narrow" = "short") =>
    new Intl.NumberFormat(locale, {
      style: "unit",
      unit: name,
      unitDisplay,
      maximumFractionDigits: digits,
    }).format(value);

  return {
    number: (value, digits = 0) =>
      new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value),
    tenths: (value) =>
      new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value),
    time: (ms) => time.format(ms),
    minute: (ms) => minute.format(ms),
    date: (ms) => date.format(ms),
    day: (ms) => day.format(ms),
    dateTime: (ms) => dateTime.format(ms),
    duration: (ms) => list.format(durationParts(ms).map(([value, name]) => unit(value, name, 0, "narrow"))),
    ago: (ms, now) => {
      const parts = agoParts(ms, now);
      return parts === null ? present : relative.format(...parts);
    },
    bytes: (value) => scaled(value, ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"], unit),
    bitrate: (value) =>
      scaled(
        value,
        ["bit-per-second", "kilobit-per-second", "megabit-per-second", "gigabit-per-second"],
        unit,
      ),
    zone: () => zone.formatToParts().find((part) => part.type === "timeZoneName")?.value ?? "",
  };
}

const UNITS = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
] as const;

/** A duration in its two largest units, in whole seconds; under a second counts as one. */
export function durationParts(ms: number): [number, string][] {
  let rest = Math.max(1, Math.round(ms / 1_000));
  const parts: [number, string][] = [];
  for (const [seconds, name] of UNITS) {
    const value = Math.floor(rest / seconds);
    rest -= value * seconds;
    if (value > 0) {
      parts.push([value, name]);
    }
  }
  return parts.slice(0, 2);
}

const LONG_UNITS = [
  [31_536_000, "year"],
  [2_592_000, "month"],
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
] as const;

/** A time as seen from now, in its largest unit, rounded; null for what is under a minute away. */
export function agoParts(ms: number, now: number): [number, Intl.RelativeTimeFormatUnit] | null {
  const seconds = (ms - now) / 1_000;
  for (const [length, name] of LONG_UNITS) {
    if (Math.abs(seconds) >= length) {
      return [Math.round(seconds / length), name];
    }
  }
  return null;
}

function scaled(
  value: number,
  names: readonly string[],
  unit: (value: number, name: string, digits: number) => string,
): string {
  let step = 0;
  let rest = value;
  while (rest >= 1_000 && step < names.length - 1) {
    rest /= 1_000;
    step += 1;
  }
  return unit(rest, names[step] ?? "byte", step === 0 || rest >= 100 ? 0 : 1);
}
