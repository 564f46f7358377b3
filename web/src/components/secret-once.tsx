import { useI18n } from "../i18n";
import { CopyField } from "./copy-field";

/** Something that is shown this once, and how to take it along. */
export function SecretOnce({ label, secret }: { label: string; secret: string }) {
  const { t } = useI18n();
  return (
    <div className="secret">
      <CopyField label={label} value={secret} isBare />
      <p>{t("secret.once")}</p>
    </div>
  );
}
