import { type FormEvent, useState } from "react";
import { changePassword } from "../api/access";
import { codeOf, type Problem } from "../api/problem";
import { useAction } from "../api/use-action";
import { useI18n } from "../i18n";
import { PasswordField } from "./field";
import { ProblemNotice } from "./problem-notice";

/** What the server takes. */
export const PASSWORD_MIN = 8;

interface Props {
  /** The password that was typed a moment ago; asked for when it is not known. */
  current?: string | null;
  done: () => void;
}

export function PasswordForm({ current = null, done }: Props) {
  const { t, n } = useI18n();
  const action = useAction();
  const [typed, setTyped] = useState("");
  const [next, setNext] = useState("");
  const [isShort, setShort] = useState(false);
  const code = codeOf(action.problem);
  // What was kept is asked for after all when the server does not take it.
  const isAsked = current === null || code === "login_failed";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const tooShort = [...next].length < PASSWORD_MIN;
    setShort(tooShort);
    if (!tooShort) {
      action.run(async () => {
        await changePassword(isAsked ? typed : (current ?? ""), next);
        setTyped("");
        setNext("");
        done();
      });
    }
  };
  const rule = n("password.rule", PASSWORD_MIN);
  return (
    <form className="form" onSubmit={submit}>
      {isAsked && (
        <PasswordField
          label={t("password.current")}
          autoComplete="current-password"
          value={typed}
          change={setTyped}
          error={code === "login_failed" ? t("password.wrong") : null}
        />
      )}
      <PasswordField
        label={t("password.new")}
        hint={rule}
        autoComplete="new-password"
        value={next}
        change={setNext}
        error={isShort || code === "password_weak" ? rule : null}
      />
      {isOther(action.problem) && <ProblemNotice problem={action.problem} />}
      <button type="submit" className="button primary" disabled={action.isBusy}>
        {t("password.change")}
      </button>
    </form>
  );
}

/** Whether it is something that no field can tell. */
function isOther(problem: Problem | null): problem is Problem {
  return problem !== null && !["login_failed", "password_weak"].includes(codeOf(problem) ?? "");
}
