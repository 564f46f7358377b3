import type { AuditRow } from "../../../api/types";
import { Ago } from "../../../components/ago";
import { Cell, Table } from "../../../components/table";
import { useI18n } from "../../../i18n";
import type { Key } from "../../../i18n/messages";
import { isRefused } from "./filters";
import { actionKey, kindKey, objectOf, resultKey } from "./words";

export function AuditTable({ rows, isBusy }: { rows: AuditRow[]; isBusy: boolean }) {
  const { t } = useI18n();
  const columns = [
    t("audit.at"),
    t("auditword.who"),
    t("auditword.action"),
    t("auditword.object"),
    t("auditword.agency"),
    t("sessions.address"),
    t("audit.result"),
  ];
  return (
    <Table caption={t("admin.audit")} columns={columns} isBusy={isBusy}>
      {rows.map((row) => (
        <Row key={row.seq} row={row} />
      ))}
    </Table>
  );
}

function Row({ row }: { row: AuditRow }) {
  const { t } = useI18n();
  return (
    <tr data-seq={row.seq} className={isRefused(row.result) ? "row-refused" : undefined}>
      <Cell label={t("audit.at")}>
        <At at={row.at} />
      </Cell>
      <Cell label={t("auditword.who")}>
        <span className="lines">
          <bdi className="strong">{row.who.name === "" ? "–" : row.who.name}</bdi>
          <span className="muted small">
            <Word text={kindKey(row.who.kind)} code={row.who.kind} />
          </span>
        </span>
      </Cell>
      <Cell label={t("auditword.action")}>
        <Word text={actionKey(row.action)} code={row.action} />
      </Cell>
      <Cell label={t("auditword.object")} isEmpty={row.object === ""}>
        <Target row={row} />
      </Cell>
      <Cell label={t("auditword.agency")} isEmpty={!row.agency}>
        <bdi>{row.agency}</bdi>
      </Cell>
      <Cell label={t("sessions.address")} isEmpty={row.address === ""}>
        <bdi className="code">{row.address}</bdi>
      </Cell>
      <Cell label={t("audit.result")}>
        <Result row={row} />
      </Cell>
    </tr>
  );
}

function At({ at }: { at: string }) {
  const { format } = useI18n();
  const ms = Date.parse(at);
  return (
    <span className="lines">
      <Ago at={at} />
      {!Number.isNaN(ms) && <span className="muted small exact">{format.dateTime(ms)}</span>}
    </span>
  );
}

/** What the audit calls something, in words where they are known; its own word on hover. */
function Word({ text, code }: { text: Key | null; code: string }) {
  const { t } = useI18n();
  return text === null ? <bdi className="code">{code}</bdi> : <span title={code}>{t(text)}</span>;
}

function Target({ row }: { row: AuditRow }) {
  const { t } = useI18n();
  const { kind, name } = objectOf(row.object, row.detail);
  return (
    <span className="lines" title={row.object}>
      {kind !== null && <span className="muted small">{t(kind)}</span>}
      <bdi className={kind === "object.user" || kind === "object.key" ? undefined : "code"}>{name}</bdi>
    </span>
  );
}

/** How it ended, and what else is known of it. */
function Result({ row }: { row: AuditRow }) {
  const { t } = useI18n();
  const detail = Object.entries(row.detail);
  return (
    <span className="lines">
      {isRefused(row.result) ? (
        <span className="status status-error">
          <span className="dot" aria-hidden="true" />
          <span className="status-word">{t("audit.result.refused")}</span>
        </span>
      ) : (
        <span className="status status-online">
          <span className="dot" aria-hidden="true" />
          <span className="status-word">{t("audit.result.ok")}</span>
        </span>
      )}
      {isRefused(row.result) && (
        <span className="small">
          <Word text={resultKey(row.result)} code={row.result} />
        </span>
      )}
      <details className="row-detail">
        <summary>{t("audit.detail")}</summary>
        <dl>
          {detail.map(([name, value]) => (
            <Fact key={name} name={<bdi className="code">{name}</bdi>} value={value} />
          ))}
          <Fact name={t("problem.request")} value={row.request_id} />
          <Fact name={t("audit.seq")} value={`${row.seq}`} />
        </dl>
      </details>
    </span>
  );
}

function Fact({ name, value }: { name: React.ReactNode; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi className="code">{value === "" ? "–" : value}</bdi>
      </dd>
    </div>
  );
}
