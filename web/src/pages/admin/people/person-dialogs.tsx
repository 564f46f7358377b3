import { type FormEvent, type ReactNode, useState } from "react";
import { changeUser, createUser } from "../../../api/access";
import { codeOf } from "../../../api/problem";
import type { Role, User } from "../../../api/types";
import { type Action, useAction } from "../../../api/use-action";
import {
  AgenciesField,
  type AgencyChoice,
  choiceOf,
  chosenAgencies,
} from "../../../components/agencies-field";
import { Dialog } from "../../../components/dialog";
import { CheckField, ChoiceField, PasswordField, TextField } from "../../../components/field";
import { PASSWORD_MIN } from "../../../components/password-form";
import { ProblemNotice } from "../../../components/problem-notice";
import { roleOptions } from "../../../components/role";
import { SecretOnce } from "../../../components/secret-once";
import { useI18n } from "../../../i18n";
import { changeOf } from "./person";

interface AddProps {
  close: () => void;
  done: (user: User) => void;
}

export function AddPerson({ close, done }: AddProps) {
  const { t } = useI18n();
  const action = useAction();
  const [name, setName] = useState("");
  const [rights, setRights] = useState<Rights>({ role: "viewer", agencies: { isAll: false, text: "" } });
  const submit = () =>
    action.run(async () => done(await createUser({ name: name.trim(), ...chosenRights(rights) })));
  const isTaken = codeOf(action.problem) === "user_exists";
  return (
    <Dialog title={t("people.add")} close={close}>
      <PersonForm action={action} submit={submit} close={close} verb={t("people.add")} isTold={isTaken}>
        <TextField
          label={t("people.name")}
          hint={t("people.name.hint")}
          error={isTaken ? t("people.taken") : null}
          isRequired
          autoFocus
          maxLength={100}
          value={name}
          change={setName}
        />
        <RightsFields rights={rights} choose={setRights} />
        <p className="muted">{t("people.password.made")}</p>
      </PersonForm>
    </Dialog>
  );
}

interface EditProps {
  user: User;
  isSelf: boolean;
  close: () => void;
  done: () => void;
}

export function EditPerson({ user, isSelf, close, done }: EditProps) {
  const { t, n } = useI18n();
  const action = useAction();
  const [rights, setRights] = useState<Rights>({ role: user.role, agencies: choiceOf(user.agencies) });
  const [enabled, setEnabled] = useState(user.enabled);
  const [password, setPassword] = useState("");
  const isShort = password !== "" && [...password].length < PASSWORD_MIN;
  const submit = () => {
    if (!isShort) {
      action.run(async () => {
        await changeUser(user.id, changeOf(user, { ...chosenRights(rights), enabled, password }));
        done();
      });
    }
  };
  return (
    <Dialog title={t("people.edit.title", { name: `\u2068${user.name}\u2069` })} close={close}>
      <PersonForm action={action} submit={submit} close={close} verb={t("people.save")}>
        <RightsFields rights={rights} choose={setRights} />
        {!isSelf && <CheckField label={t("people.enabled")} isOn={enabled} change={setEnabled} />}
        {!isSelf && (
          <PasswordField
            label={t("password.new")}
            hint={t("people.password.keep")}
            error={isShort ? n("password.rule", PASSWORD_MIN) : null}
            autoComplete="new-password"
            isRequired={false}
            value={password}
            change={setPassword}
          />
        )}
      </PersonForm>
    </Dialog>
  );
}

interface FormProps {
  action: Action;
  submit: () => void;
  close: () => void;
  verb: string;
  /** The problem stands at a field already. */
  isTold?: boolean;
  children: ReactNode;
}

function PersonForm({ action, submit, close, verb, isTold = false, children }: FormProps) {
  const { t } = useI18n();
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit();
  };
  return (
    <form className="form" onSubmit={onSubmit}>
      {children}
      {action.problem !== null && !isTold && <ProblemNotice problem={action.problem} />}
      <div className="dialog-end">
        <button type="button" className="button" onClick={close}>
          {t("dialog.cancel")}
        </button>
        <button type="submit" className="button primary" disabled={action.isBusy}>
          {verb}
        </button>
      </div>
    </form>
  );
}

interface Rights {
  role: Role;
  agencies: AgencyChoice;
}

/** An administrator has all agencies, whatever is chosen. */
const chosenRights = ({ role, agencies }: Rights) => ({
  role,
  agencies: role === "admin" ? ["*"] : chosenAgencies(agencies),
});

function RightsFields({ rights, choose }: { rights: Rights; choose: (rights: Rights) => void }) {
  const i18n = useI18n();
  const { t } = i18n;
  return (
    <>
      <ChoiceField
        label={t("role.label")}
        hint={t(`may.${rights.role}`)}
        value={rights.role}
        options={roleOptions(i18n)}
        choose={(role) => choose({ ...rights, role })}
      />
      {rights.role !== "admin" && (
        <AgenciesField choice={rights.agencies} choose={(agencies) => choose({ ...rights, agencies })} />
      )}
    </>
  );
}

export function OneTimePassword({ user, close }: { user: User; close: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog title={t("people.created.title", { name: `\u2068${user.name}\u2069` })} close={close} isKept>
      <p>{t("people.created.text")}</p>
      <SecretOnce label={t("people.one-time")} secret={user.password ?? ""} />
      <div className="dialog-end">
        <button type="button" className="button" onClick={close}>
          {t("dialog.done")}
        </button>
      </div>
    </Dialog>
  );
}
