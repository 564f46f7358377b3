import ar from "./ar.json";
import en from "./en.json";
import type { Language } from "./language";

/** Keys with forms for each plural category are written `key#one`, `key#other`. */
type Written = keyof typeof en;

export type Key = Exclude<Written, `${string}#${string}`>;
export type PluralKey = Written extends infer W ? (W extends `${infer Base}#other` ? Base : never) : never;
export type Values = Record<string, string | number>;

const catalogues: Record<Language, Record<string, string>> = { en, ar };

export function hasMessage(key: string): key is Key {
  return key in en;
}

/** The text of a key, its `{names}` replaced. */
export function message(language: Language, key: Key, values: Values = {}): string {
  return filled(catalogues[language][key] ?? catalogues.en[key] ?? key, values);
}

/** The form of a key that fits `count`, with one of its own for none; `{count}` is the number as people write it. */
export function plural(
  language: Language,
  key: PluralKey,
  count: number,
  written: string,
  values: Values = {},
): string {
  const catalogue = catalogues[language];
  const form = new Intl.PluralRules(language).select(count);
  const none = count === 0 ? catalogue[`${key}#zero`] : undefined;
  const text = none ?? catalogue[`${key}#${form}`] ?? catalogue[`${key}#other`] ?? key;
  return filled(text, { ...values, count: written });
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => `${values[name] ?? whole}`);
}
