import { useState } from "react";
import { getKeys, revokeKey } from "../../../api/access";
import type { Key } from "../../../api/types";
import { useList } from "../../../api/use-list";
import { ConfirmDialog } from "../../../components/dialog";
import { EmptyState } from "../../../components/empty-state";
import { KeyIcon, PlusIcon } from "../../../components/icons";
import { ListBody } from "../../../components/list-body";
import { SectionHead } from "../../../components/section-head";
import { useI18n } from "../../../i18n";
import { AddKey, ShowKey } from "./key-dialogs";
import { KeysTable } from "./keys-table";

/** What stands open over the list. */
type Open =
  | { kind: "none" }
  | { kind: "add" }
  | { kind: "created"; created: Key }
  | { kind: "revoke"; key: Key };

const NONE: Open = { kind: "none" };

/** Keys of programs and devices, which cannot sign in with a password. */
export function KeysSection() {
  const { t } = useI18n();
  const [open, setOpen] = useState<Open>(NONE);
  const list = useList("keys", async (cursor, signal) => {
    const page = await getKeys(cursor, signal);
    return { rows: page.keys, next: page.next_cursor ?? null };
  });
  const close = () => setOpen(NONE);
  return (
    <>
      <SectionHead title={t("admin.keys")} text={t("keys.about")}>
        <button type="button" className="button primary" onClick={() => setOpen({ kind: "add" })}>
          <PlusIcon />
          {t("keys.add")}
        </button>
      </SectionHead>
      <ListBody
        list={list}
        empty={<EmptyState icon={<KeyIcon />} title={t("keys.empty.title")} text={t("keys.empty.text")} />}
      >
        {(keys) => (
          <KeysTable keys={keys} isBusy={list.isBusy} revoke={(key) => setOpen({ kind: "revoke", key })} />
        )}
      </ListBody>
      {open.kind === "add" && (
        <AddKey
          close={close}
          done={(created) => {
            setOpen({ kind: "created", created });
            list.reload();
          }}
        />
      )}
      {open.kind === "created" && <ShowKey created={open.created} close={close} />}
      {open.kind === "revoke" && (
        <ConfirmDialog
          title={t("keys.revoke.title")}
          text={t("keys.revoke.text", { name: `\u2068${open.key.name}\u2069` })}
          verb={t("keys.revoke")}
          act={() => revokeKey(open.key.id)}
          done={() => {
            close();
            list.reload();
          }}
          close={close}
        />
      )}
    </>
  );
}
