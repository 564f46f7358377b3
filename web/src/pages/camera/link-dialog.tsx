import { type FormEvent, useState } from "react";
import { signLink } from "../../api/access";
import type { Range } from "../../api/client";
import type { Camera, SignedLink } from "../../api/types";
import { useAction } from "../../api/use-action";
import { CopyField } from "../../components/copy-field";
import { Dialog } from "../../components/dialog";
import { ChoiceField, TextField } from "../../components/field";
import { LinkIcon } from "../../components/icons";
import { ProblemNotice } from "../../components/problem-notice";
import { useI18n } from "../../i18n";
import { addressesOf, fieldOf, LASTING, LASTING_S, type Lasting, rangeBetween } from "./links";

interface Props {
  camera: Camera;
  /** The part of the recording at first; null: the live picture. */
  range: Range | null;
}

/** Gives out an address that opens without a login. */
export function LinkButton({ camera, range }: Props) {
  const { t } = useI18n();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className="button quiet icon-only"
        aria-label={t("link.open")}
        title={t("link.open")}
        onClick={() => setOpen(true)}
      >
        <LinkIcon />
      </button>
      {isOpen && <LinkDialog camera={camera} range={range} close={() => setOpen(false)} />}
    </>
  );
}

interface Made {
  link: SignedLink;
  range: Range | null;
}

function LinkDialog({ camera, range, close }: Props & { close: () => void }) {
  const { t } = useI18n();
  const [made, setMade] = useState<Made | null>(null);
  const title = range === null ? t("link.live") : t("link.recording");
  return (
    <Dialog title={title} close={close}>
      <p>{range === null ? t("link.about.live") : t("link.about.playback")}</p>
      {made === null ? (
        <LinkForm camera={camera} range={range} done={setMade} close={close} />
      ) : (
        <Addresses made={made} close={close} />
      )}
    </Dialog>
  );
}

interface FormProps extends Props {
  done: (made: Made) => void;
  close: () => void;
}

function LinkForm({ camera, range, done, close }: FormProps) {
  const { t } = useI18n();
  const action = useAction();
  const [lasting, setLasting] = useState<Lasting>("hour");
  const [from, setFrom] = useState(range === null ? "" : fieldOf(range.start));
  const [to, setTo] = useState(range === null ? "" : fieldOf(range.end));
  const wanted = range === null ? null : rangeBetween(from, to);
  const isWrong = range !== null && wanted === null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isWrong) {
      const purpose = range === null ? "live" : "playback";
      action.run(async () =>
        done({ link: await signLink(camera.id, purpose, LASTING_S[lasting]), range: wanted }),
      );
    }
  };
  return (
    <form className="form" onSubmit={submit}>
      {range !== null && (
        <div className="field-pair">
          <TextField
            label={t("link.from")}
            type="datetime-local"
            step="1"
            isRequired
            value={from}
            change={setFrom}
          />
          <TextField
            label={t("link.to")}
            type="datetime-local"
            step="1"
            isRequired
            error={isWrong ? t("link.span") : null}
            value={to}
            change={setTo}
          />
        </div>
      )}
      <ChoiceField
        label={t("link.lasts")}
        value={lasting}
        options={LASTING.map((one) => [one, t(`linktime.${one}`)] as const)}
        choose={setLasting}
      />
      {action.problem !== null && <ProblemNotice problem={action.problem} />}
      <div className="dialog-end">
        <button type="button" className="button" onClick={close}>
          {t("dialog.cancel")}
        </button>
        <button type="submit" className="button primary" disabled={action.isBusy}>
          {t("link.sign")}
        </button>
      </div>
    </form>
  );
}

function Addresses({ made, close }: { made: Made; close: () => void }) {
  const { t, format } = useI18n();
  const ends = Date.parse(made.link.expires_at);
  return (
    <div className="form">
      {addressesOf(made.link, made.range, location.origin).map(({ label, url }) => (
        <CopyField key={label} label={t(label)} value={url} />
      ))}
      {!Number.isNaN(ends) && <p>{t("link.ends", { time: `\u2068${format.dateTime(ends)}\u2069` })}</p>}
      <div className="dialog-end">
        <button type="button" className="button" onClick={close}>
          {t("dialog.done")}
        </button>
      </div>
    </div>
  );
}
