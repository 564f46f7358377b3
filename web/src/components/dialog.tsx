import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useAction } from "../api/use-action";
import { useI18n } from "../i18n";
import { CloseIcon } from "./icons";
import { ProblemNotice } from "./problem-notice";

interface Props {
  title: string;
  close: () => void;
  /** What it shows is shown this once: only its buttons close it. */
  isKept?: boolean;
  children: ReactNode;
}

/** A window of its own: the browser keeps the focus inside, and gives it back afterwards. */
export function Dialog({ title, close, isKept = false, children }: Props) {
  const { t } = useI18n();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  // A browser lets a page refuse Escape only once, then closes the window all the same.
  const onClose = () => {
    if (dialog.current?.open === false) {
      isKept ? dialog.current.showModal() : close();
    }
  };
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        if (!isKept) {
          close();
        }
      }}
      onClose={onClose}
    >
      <div className="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button
          type="button"
          className="button quiet icon-only"
          aria-label={t("dialog.close")}
          title={t("dialog.close")}
          onClick={close}
        >
          <CloseIcon />
        </button>
      </div>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  /** What happens, in plain words. */
  text: ReactNode;
  verb: string;
  act: () => Promise<void>;
  /** After it is done. */
  done: () => void;
  close: () => void;
}

/** Asks before something is done that cannot be taken back. */
export function ConfirmDialog({ title, text, verb, act, done, close }: ConfirmProps) {
  const { t } = useI18n();
  const action = useAction();
  return (
    <Dialog title={title} close={close}>
      <p>{text}</p>
      {action.problem !== null && <ProblemNotice problem={action.problem} />}
      <div className="dialog-end">
        <button type="button" className="button" onClick={close}>
          {t("dialog.cancel")}
        </button>
        <button
          type="button"
          className="button danger"
          disabled={action.isBusy}
          onClick={() =>
            action.run(async () => {
              await act();
              done();
            })
          }
        >
          {verb}
        </button>
      </div>
    </Dialog>
  );
}
