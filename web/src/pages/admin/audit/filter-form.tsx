import { type FormEvent, useState } from "react";
import { ChoiceField, TextField } from "../../../components/field";
import { type I18n, useI18n } from "../../../i18n";
import { type Filters, localOf, momentOf, PERIODS, WORDS } from "./filters";

interface Props {
  filters: Filters;
  choose: (filters: Filters) => void;
}

const RESULTS = ["", "ok", "refused"];

/** Results to choose from, and one of another name when the address asks for it. */
function resultOptions({ t }: I18n, chosen: string): [string, string][] {
  const known: [string, string][] = [
    ["", t("audit.result.any")],
    ["ok", t("audit.result.ok")],
    ["refused", t("audit.result.refused")],
  ];
  return RESULTS.includes(chosen) ? known : [...known, [chosen, chosen]];
}

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
        options={resultOptions(i18n, filters.result)}
        choose={(result) => change({ result })}
      />
      {WORDS.map((word) => (
        <TextField
          key={word}
          label={t(`auditword.${word}`)}
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
