import { SectionHead } from "../../../components/section-head";
import { SessionsList } from "../../../components/sessions-list";
import { useI18n } from "../../../i18n";

/** Where everybody is signed in. */
export function SessionsSection() {
  const { t } = useI18n();
  return (
    <>
      <SectionHead title={t("admin.sessions")} text={t("sessions.about")} />
      <SessionsList ofAll />
    </>
  );
}
