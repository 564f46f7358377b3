import { useId } from "react";
import type { Camera } from "../api/types";
import { useI18n } from "../i18n";
import type { LiveView } from "../player/live-session";
import type { Skip } from "../player/steps";
import { connectPath, Link } from "../router";
import { WarningIcon } from "./icons";
import "./live-details.css";

interface Props {
  camera: Camera;
  view: LiveView;
}

/** How a picture comes, as a button; it opens why it comes no better way. */
export function LiveDetails({ camera, view }: Props) {
  const { t, format } = useI18n();
  const id = useId();
  if (view.rung === null) {
    return null;
  }
  const way = t(`step.${view.rung.step}`);
  return (
    <>
      <button
        type="button"
        className="button quiet way"
        popoverTarget={id}
        aria-label={t("way.label", { name: camera.name, way })}
        title={t("way.title")}
        data-step={view.rung.step}
      >
        {view.skips.length > 0 && <WarningIcon />}
        <span>{way}</span>
        {view.latencyMs !== null && (
          <span className="way-latency digits">
            {t("way.latency", { seconds: format.tenths(view.latencyMs / 1_000) })}
          </span>
        )}
      </button>
      <div id={id} popover="auto" className="way-details" role="dialog" aria-label={t("way.title")}>
        <Details camera={camera} view={view} />
      </div>
    </>
  );
}

function Details({ camera, view }: Props) {
  const { t, format } = useI18n();
  const { rung, skips, omitted, latencyMs } = view;
  return (
    <>
      <h2>{t("way.title")}</h2>
      <p>{rung && t(`way.${rung.step}`)}</p>
      {rung && rung.variant !== "main" && <p>{t(`variant.${rung.variant}`)}</p>}
      {latencyMs !== null && (
        <p className="muted">{t("picture.latency", { seconds: format.tenths(latencyMs / 1_000) })}</p>
      )}
      {skips.length > 0 && <Skips skips={skips} />}
      {omitted.length > 0 && (
        <p>{t("way.omitted", { codecs: omitted.map((codec) => codec.toUpperCase()).join(", ") })}</p>
      )}
      <Link className="button" href={connectPath(camera.id)}>
        {t("way.check")}
      </Link>
    </>
  );
}

/** Which better ways were not taken, and why. */
export function Skips({ skips }: { skips: readonly Skip[] }) {
  const { t } = useI18n();
  return (
    <dl className="way-skips">
      {skips.map(({ step, variant, reason }) => (
        <div key={`${step} ${variant}`} data-reason={reason}>
          <dt>
            {t("way.why", { way: t(`step.${step}`) })}
            {variant !== "main" && <span className="muted"> ({t(`stream.${variant}`)})</span>}
          </dt>
          <dd>{t(`reason.${reason}`)}</dd>
        </div>
      ))}
    </dl>
  );
}
