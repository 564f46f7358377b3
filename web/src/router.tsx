import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";
import { LOGIN_PATH, SECTIONS, type Section } from "./session/login";

export type Route =
  | { page: "wall" }
  | { page: "camera"; id: string }
  | { page: "connect"; id: string }
  | { page: "login" }
  | { page: "account" }
  | { page: "admin"; section: Section }
  | { page: "unknown" };

const FIXED: Record<string, Route> = {
  "/": { page: "wall" },
  [LOGIN_PATH]: { page: "login" },
  "/account": { page: "account" },
};

export function routeOf(path: string): Route {
  const plain = path.replace(/\/$/, "");
  const section = SECTIONS.find((candidate) => plain === adminPath(candidate));
  if (section !== undefined) {
    return { page: "admin", section };
  }
  return FIXED[plain === "" ? "/" : plain] ?? cameraRoute(path);
}

function cameraRoute(path: string): Route {
  const [, id, rest] = /^\/cameras\/([^/]+)(\/connect)?\/?$/.exec(path) ?? [];
  const page = rest === undefined ? "camera" : "connect";
  try {
    return id === undefined ? { page: "unknown" } : { page, id: decodeURIComponent(id) };
  } catch {
    return { page: "unknown" };
  }
}

export function adminPath(section: Section): string {
  return `/admin/${section}`;
}

export function cameraPath(id: string): string {
  return `/cameras/${encodeURIComponent(id)}`;
}

/** Where the connection to a camera's picture is checked. */
export function connectPath(id: string): string {
  return `${cameraPath(id)}/connect`;
}

const MOVED = "vedette:moved";

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(MOVED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(MOVED, listener);
  };
}

/** Path and query of this page; re-renders when they change. */
export function useAddress(): URL {
  const href = useSyncExternalStore(subscribe, () => location.href);
  return new URL(href);
}

export function go(to: string, how: "push" | "replace" = "push"): void {
  const isOtherPage = new URL(to, location.href).pathname !== location.pathname;
  history[how === "push" ? "pushState" : "replaceState"](null, "", to);
  dispatchEvent(new Event(MOVED));
  if (isOtherPage) {
    scrollTo(0, 0);
  }
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { href: string };

/** A link within the console: no reload, and all that browsers do with links still works. */
export function Link({ href, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (isPlain && !event.defaultPrevented) {
      event.preventDefault();
      go(href);
    }
  };
  return <a href={href} onClick={follow} {...rest} />;
}
