// Language, direction, and the forms of numbers and times.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import ar from "./ar.json";
import en from "./en.json";

export type Key = keyof typeof en;
export type Language = "en" | "ar";
type Values = Record<string, string | number>;

const words: Record<Language, Record<Key, string>> = { en, ar };
/** Latin digits in both languages: operators read them off cameras, maps and tickets. */
const locales: Record<Language, string> = { en: "en-GB", ar: "ar-AE-u-nu-latn" };
const STORED = "vedette.language";

export interface I18n {
  language: Language;
  setLanguage: (language: Language) => void;
  t: (key: Key, values?: Values) => string;
  /** A key that comes from the server; the word itself where it is not known. */
  word: (prefix: string, word: string) => string;
  time: (at: string | Date) => string;
  dateTime: (at: string | Date) => string;
  number: (value: number, digits?: number) => string;
}

export function translate(language: Language, key: Key, values: Values = {}): string {
  return words[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function preferred(stored: string | null, browser: string): Language {
  if (stored === "ar" || stored === "en") return stored;
  return browser.toLowerCase().startsWith("ar") ? "ar" : "en";
}

const Context = createContext<I18n | undefined>(undefined);

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() => preferred(localStorage.getItem(STORED), navigator.language));
  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
    localStorage.setItem(STORED, language);
  }, [language]);
  const value = useMemo<I18n>(() => {
    const locale = locales[language];
    const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
    const date = (at: string | Date) => (typeof at === "string" ? new Date(at) : at);
    return {
      language,
      setLanguage,
      t: (key, values) => translate(language, key, values),
      word: (prefix, word) => (words[language] as Record<string, string>)[`${prefix}.${word}`] ?? word,
      time: (at) => time.format(date(at)),
      dateTime: (at) => dateTime.format(date(at)),
      number: (value, digits = 0) =>
        new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value),
    };
  }, [language]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useI18n(): I18n {
  const value = useContext(Context);
  if (!value) throw new Error("useI18n is used inside I18nProvider");
  return value;
}
