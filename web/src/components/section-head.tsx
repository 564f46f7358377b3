import type { ReactNode } from "react";

interface Props {
  title: string;
  text: string;
  children?: ReactNode;
}

/** A page's title, what it is for, and what can be begun there. */
export function SectionHead({ title, text, children }: Props) {
  return (
    <div className="section-head">
      <div>
        <h1 className="page-title">{title}</h1>
        <p className="muted">{text}</p>
      </div>
      {children !== undefined && <div className="section-do">{children}</div>}
    </div>
  );
}
