import { useEffect, useState } from "react";
import type { Me } from "../../api/types";
import { EmptyState } from "../../components/empty-state";
import { PersonIcon } from "../../components/icons";
import { PasswordForm } from "../../components/password-form";
import { AgencyNames, RoleName } from "../../components/role";
import { SessionsList } from "../../components/sessions-list";
import { useI18n } from "../../i18n";
import { isPerson } from "../../session/login";

/** What belongs to the one who is signed in: role, password and sessions. */
export function AccountPage({ me }: { me: Me }) {
  const { t } = useI18n();
  useEffect(() => {
    document.title = t("title", { page: t("account.title") });
  }, [t]);
  if (!isPerson(me)) {
    return <EmptyState icon={<PersonIcon />} title={t("account.none.title")} text={t("account.none.text")} />;
  }
  return (
    <>
      <h1 className="page-title">{t("account.title")}</h1>
      <div className="account-columns">
        <section className="card">
          <h2>
            <bdi>{me.user}</bdi>
          </h2>
          <dl>
            <div className="fact">
              <dt>{t("role.label")}</dt>
              <dd>
                <RoleName role={me.role} />
              </dd>
            </div>
            <div className="fact">
              <dt>{t("agencies.label")}</dt>
              <dd>
                <AgencyNames agencies={me.agencies} />
              </dd>
            </div>
          </dl>
        </section>
        <Password me={me} />
      </div>
      <section className="stack">
        <h2>{t("sessions.own")}</h2>
        <SessionsList ofAll={false} />
      </section>
    </>
  );
}

function Password({ me }: { me: Me }) {
  const { t } = useI18n();
  const [count, setCount] = useState(0);
  if (me.kind === "key") {
    return null;
  }
  return (
    <section className="card">
      <h2>{t("password.title")}</h2>
      {me.kind === "external" ? (
        <p>{t("password.elsewhere")}</p>
      ) : (
        <PasswordForm done={() => setCount((last) => last + 1)} />
      )}
      {count > 0 && (
        <p className="good" role="status">
          {t("password.changed")}
        </p>
      )}
    </section>
  );
}
