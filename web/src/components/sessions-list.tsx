import { useState } from "react";
import { deviceOf } from "../access/device";
import { endSession, getSessions } from "../api/access";
import type { LoginSession } from "../api/types";
import { useList } from "../api/use-list";
import { useI18n } from "../i18n";
import { signOut } from "../session/session";
import { Ago } from "./ago";
import { ConfirmDialog } from "./dialog";
import { EmptyState } from "./empty-state";
import { LockIcon } from "./icons";
import { ListBody } from "./list-body";
import { RoleName } from "./role";
import { Actions, Cell, Table } from "./table";

/** Where one is signed in, or where everybody is; each can be ended. */
export function SessionsList({ ofAll }: { ofAll: boolean }) {
  const { t } = useI18n();
  const [ending, setEnding] = useState<LoginSession | null>(null);
  const list = useList(`sessions ${ofAll}`, async (cursor, signal) => {
    const page = await getSessions(ofAll, cursor, signal);
    return { rows: page.sessions, next: page.next_cursor ?? null };
  });
  const columns = [
    ...(ofAll ? [t("sessions.who"), t("role.label")] : []),
    t("sessions.device"),
    t("sessions.address"),
    t("sessions.begun"),
    t("sessions.seen"),
    t("sessions.expires"),
    t("table.actions"),
  ];
  const empty = (
    <EmptyState icon={<LockIcon />} title={t("sessions.empty.title")} text={t("sessions.empty.text")} />
  );
  return (
    <>
      <ListBody list={list} empty={empty}>
        {(sessions) => (
          <Table caption={t("sessions.title")} columns={columns} isBusy={list.isBusy}>
            {sessions.map((session) => (
              <Row key={session.id} session={session} ofAll={ofAll} end={() => setEnding(session)} />
            ))}
          </Table>
        )}
      </ListBody>
      {ending !== null && (
        <EndDialog session={ending} close={() => setEnding(null)} reload={list.reload} ofAll={ofAll} />
      )}
    </>
  );
}

interface RowProps {
  session: LoginSession;
  ofAll: boolean;
  end: () => void;
}

function Row({ session, ofAll, end }: RowProps) {
  const { t } = useI18n();
  const device = deviceOf(session.agent);
  return (
    <tr data-session={session.id}>
      {ofAll && (
        <>
          <Cell label={t("sessions.who")}>
            <bdi className="strong">{session.user}</bdi>
          </Cell>
          <Cell label={t("role.label")}>
            <RoleName role={session.role} />
          </Cell>
        </>
      )}
      <Cell label={t("sessions.device")}>
        <bdi title={session.agent}>{device ?? t("sessions.device.unknown")}</bdi>
        {session.current && <span className="badge good">{t("sessions.current")}</span>}
      </Cell>
      <Cell label={t("sessions.address")}>
        <bdi className="code">{session.address}</bdi>
      </Cell>
      <Cell label={t("sessions.begun")}>
        <Ago at={session.created_at} />
      </Cell>
      <Cell label={t("sessions.seen")}>
        <Ago at={session.seen_at} />
      </Cell>
      <Cell label={t("sessions.expires")}>
        <Ago at={session.expires_at} />
      </Cell>
      <Actions>
        <button type="button" className="button" onClick={end}>
          {session.current ? t("account.sign-out") : t("sessions.end")}
        </button>
      </Actions>
    </tr>
  );
}

interface EndProps {
  session: LoginSession;
  ofAll: boolean;
  close: () => void;
  reload: () => void;
}

function EndDialog({ session, ofAll, close, reload }: EndProps) {
  const { t } = useI18n();
  const values = { name: session.user, device: deviceOf(session.agent) ?? session.address };
  const words = ofAll ? t("sessions.end.other", values) : t("sessions.end.own", values);
  return (
    <ConfirmDialog
      title={session.current ? t("account.sign-out") : t("sessions.end.title")}
      text={session.current ? t("sessions.end.current") : words}
      verb={session.current ? t("account.sign-out") : t("sessions.end")}
      act={() => (session.current ? signOut() : endSession(session.id))}
      done={() => {
        close();
        reload();
      }}
      close={close}
    />
  );
}
