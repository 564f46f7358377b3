import type { ReactNode } from "react";
import type { Listed } from "../api/use-list";
import { useI18n } from "../i18n";
import { ProblemNotice } from "./problem-notice";

interface Props<T> {
  list: Listed<T>;
  empty: ReactNode;
  children: (rows: T[]) => ReactNode;
}

/** A list in each of its states: waiting, failed, empty, and there, with a way to its next rows. */
export function ListBody<T>({ list, empty, children }: Props<T>) {
  const { t } = useI18n();
  const { rows } = list;
  return (
    <>
      {list.problem !== null && <ProblemNotice problem={list.problem} retry={list.reload} />}
      {rows === null && list.problem === null && (
        <div className="empty" role="status">
          <span className="spinner" aria-hidden="true" />
          <p>{t("list.waiting")}</p>
        </div>
      )}
      {rows !== null && rows.length === 0 && empty}
      {rows !== null && rows.length > 0 && children(rows)}
      {rows !== null && list.hasMore && (
        <button type="button" className="button list-more" disabled={list.isBusy} onClick={list.more}>
          {t("list.more")}
        </button>
      )}
    </>
  );
}
