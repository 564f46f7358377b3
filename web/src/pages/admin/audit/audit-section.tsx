import { useMemo } from "react";
import { auditFileUrl, getAudit } from "../../../api/access";
import type { Query } from "../../../api/request";
import { serverNow } from "../../../api/server-clock";
import { useList } from "../../../api/use-list";
import { EmptyState } from "../../../components/empty-state";
import { DownloadIcon, SearchIcon } from "../../../components/icons";
import { ListBody } from "../../../components/list-body";
import { SectionHead } from "../../../components/section-head";
import { useI18n } from "../../../i18n";
import { go, useAddress } from "../../../router";
import { AuditTable } from "./audit-table";
import { FilterForm } from "./filter-form";
import { type Filters, filtersOf, paramsOf, queryOf } from "./filters";

/** Who did what, newest first. */
export function AuditSection() {
  const { t } = useI18n();
  const filters = filtersOf(useAddress().searchParams);
  const key = paramsOf(filters);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the filters
  const query = useMemo(() => queryOf(filters, serverNow()), [key]);
  const list = useList(`audit ${key}`, async (cursor, signal) => {
    const page = await getAudit(query, cursor, signal);
    return { rows: page.rows, next: page.next_cursor ?? null };
  });
  const choose = (next: Filters) => {
    const text = paramsOf(next);
    go(text === "" ? location.pathname : `?${text}`);
  };
  return (
    <>
      <SectionHead title={t("admin.audit")} text={t("audit.about")}>
        <Downloads query={query} />
      </SectionHead>
      <FilterForm key={key} filters={filters} choose={choose} />
      <ListBody
        list={list}
        empty={
          <EmptyState icon={<SearchIcon />} title={t("audit.empty.title")} text={t("audit.empty.text")} />
        }
      >
        {(rows) => <AuditTable rows={rows} isBusy={list.isBusy} />}
      </ListBody>
    </>
  );
}

/** All rows that the filters let through, as a file. */
function Downloads({ query }: { query: Query }) {
  const { t } = useI18n();
  return (
    <>
      <a className="button" href={auditFileUrl(query, "csv")} download="audit.csv">
        <DownloadIcon />
        {t("audit.csv")}
      </a>
      <a className="button" href={auditFileUrl(query, "jsonl")} download="audit.jsonl">
        <DownloadIcon />
        {t("audit.jsonl")}
      </a>
    </>
  );
}
