import { useEffect, useSyncExternalStore } from "react";
import { keepChoice, readChoice } from "../i18n/language";

export const THEMES = ["auto", "dark", "light"] as const;

export type Theme = (typeof THEMES)[number];

const KEY = "vedette.theme";

let chosen: Theme = THEMES.find((theme) => theme === readChoice(KEY)) ?? "auto";
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function chooseTheme(theme: Theme): void {
  chosen = theme;
  keepChoice(KEY, theme);
  for (const listener of listeners) {
    listener();
  }
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => chosen);
}

/** Nothing chosen: a wall of pictures is dark, other pages are as the system likes it. */
export function effectiveTheme(theme: Theme, isWall: boolean, prefersLight: boolean): "dark" | "light" {
  if (theme !== "auto") {
    return theme;
  }
  return isWall || !prefersLight ? "dark" : "light";
}

/** Gives the document the theme that fits the page. */
export function useApplyTheme(isWall: boolean): void {
  const theme = useTheme();
  useEffect(() => {
    const preference = matchMedia("(prefers-color-scheme: light)");
    const apply = () => {
      document.documentElement.dataset.theme = effectiveTheme(theme, isWall, preference.matches);
    };
    apply();
    preference.addEventListener("change", apply);
    return () => preference.removeEventListener("change", apply);
  }, [theme, isWall]);
}
