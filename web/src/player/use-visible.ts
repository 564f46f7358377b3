import { type RefObject, useEffect, useState } from "react";

/** A tab that is left for a moment keeps its pictures this long. */
const LINGER_MS = 5_000;

/** Whether an element can be seen: scrolled into view, in a tab that is in front. */
export function useVisible(element: RefObject<Element | null>): boolean {
  const [isInView, setInView] = useState(true);
  const [isInFront, setInFront] = useState(document.visibilityState === "visible");

  useEffect(() => {
    if (element.current === null) {
      return;
    }
    const observer = new IntersectionObserver(
      (entries) => setInView(entries.at(-1)?.isIntersecting ?? true),
      { rootMargin: "120px" },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = () => {
      clearTimeout(timer);
      if (document.visibilityState === "visible") {
        setInFront(true);
      } else {
        timer = setTimeout(() => setInFront(false), LINGER_MS);
      }
    };
    document.addEventListener("visibilitychange", changed);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", changed);
    };
  }, []);

  return isInView && isInFront;
}
