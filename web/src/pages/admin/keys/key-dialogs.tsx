import { type FormEvent, useState } from "react";
import { scopesOf } from "../../../access/agencies";
import { createKey } from "../../../api/access";
import { serverNow } from "../../../api/server-clock";
import { type Key, ROLES, type Role } from "../../../api/types";
import { useAction } from "../../../api/use-action";
import { AgenciesField, type AgencyChoice, chosenAgencies } from "../../../components/agencies-field";
import { Dialog } from "../../../components/dialog";
import { ChoiceField, TextField } from "../../../components/field";
import { ProblemNotice } from "../../../components/problem-notice";
import { SecretOnce } from "../../../components/secret-once";
import { useI18n } from "../../../i18n";
import { dayOf } from "../../camera/period";
import { expiryOf, LIFETIMES, type Lifetime } from "./key-state";

interface AddProps {
  close: () => void;
  done: (created: Key) => void;
}

interface Wanted {
  name: string;
  role: Role | "none";
  agencies: AgencyChoice;
  publish: string;
  lifetime: Lifetime;
  date: string;
}

const AT_FIRST: Wanted = {
  name: "",
  role: "viewer",
  agencies: { isAll: false, text: "" },
  publish: "",
  lifetime: "year",
  date: "",
};

const newKey = (wanted: Wanted) => ({
  name: wanted.name.trim(),
  role: wanted.role === "none" ? null : wanted.role,
  agencies: wanted.role === "admin" ? ["*"] : chosenAgencies(wanted.agencies),
  scopes: scopesOf(wanted.publish),
  expires: expiryOf(wanted.lifetime, wanted.date, serverNow()),
});

export function AddKey({ close, done }: AddProps) {
  const { t } = useI18n();
  const action = useAction();
  const [wanted, setWanted] = useState(AT_FIRST);
  const change = (part: Partial<Wanted>) => setWanted((last) => ({ ...last, ...part }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    action.run(async () => done(await createKey(newKey(wanted))));
  };
  return (
    <Dialog title={t("keys.add")} close={close}>
      <form className="form" onSubmit={submit}>
        <TextField
          label={t("people.name")}
          hint={t("keys.name.hint")}
          isRequired
          autoFocus
          maxLength={100}
          value={wanted.name}
          change={(name) => change({ name })}
        />
        <Rights wanted={wanted} change={change} />
        <Lasting wanted={wanted} change={change} />
        {action.problem !== null && <ProblemNotice problem={action.problem} />}
        <div className="dialog-end">
          <button type="button" className="button" onClick={close}>
            {t("dialog.cancel")}
          </button>
          <button type="submit" className="button primary" disabled={action.isBusy}>
            {t("keys.add")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface PartProps {
  wanted: Wanted;
  change: (part: Partial<Wanted>) => void;
}

function Rights({ wanted, change }: PartProps) {
  const { t } = useI18n();
  const options = ["none" as const, ...ROLES].map((role) => [role, t(`role.${role}`)] as const);
  return (
    <>
      <ChoiceField
        label={t("role.label")}
        hint={t(`may.${wanted.role}`)}
        value={wanted.role}
        options={options}
        choose={(role) => change({ role })}
      />
      {wanted.role !== "admin" && (
        <AgenciesField choice={wanted.agencies} choose={(agencies) => change({ agencies })} />
      )}
      <TextField
        label={t("keys.publish")}
        hint={t("keys.publish.hint")}
        isCode
        maxLength={2_000}
        value={wanted.publish}
        change={(publish) => change({ publish })}
      />
    </>
  );
}

function Lasting({ wanted, change }: PartProps) {
  const { t } = useI18n();
  return (
    <>
      <ChoiceField
        label={t("keys.ends")}
        hint={wanted.lifetime === "never" ? t("keys.ends.never") : null}
        value={wanted.lifetime}
        options={LIFETIMES.map((lifetime) => [lifetime, t(`lifetime.${lifetime}`)] as const)}
        choose={(lifetime) => change({ lifetime })}
      />
      {wanted.lifetime === "date" && (
        <TextField
          label={t("keys.ends.date")}
          type="date"
          isRequired
          min={dayOf(serverNow())}
          value={wanted.date}
          change={(date) => change({ date })}
        />
      )}
    </>
  );
}

export function ShowKey({ created, close }: { created: Key; close: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog title={t("keys.created.title")} close={close} isKept>
      <p>{t("keys.created.text")}</p>
      <SecretOnce label={t("keys.key")} secret={created.key ?? ""} />
      <div className="dialog-end">
        <button type="button" className="button" onClick={close}>
          {t("dialog.done")}
        </button>
      </div>
    </Dialog>
  );
}
