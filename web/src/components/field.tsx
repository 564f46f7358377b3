import { type ReactNode, useId, useState } from "react";
import { useI18n } from "../i18n";

interface FieldProps {
  label: string;
  hint?: ReactNode;
  /** What is wrong with what was put in. */
  error?: string | null;
  children: (props: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}

/** A label, what is put in, and what to know about it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        ...(note ? { "aria-describedby": `${id}note` } : {}),
        ...(error ? { "aria-invalid": true } : {}),
      })}
      {note && (
        <p id={`${id}note`} className={error ? "field-note warn" : "field-note"}>
          {note}
        </p>
      )}
    </div>
  );
}

interface TextProps extends Omit<FieldProps, "children"> {
  value: string;
  change: (value: string) => void;
  type?: "text" | "date" | "datetime-local";
  autoComplete?: string;
  isRequired?: boolean;
  autoFocus?: boolean;
  maxLength?: number;
  min?: string;
  placeholder?: string | undefined;
  step?: string;
  /** Codes and patterns are written from left to right in any language. */
  isCode?: boolean;
}

export function TextField({ value, change, type = "text", isCode = false, ...rest }: TextProps) {
  const { label, hint, error, autoComplete = "off", isRequired = false, autoFocus = false, ...more } = rest;
  return (
    <Field label={label} hint={hint} error={error ?? null}>
      {(props) => (
        <input
          {...props}
          {...more}
          className="input"
          type={type}
          dir={isCode ? "ltr" : "auto"}
          autoComplete={autoComplete}
          autoCapitalize="none"
          spellCheck={false}
          required={isRequired}
          // biome-ignore lint/a11y/noAutofocus: the one field of a page or window that was just opened for it
          autoFocus={autoFocus}
          value={value}
          onChange={(event) => change(event.target.value)}
        />
      )}
    </Field>
  );
}

interface PasswordProps extends Omit<FieldProps, "children"> {
  value: string;
  change: (value: string) => void;
  autoComplete: "current-password" | "new-password";
  isRequired?: boolean;
  autoFocus?: boolean;
}

/** A password, which may be looked at while it is typed. */
export function PasswordField(props: PasswordProps) {
  const { t } = useI18n();
  const [isShown, setShown] = useState(false);
  const { label, hint, error, value, change, autoComplete, isRequired = true, autoFocus = false } = props;
  return (
    <Field label={label} hint={hint} error={error ?? null}>
      {(described) => (
        <div className="input-group">
          <input
            {...described}
            className="input"
            type={isShown ? "text" : "password"}
            dir="ltr"
            autoComplete={autoComplete}
            autoCapitalize="none"
            spellCheck={false}
            required={isRequired}
            maxLength={1024}
            // biome-ignore lint/a11y/noAutofocus: the one field of a page or window that was just opened for it
            autoFocus={autoFocus}
            value={value}
            onChange={(event) => change(event.target.value)}
          />
          <button
            type="button"
            className="button"
            aria-pressed={isShown}
            onClick={() => setShown((last) => !last)}
          >
            {t("password.show")}
          </button>
        </div>
      )}
    </Field>
  );
}

interface ChoiceProps<T extends string> extends Omit<FieldProps, "children"> {
  value: T;
  options: readonly (readonly [T, string])[];
  choose: (value: T) => void;
}

export function ChoiceField<T extends string>({ value, options, choose, ...rest }: ChoiceProps<T>) {
  return (
    <Field {...rest}>
      {(props) => (
        <select
          {...props}
          className="input"
          value={value}
          onChange={(event) => {
            const chosen = options.find(([option]) => option === event.target.value);
            if (chosen) {
              choose(chosen[0]);
            }
          }}
        >
          {options.map(([option, words]) => (
            <option key={option} value={option}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckProps {
  label: string;
  isOn: boolean;
  change: (isOn: boolean) => void;
}

export function CheckField({ label, isOn, change }: CheckProps) {
  return (
    <label className="check">
      <input type="checkbox" checked={isOn} onChange={(event) => change(event.target.checked)} />
      {label}
    </label>
  );
}
