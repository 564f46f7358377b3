import { type FormEvent, useState } from "react";
import { login } from "../../api/access";
import { asProblem, codeOf, type Problem, ProblemError } from "../../api/problem";
import { PasswordField, TextField } from "../../components/field";
import { ProblemNotice } from "../../components/problem-notice";
import { type I18n, useI18n } from "../../i18n";
import { lockedMinutes } from "../../session/login";

interface Failure {
  problem: Problem;
  retryAfterMs: number | null;
}

/** Name and password; `done` gets the password, which a change of it asks for. */
export function LoginForm({ done }: { done: (password: string) => Promise<void> }) {
  const i18n = useI18n();
  const { t } = i18n;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const attempt = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await login(name.trim(), password);
      await done(password);
    } catch (thrown) {
      setFailure({
        problem: asProblem(thrown),
        retryAfterMs: thrown instanceof ProblemError ? thrown.retryAfterMs : null,
      });
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isBusy) {
      void attempt();
    }
  };
  return (
    <form className="form" method="post" onSubmit={submit}>
      {failure !== null && <Failed failure={failure} i18n={i18n} />}
      <TextField
        label={t("login.name")}
        autoComplete="username"
        isRequired
        autoFocus
        maxLength={200}
        value={name}
        change={setName}
      />
      <PasswordField
        label={t("login.password")}
        autoComplete="current-password"
        value={password}
        change={setPassword}
      />
      <button type="submit" className="button big primary" disabled={isBusy}>
        {t("login.sign-in")}
      </button>
    </form>
  );
}

function Failed({ failure, i18n }: { failure: Failure; i18n: I18n }) {
  const words = wordsOf(failure, i18n);
  return words === null ? (
    <ProblemNotice problem={failure.problem} />
  ) : (
    <p className="login-note bad" role="alert">
      {words}
    </p>
  );
}

function wordsOf({ problem, retryAfterMs }: Failure, { t, n }: I18n): string | null {
  switch (codeOf(problem)) {
    case "login_failed":
      return t("login.failed");
    case "login_locked":
      return n("login.locked", lockedMinutes(problem, retryAfterMs));
    default:
      return null;
  }
}
