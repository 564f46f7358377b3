import { useRef, useState } from "react";
import { useI18n } from "../i18n";
import { CopyIcon } from "./icons";

/** Something that is shown this once, and how to take it along. */
export function SecretOnce({ label, secret }: { label: string; secret: string }) {
  const { t } = useI18n();
  const input = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<"new" | "copied" | "selected">("new");
  const copy = async () => {
    input.current?.select();
    setState((await copied(secret)) ? "copied" : "selected");
  };
  return (
    <div className="secret">
      <div className="input-group">
        <input
          ref={input}
          className="input code"
          dir="ltr"
          readOnly
          aria-label={label}
          value={secret}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" className="button primary" onClick={() => void copy()}>
          <CopyIcon />
          {t("secret.copy")}
        </button>
      </div>
      <p className="field-note" role="status">
        {state === "copied" && t("secret.copied")}
        {state === "selected" && t("secret.selected")}
      </p>
      <p>{t("secret.once")}</p>
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
