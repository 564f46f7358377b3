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

/** Takes along a text that is only made when it is wanted. */
export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const { t } = useI18n();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    setCopied(false);
    setCopied(await copiedUnseen(text()));
  };
  return (
    <>
      <button type="button" className="button" onClick={() => void copy()}>
        <CopyIcon />
        {label}
      </button>
      <span className="muted small" role="status">
        {isCopied && t("secret.copied")}
      </span>
    </>
  );
}

/** Puts a text that stands nowhere on the page on the clipboard. */
async function copiedUnseen(text: string): Promise<boolean> {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = await copied(text);
  area.remove();
  return isCopied;
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
