import type { Me, User } from "../../../api/types";
import { Ago } from "../../../components/ago";
import { AgencyNames, RoleName } from "../../../components/role";
import { Actions, Cell, Table } from "../../../components/table";
import { useI18n } from "../../../i18n";

interface Props {
  users: User[];
  me: Me;
  isBusy: boolean;
  edit: (user: User) => void;
  remove: (user: User) => void;
}

export function PeopleTable({ users, me, isBusy, edit, remove }: Props) {
  const { t } = useI18n();
  const columns = [
    t("people.name"),
    t("role.label"),
    t("agencies.label"),
    t("people.seen"),
    t("people.created"),
    t("table.actions"),
  ];
  return (
    <Table caption={t("admin.people")} columns={columns} isBusy={isBusy}>
      {users.map((user) => (
        <tr key={user.id} data-user={user.name} className={user.enabled ? undefined : "row-off"}>
          <Cell label={t("people.name")}>
            <bdi className="strong">{user.name}</bdi>
            {user.id === me.user_id && <span className="badge">{t("people.self")}</span>}
            {!user.enabled && <span className="badge bad">{t("people.disabled")}</span>}
          </Cell>
          <Cell label={t("role.label")}>
            <RoleName role={user.role} />
          </Cell>
          <Cell label={t("agencies.label")}>
            <AgencyNames agencies={user.role === "admin" ? ["*"] : user.agencies} />
          </Cell>
          <Cell label={t("people.seen")}>
            {user.login_at == null ? (
              <span className="muted">{t("time.never")}</span>
            ) : (
              <Ago at={user.login_at} />
            )}
          </Cell>
          <Cell label={t("people.created")}>
            <Ago at={user.created_at} />
          </Cell>
          <Actions>
            <button type="button" className="button" onClick={() => edit(user)}>
              {t("people.edit")} <span className="visually-hidden">{user.name}</span>
            </button>
            {user.id !== me.user_id && (
              <button type="button" className="button quiet-danger" onClick={() => remove(user)}>
                {t("people.delete")} <span className="visually-hidden">{user.name}</span>
              </button>
            )}
          </Actions>
        </tr>
      ))}
    </Table>
  );
}
