import type { Key } from "../../../api/types";
import { Ago } from "../../../components/ago";
import { AgencyNames, RoleName } from "../../../components/role";
import { Actions, Cell, Table } from "../../../components/table";
import { useNow } from "../../../components/use-now";
import { useI18n } from "../../../i18n";
import { keyState } from "./key-state";

const LOOK_EVERY_MS = 20_000;

interface Props {
  keys: Key[];
  isBusy: boolean;
  revoke: (key: Key) => void;
}

export function KeysTable({ keys, isBusy, revoke }: Props) {
  const { t } = useI18n();
  const columns = [
    t("people.name"),
    t("role.label"),
    t("agencies.label"),
    t("keys.scopes"),
    t("keys.made"),
    t("keys.used"),
    t("keys.ends"),
    t("table.actions"),
  ];
  return (
    <Table caption={t("admin.keys")} columns={columns} isBusy={isBusy}>
      {keys.map((key) => (
        <Row key={key.id} row={key} revoke={() => revoke(key)} />
      ))}
    </Table>
  );
}

function Row({ row, revoke }: { row: Key; revoke: () => void }) {
  const { t } = useI18n();
  const state = keyState(row, useNow(LOOK_EVERY_MS));
  return (
    <tr data-key={row.name} className={state === "valid" ? undefined : "row-off"}>
      <Cell label={t("people.name")}>
        <bdi className="strong">{row.name}</bdi>
        {state === "revoked" && <span className="badge bad">{t("keys.revoked")}</span>}
        {state === "expired" && <span className="badge bad">{t("keys.expired")}</span>}
      </Cell>
      <Cell label={t("role.label")}>
        <RoleName role={row.role} />
      </Cell>
      <Cell label={t("agencies.label")}>
        <AgencyNames agencies={row.agencies} />
      </Cell>
      <Cell label={t("keys.scopes")}>
        {row.scopes.length === 0 ? (
          <span className="muted">{t("keys.scopes.none")}</span>
        ) : (
          <span className="lines">
            {row.scopes.map((scope) => (
              <bdi key={scope} className="code" dir="ltr">
                {scope}
              </bdi>
            ))}
          </span>
        )}
      </Cell>
      <Cell label={t("keys.made")}>
        <span className="lines">
          <Ago at={row.created_at} />
          <bdi className="muted small">{row.created_by}</bdi>
        </span>
      </Cell>
      <Cell label={t("keys.used")}>
        {row.used_at == null ? <span className="muted">{t("time.never")}</span> : <Ago at={row.used_at} />}
      </Cell>
      <Cell label={t("keys.ends")}>
        <Ends row={row} />
      </Cell>
      <Actions>
        {state !== "revoked" && (
          <button type="button" className="button quiet-danger" onClick={revoke}>
            {t("keys.revoke")} <span className="visually-hidden">{row.name}</span>
          </button>
        )}
      </Actions>
    </tr>
  );
}

/** When it ended or will end. */
function Ends({ row }: { row: Key }) {
  const { t } = useI18n();
  const at = row.revoked_at ?? row.expires_at ?? null;
  return at === null ? <span className="muted">{t("time.never")}</span> : <Ago at={at} />;
}
