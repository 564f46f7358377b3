import { type Agencies, ROLES, type Role } from "../api/types";
import { type I18n, useI18n } from "../i18n";

export function RoleName({ role }: { role: Role | null }) {
  const { t } = useI18n();
  return role === null ? <span className="muted">{t("role.none")}</span> : t(`role.${role}`);
}

/** Roles with what they may, for a choice. */
export function roleOptions({ t }: I18n): [Role, string][] {
  return ROLES.map((role) => [role, t(`role.${role}`)]);
}

/** The agencies' codes, or that it is all of them. */
export function AgencyNames({ agencies }: { agencies: Agencies }) {
  const { t } = useI18n();
  if (agencies.includes("*")) {
    return t("agencies.all");
  }
  if (agencies.length === 0) {
    return <span className="muted">{t("agencies.none")}</span>;
  }
  return (
    <span className="tags">
      {agencies.map((agency) => (
        <bdi key={agency} className="tag">
          {agency}
        </bdi>
      ))}
    </span>
  );
}
