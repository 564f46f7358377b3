import { useRef } from "react";
import { serverNow } from "../../api/server-clock";
import { NextIcon, PreviousIcon } from "../../components/icons";
import { useI18n } from "../../i18n";
import { dayAfter, dayOf, LAST_HOURS, type Period, rangeOf } from "./period";

interface Props {
  period: Period;
  choose: (period: Period) => void;
}

/** The last hours, or a day. */
export function PeriodChoice({ period, choose }: Props) {
  const { t, n } = useI18n();
  return (
    <div className="period">
      <fieldset className="segmented">
        <legend className="visually-hidden">{t("period.label")}</legend>
        {LAST_HOURS.map((hours) => (
          <button
            key={hours}
            type="button"
            className="button"
            aria-pressed={period.kind === "last" && period.hours === hours}
            onClick={() => choose({ kind: "last", hours })}
          >
            {n("period.hours", hours)}
          </button>
        ))}
      </fieldset>
      <DayChoice period={period} choose={choose} />
    </div>
  );
}

function DayChoice({ period, choose }: Props) {
  const { t, format } = useI18n();
  const today = dayOf(serverNow());
  const chosen = period.kind === "day" ? period.date : null;
  const step = (days: number) => choose({ kind: "day", date: dayAfter(chosen ?? today, days) });
  return (
    <div className="period-day">
      <StepButton label={t("period.previous")} icon={<PreviousIcon />} onClick={() => step(-1)} />
      <DayPicker
        chosen={chosen}
        today={today}
        label={chosen === null ? t("period.day") : format.day(rangeOf(period, 0).start)}
        choose={(date) => choose({ kind: "day", date })}
      />
      <StepButton
        label={t("period.next")}
        icon={<NextIcon />}
        isDisabled={chosen === null || chosen >= today}
        onClick={() => step(1)}
      />
    </div>
  );
}

interface StepProps {
  label: string;
  icon: React.ReactNode;
  isDisabled?: boolean;
  onClick: () => void;
}

function StepButton({ label, icon, isDisabled = false, onClick }: StepProps) {
  return (
    <button
      type="button"
      className="button icon-only"
      aria-label={label}
      title={label}
      disabled={isDisabled}
      onClick={onClick}
    >
      {icon}
    </button>
  );
}

interface PickerProps {
  chosen: string | null;
  today: string;
  label: string;
  choose: (date: string) => void;
}

/** The browser's own calendar behind a button: its field would write dates in the browser's language. */
function DayPicker({ chosen, today, label, choose }: PickerProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <span className="day-picker">
      <button
        type="button"
        className="button"
        aria-pressed={chosen !== null}
        onClick={() => input.current?.showPicker()}
      >
        {label}
      </button>
      <input
        ref={input}
        type="date"
        tabIndex={-1}
        aria-hidden="true"
        max={today}
        value={chosen ?? today}
        onChange={(event) => event.target.value !== "" && choose(event.target.value)}
      />
    </span>
  );
}
