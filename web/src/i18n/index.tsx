import { createContext, type ReactNode, use, useLayoutEffect, useMemo, useState } from "react";
import { type Format, formatFor } from "./format";
import { direction, initialLanguage, keepLanguage, type Language } from "./language";
import { type Key, message, type PluralKey, plural, type Values } from "./messages";

export interface I18n {
  language: Language;
  dir: "ltr" | "rtl";
  choose: (language: Language) => void;
  t: (key: Key, values?: Values) => string;
  /** The form of a text that fits the number. */
  n: (key: PluralKey, count: number, values?: Values) => string;
  format: Format;
}

const Context = createContext<I18n | null>(null);

function i18nOf(language: Language, choose: (language: Language) => void): I18n {
  const format = formatFor(language);
  return {
    language,
    dir: direction(language),
    choose,
    t: (key, values) => message(language, key, values),
    n: (key, count, values) => plural(language, key, count, format.number(count), values),
    format,
  };
}

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(initialLanguage);
  const i18n = useMemo(() => {
    const choose = (chosen: Language) => {
      keepLanguage(chosen);
      setLanguage(chosen);
    };
    return i18nOf(language, choose);
  }, [language]);
  useLayoutEffect(() => {
    document.documentElement.lang = i18n.language;
    document.documentElement.dir = i18n.dir;
  }, [i18n]);
  return <Context value={i18n}>{children}</Context>;
}

export function useI18n(): I18n {
  const i18n = use(Context);
  if (i18n === null) {
    throw new Error("useI18n needs an I18nProvider above it");
  }
  return i18n;
}
