import { useId, useRef } from "react";
import type { Me } from "../api/types";
import { useAction } from "../api/use-action";
import { useI18n } from "../i18n";
import { adminPath, Link } from "../router";
import { isPerson, LOGIN_PATH, loginOf, sectionsOf } from "../session/login";
import { signOut } from "../session/session";
import { MenuIcon, PersonIcon } from "./icons";
import { ProblemNotice } from "./problem-notice";
import { RoleName } from "./role";

/** Who is signed in, and where one goes from there. */
export function UserMenu({ me }: { me: Me }) {
  const { t } = useI18n();
  const id = useId();
  const panel = useRef<HTMLDivElement>(null);
  const sections = me.must_change_password ? [] : sectionsOf(me);
  if (me.kind === "nobody") {
    return <SignInLink me={me} />;
  }
  if (!isPerson(me) && sections.length === 0) {
    return null;
  }
  const hide = () => panel.current?.hidePopover();
  const label = isPerson(me) ? t("menu.label", { name: me.user }) : t("nav.admin");
  return (
    <>
      <button
        type="button"
        className={isPerson(me) ? "button quiet menu-button" : "button quiet menu-button menu-open"}
        popoverTarget={id}
        aria-label={label}
        title={label}
      >
        {isPerson(me) ? <PersonIcon /> : <MenuIcon />}
        {isPerson(me) && <bdi className="menu-name">{me.user}</bdi>}
      </button>
      <div ref={panel} id={id} popover="auto" className="menu">
        {isPerson(me) && <Who me={me} />}
        <ul>
          {isPerson(me) && !me.must_change_password && (
            <li>
              <Link className="menu-item" href="/account" onClick={hide}>
                {t("account.title")}
              </Link>
            </li>
          )}
          {sections.map((section) => (
            <li key={section}>
              <Link className="menu-item" href={adminPath(section)} onClick={hide}>
                {t(`admin.${section}`)}
              </Link>
            </li>
          ))}
        </ul>
        {isPerson(me) && <SignOut />}
      </div>
    </>
  );
}

function Who({ me }: { me: Me }) {
  return (
    <p className="menu-who">
      <bdi className="strong">{me.user}</bdi>
      <span className="muted small">
        <RoleName role={me.role} />
      </span>
    </p>
  );
}

function SignOut() {
  const { t } = useI18n();
  const action = useAction();
  return (
    <>
      {action.problem !== null && <ProblemNotice problem={action.problem} />}
      <button
        type="button"
        className="menu-item menu-last"
        disabled={action.isBusy}
        onClick={() => action.run(signOut)}
      >
        {t("account.sign-out")}
      </button>
    </>
  );
}

/** Who is let in without a login may still have one. */
function SignInLink({ me }: { me: Me }) {
  const { t } = useI18n();
  const { password, oidc } = loginOf(me.login);
  return password || oidc !== null ? (
    <Link className="button" href={LOGIN_PATH}>
      {t("login.sign-in")}
    </Link>
  ) : null;
}
