import { type FormEvent, useState } from "react";
import { ChoiceField, TextField } from "../../../components/field";
import { type I18n, useI18n } from "../../../i18n";
import { type Filters, localOf, momentOf, PERIODS, WORDS } from "./filters";
import { ACTIONS, actionKey } from "./words";

interface Props {
  filters: Filters;
  choose: (filters: Filters) => void;
}

type Options = [string, string][];

/** What can be chosen, and something of another name when the address asks for it. */
const withChosen = (known: Options, chosen: string): Options =>
  known.some(([value]) => value === chosen) ? known : [...known, [chosen, chosen]];

const resultOptions = ({ t }: I18n): Options => [
  ["", t("audit.result.any")],
  ["ok", t("audit.result.ok")],
  ["refused", t("audit.result.refused")],
];

const actionOptions = ({ t }: I18n): Options => {
  const words = (action: string) => {
    const key = actionKey(action);
    return key === null ? action : t(key);
  };
  return [["", t("audit.action.any")], ...ACTIONS.map((action): [string, string] => [action, words(action)])];
};

const TYPED = ["who", "object", "agency"] as const;

export function FilterForm({ filters, choose }: Props) {
  const i18n = useI18n();
  const { t } = i18n;
  const [wanted, setWanted] = useState(filters);
  const change = (part: Partial<Filters>) => setWanted((last) => ({ ...last, ...part }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    choose(trimmed(wanted));
  };
  return (
    <form className="filters" aria-label={t("audit.filters")} onSubmit={submit}>
      <ChoiceField
        label={t("audit.period")}
        value={wanted.period}
        options={PERIODS.map((period) => [period, t(`auditperiod.${period}`)] as const)}
        choose={(period) => change({ period, start: "", end: "" })}
      />
      {wanted.period === "span" && (
        <>
          <TextField
            label={t("audit.from")}
            type="datetime-local"
            value={localOf(wanted.start)}
            change={(local) => change({ start: momentOf(local) })}
          />
          <TextField
            label={t("audit.to")}
            type="datetime-local"
            value={localOf(wanted.end)}
            change={(local) => change({ end: momentOf(local) })}
          />
        </>
      )}
      <ChoiceField
        label={t("audit.result")}
        value={wanted.result}
        options={withChosen(resultOptions(i18n), filters.result)}
        choose={(result) => change({ result })}
      />
      <ChoiceField
        label={t("auditword.action")}
        value={wanted.action}
        options={withChosen(actionOptions(i18n), filters.action)}
        choose={(action) => change({ action })}
      />
      {TYPED.map((word) => (
        <TextField
          key={word}
          label={t(`auditword.${word}`)}
          placeholder={word === "object" ? t("audit.object.hint") : undefined}
          maxLength={200}
          value={wanted[word]}
          change={(text) => change({ [word]: text })}
        />
      ))}
      <div className="filters-end">
        <button type="submit" className="button primary">
          {t("audit.show")}
        </button>
        <button type="button" className="button quiet" onClick={() => choose(ALL)}>
          {t("audit.reset")}
        </button>
      </div>
    </form>
  );
}

const ALL: Filters = {
  period: "week",
  start: "",
  end: "",
  who: "",
  action: "",
  object: "",
  agency: "",
  result: "",
};

function trimmed(filters: Filters): Filters {
  const words = WORDS.map((word) => [word, filters[word].trim()]);
  return { ...filters, ...(Object.fromEntries(words) as Pick<Filters, (typeof WORDS)[number]>) };
}
