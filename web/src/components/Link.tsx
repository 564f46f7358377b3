import type { ReactNode } from "react";

/** Goes to a page of the console without loading it anew. */
export function go(path: string) {
  history.pushState(null, "", path);
  window.dispatchEvent(new PopStateEvent("popstate"));
  window.scrollTo(0, 0);
}

interface Props {
  to: string;
  label?: string;
  className?: string;
  children: ReactNode;
}

export function Link({ to, label, className, children }: Props) {
  return (
    <a
      href={to}
      className={className}
      aria-label={label}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
