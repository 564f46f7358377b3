import type { Problem } from "../api/problem";
import { type I18n, useI18n } from "../i18n";
import { WarningIcon } from "./icons";

interface Words {
  title: string;
  text: string;
  requestId: string | null;
}

function wordsOf(problem: Problem, { t, language }: I18n): Words {
  switch (problem.kind) {
    case "answered": {
      const { details } = problem;
      return {
        title: t("problem.title"),
        text: language === "ar" ? details.message_ar : details.message_en,
        requestId: details.request_id,
      };
    }
    case "unreadable":
      return {
        title: t("problem.title"),
        text: t("problem.unreadable", { status: problem.status }),
        requestId: problem.requestId,
      };
    case "unplayable":
      return { title: t("problem.title"), text: t("problem.unplayable"), requestId: problem.requestId };
    case "unreachable":
      return { title: t("problem.unreachable.title"), text: t("problem.unreachable.text"), requestId: null };
  }
}

/** A failure in the viewer's language, with the id under which the server's log has more. */
export function ProblemNotice({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const i18n = useI18n();
  const words = wordsOf(problem, i18n);
  return (
    <div className="notice" role="alert">
      <WarningIcon />
      <div className="notice-words">
        <strong>{words.title}</strong>
        <p>{words.text}</p>
        {words.requestId && (
          <p className="muted small">
            {i18n.t("problem.request")} <bdi className="code">{words.requestId}</bdi>
          </p>
        )}
      </div>
      {retry && (
        <button type="button" className="button" onClick={retry}>
          {i18n.t("problem.retry")}
        </button>
      )}
    </div>
  );
}
