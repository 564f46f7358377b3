export const LANGUAGES = ["en", "ar"] as const;

export type Language = (typeof LANGUAGES)[number];

const KEY = "vedette.language";

export function isLanguage(text: unknown): text is Language {
  return LANGUAGES.includes(text as Language);
}

/** The first of the browser's languages that the console speaks. */
export function preferredLanguage(wanted: readonly string[]): Language {
  const known = wanted.map((tag) => tag.toLowerCase().split("-")[0]).find(isLanguage);
  return known ?? "en";
}

/** What was chosen here before, else what the browser prefers. */
export function initialLanguage(): Language {
  const chosen = readChoice(KEY);
  return isLanguage(chosen) ? chosen : preferredLanguage(navigator.languages);
}

export function keepLanguage(language: Language): void {
  keepChoice(KEY, language);
}

export function direction(language: Language): "ltr" | "rtl" {
  return language === "ar" ? "rtl" : "ltr";
}

/** A choice kept in this browser; storage may be switched off. */
export function readChoice(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keepChoice(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it holds until the page is left.
  }
}
