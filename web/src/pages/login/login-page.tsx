import { useEffect, useState } from "react";
import { oidcLoginUrl } from "../../api/access";
import type { Login } from "../../api/types";
import { LogoIcon } from "../../components/icons";
import { PasswordForm } from "../../components/password-form";
import { useI18n } from "../../i18n";
import { hasMessage } from "../../i18n/messages";
import { go, useAddress } from "../../router";
import { LOGIN_PATH, loginOf, safeReturn } from "../../session/login";
import { askWho, type Session } from "../../session/session";
import { LoginForm } from "./login-form";
import "./login.css";

interface Props {
  session: Extract<Session, { state: "in" | "out" }>;
}

/** Signing in, and the step after it for those whose password somebody else has seen. */
export function LoginPage({ session }: Props) {
  const { t } = useI18n();
  const address = useAddress();
  const [typed, setTyped] = useState<string | null>(null);
  const me = session.state === "in" ? session.me : null;
  const mustChange = me?.must_change_password === true;
  const isDone = me !== null && me.kind !== "nobody" && !mustChange;
  const back = safeReturn(address.searchParams.get("return"), address.origin);
  useEffect(() => {
    document.title = t("title", { page: t("login.title") });
  }, [t]);
  useEffect(() => {
    if (isDone && location.pathname === LOGIN_PATH) {
      go(back, "replace");
    }
  }, [isDone, back]);
  if (isDone) {
    return null;
  }
  return (
    <div className="login card">
      <div className="login-head">
        <LogoIcon />
        <h1>{mustChange ? t("login.change.title") : t("login.title")}</h1>
      </div>
      {mustChange ? (
        <>
          <p>{t("login.change.text")}</p>
          <PasswordForm current={typed} done={() => void askWho()} />
        </>
      ) : (
        <SignIn
          login={session.state === "out" ? session.login : loginOf(session.me.login)}
          hasEnded={session.state === "out" && session.hasEnded}
          error={address.searchParams.get("error")}
          back={back}
          done={async (password) => {
            setTyped(password);
            await askWho();
          }}
        />
      )}
    </div>
  );
}

interface SignInProps {
  login: Login;
  hasEnded: boolean;
  error: string | null;
  back: string;
  done: (password: string) => Promise<void>;
}

function SignIn({ login, hasEnded, error, back, done }: SignInProps) {
  const { t } = useI18n();
  return (
    <>
      {hasEnded && (
        <p className="login-note" role="status">
          {t("login.ended")}
        </p>
      )}
      {error !== null && <OidcError code={error} />}
      {login.oidc !== null && (
        <a className={login.password ? "button big" : "button big primary"} href={oidcLoginUrl(back)}>
          <span>{t("login.oidc", { name: `\u2068${login.oidc}\u2069` })}</span>
        </a>
      )}
      {login.oidc !== null && login.password && (
        <p className="login-or">
          <span>{t("login.or")}</span>
        </p>
      )}
      {login.password && <LoginForm done={done} />}
    </>
  );
}

/** Why the provider sent somebody back without a login. */
function OidcError({ code }: { code: string }) {
  const { t } = useI18n();
  const known = `oidc.${code}`;
  return (
    <div className="login-note bad" role="alert">
      <p>{hasMessage(known) ? t(known) : t("login.oidc.failed")}</p>
      {!hasMessage(known) && <bdi className="code small">{code.slice(0, 60)}</bdi>}
    </div>
  );
}
