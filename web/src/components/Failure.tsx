import { Problem } from "../api/client";
import { useI18n } from "../i18n";

/** An answer that is none. */
export function Failure({ error }: { error: unknown }) {
  const { t, language } = useI18n();
  const problem = error instanceof Problem ? error : undefined;
  const text = problem ? (language === "ar" ? problem.arabic : problem.english) : t("error.network");
  return (
    <div className="notice" role="alert">
      <strong>{t("error.title")}</strong>
      <p>{text}</p>
      {problem?.requestId && <p className="quiet">{t("error.request", { id: problem.requestId })}</p>}
    </div>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({ title, hint }: { title: string; hint?: string }) {
  return (
    <div className="notice">
      <strong>{title}</strong>
      {hint && <p>{hint}</p>}
    </div>
  );
}
