import { type FormEvent, useState } from "react";
import { deleteUser, getUsers } from "../../../api/access";
import type { Me, User } from "../../../api/types";
import { useList } from "../../../api/use-list";
import { ConfirmDialog } from "../../../components/dialog";
import { EmptyState } from "../../../components/empty-state";
import { PersonIcon, PlusIcon, SearchIcon } from "../../../components/icons";
import { ListBody } from "../../../components/list-body";
import { SectionHead } from "../../../components/section-head";
import { useI18n } from "../../../i18n";
import { go, useAddress } from "../../../router";
import { PeopleTable } from "./people-table";
import { AddPerson, EditPerson, OneTimePassword } from "./person-dialogs";

/** What stands open over the list. */
type Open =
  | { kind: "none" }
  | { kind: "add" }
  | { kind: "created"; user: User }
  | { kind: "edit" | "delete"; user: User };

const NONE: Open = { kind: "none" };

/** Who may sign in, and what each may do. */
export function PeopleSection({ me }: { me: Me }) {
  const { t } = useI18n();
  const [open, setOpen] = useState<Open>(NONE);
  const q = useAddress().searchParams.get("q") ?? "";
  const list = useList(`users ${q}`, async (cursor, signal) => {
    const page = await getUsers(q, cursor, signal);
    return { rows: page.users, next: page.next_cursor ?? null };
  });
  const empty =
    q === "" ? (
      <EmptyState icon={<PersonIcon />} title={t("people.empty.title")} text={t("people.empty.text")} />
    ) : (
      <EmptyState icon={<SearchIcon />} title={t("people.unfound.title")} text={t("people.unfound.text")} />
    );
  const openFor = (kind: "edit" | "delete") => (user: User) => setOpen({ kind, user });
  return (
    <>
      <SectionHead title={t("admin.people")} text={t("people.about")}>
        <button type="button" className="button primary" onClick={() => setOpen({ kind: "add" })}>
          <PlusIcon />
          {t("people.add")}
        </button>
      </SectionHead>
      <Search key={q} q={q} />
      <ListBody list={list} empty={empty}>
        {(users) => (
          <PeopleTable
            users={users}
            me={me}
            isBusy={list.isBusy}
            edit={openFor("edit")}
            remove={openFor("delete")}
          />
        )}
      </ListBody>
      <Dialogs open={open} setOpen={setOpen} reload={list.reload} me={me} />
    </>
  );
}

/** Part of a name; kept in the address. */
function Search({ q }: { q: string }) {
  const { t } = useI18n();
  const [text, setText] = useState(q);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = text.trim();
    go(wanted === "" ? location.pathname : `?${new URLSearchParams({ q: wanted })}`, "replace");
  };
  return (
    <search>
      <form className="search" onSubmit={submit}>
        <input
          className="input"
          type="search"
          dir="auto"
          aria-label={t("people.search")}
          placeholder={t("people.search")}
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button">
          <SearchIcon />
          {t("list.search")}
        </button>
      </form>
    </search>
  );
}

interface DialogsProps {
  open: Open;
  setOpen: (open: Open) => void;
  reload: () => void;
  me: Me;
}

function Dialogs({ open, setOpen, reload, me }: DialogsProps) {
  const { t } = useI18n();
  const close = () => setOpen(NONE);
  const done = () => {
    close();
    reload();
  };
  switch (open.kind) {
    case "none":
      return null;
    case "add":
      return (
        <AddPerson
          close={close}
          done={(user) => {
            setOpen(user.password ? { kind: "created", user } : NONE);
            reload();
          }}
        />
      );
    case "created":
      return <OneTimePassword user={open.user} close={close} />;
    case "edit":
      return <EditPerson user={open.user} isSelf={open.user.id === me.user_id} close={close} done={done} />;
    case "delete":
      return (
        <ConfirmDialog
          title={t("people.delete.title")}
          text={t("people.delete.text", { name: `\u2068${open.user.name}\u2069` })}
          verb={t("people.delete")}
          act={() => deleteUser(open.user.id)}
          done={done}
          close={close}
        />
      );
  }
}
