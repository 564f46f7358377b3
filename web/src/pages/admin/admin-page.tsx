import { useEffect } from "react";
import type { Me } from "../../api/types";
import { EmptyState } from "../../components/empty-state";
import { LockIcon } from "../../components/icons";
import { useI18n } from "../../i18n";
import { adminPath, Link } from "../../router";
import { type Section, sectionsOf } from "../../session/login";
import { AuditSection } from "./audit/audit-section";
import { KeysSection } from "./keys/keys-section";
import { PeopleSection } from "./people/people-section";
import { SessionsSection } from "./sessions/sessions-section";
import "./admin.css";

/** The administration: one page for each thing, those that one may use. */
export function AdminPage({ me, section }: { me: Me; section: Section }) {
  const { t } = useI18n();
  const sections = sectionsOf(me);
  useEffect(() => {
    document.title = t("title", { page: t(`admin.${section}`) });
  }, [t, section]);
  if (!sections.includes(section)) {
    return (
      <EmptyState icon={<LockIcon />} title={t("admin.refused.title")} text={t("admin.refused.text")}>
        <Link className="button" href="/">
          {t("app.unknown.back")}
        </Link>
      </EmptyState>
    );
  }
  return (
    <>
      {sections.length > 1 && (
        <nav className="tabs" aria-label={t("nav.admin")}>
          {sections.map((one) => (
            <Link
              key={one}
              className="tab"
              href={adminPath(one)}
              aria-current={one === section ? "page" : undefined}
            >
              {t(`admin.${one}`)}
            </Link>
          ))}
        </nav>
      )}
      <SectionPage me={me} section={section} />
    </>
  );
}

function SectionPage({ me, section }: { me: Me; section: Section }) {
  switch (section) {
    case "people":
      return <PeopleSection me={me} />;
    case "keys":
      return <KeysSection />;
    case "sessions":
      return <SessionsSection />;
    case "audit":
      return <AuditSection />;
  }
}
