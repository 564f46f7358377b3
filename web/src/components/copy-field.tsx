import { useId, useRef, useState } from "react";
import { useI18n } from "../i18n";
import { CopyIcon } from "./icons";

interface Props {
  label: string;
  value: string;
  /** The label is spoken only: what stands around says it. */
  isBare?: boolean;
}

/** A text to take along. */
export function CopyField({ label, value, isBare = false }: Props) {
  const { t } = useI18n();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<"new" | "copied" | "selected">("new");
  const copy = async () => {
    input.current?.select();
    setState((await copied(value)) ? "copied" : "selected");
  };
  return (
    <div className="field">
      <label htmlFor={id} className={isBare ? "visually-hidden" : undefined}>
        {label}
      </label>
      <div className="input-group">
        <input
          ref={input}
          id={id}
          className="input code"
          dir="ltr"
          readOnly
          value={value}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" className="button primary" onClick={() => void copy()}>
          <CopyIcon />
          {t("secret.copy")} <span className="visually-hidden">{label}</span>
        </button>
      </div>
      <p className="field-note" role="status">
        {state === "copied" && t("secret.copied")}
        {state === "selected" && t("secret.selected")}
      </p>
    </div>
  );
}

/** Puts it on the clipboard; over plain HTTP only the old way, by selection, is there. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
