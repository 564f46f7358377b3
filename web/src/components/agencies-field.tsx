import { agenciesOf, isAll, textOf } from "../access/agencies";
import type { Agencies } from "../api/types";
import { useI18n } from "../i18n";
import { CheckField, TextField } from "./field";

export interface AgencyChoice {
  isAll: boolean;
  text: string;
}

export const choiceOf = (agencies: Agencies): AgencyChoice => ({
  isAll: isAll(agencies),
  text: textOf(agencies),
});

export const chosenAgencies = (choice: AgencyChoice): Agencies =>
  choice.isAll ? ["*"] : agenciesOf(choice.text);

interface Props {
  choice: AgencyChoice;
  choose: (choice: AgencyChoice) => void;
}

/** Which agencies' cameras: all of them, or those named. */
export function AgenciesField({ choice, choose }: Props) {
  const { t } = useI18n();
  return (
    <fieldset className="field">
      <legend>{t("agencies.label")}</legend>
      <CheckField
        label={t("agencies.all")}
        isOn={choice.isAll}
        change={(all) => choose({ ...choice, isAll: all })}
      />
      {!choice.isAll && (
        <TextField
          label={t("agencies.codes")}
          hint={t("agencies.hint")}
          value={choice.text}
          isCode
          isRequired
          change={(text) => choose({ ...choice, text })}
        />
      )}
    </fieldset>
  );
}
