import { useEffect, useMemo, useState } from "react";
import { getCamera } from "../../api/client";
import type { Camera } from "../../api/types";
import { usePolled } from "../../api/use-polled";
import { CopyButton } from "../../components/copy-field";
import { PreviousIcon } from "../../components/icons";
import { Skips } from "../../components/live-details";
import { LivePicture, usePicture } from "../../components/live-picture";
import { ProblemNotice } from "../../components/problem-notice";
import { SectionHead } from "../../components/section-head";
import { type I18n, useI18n } from "../../i18n";
import type { Key, Values } from "../../i18n/messages";
import { able } from "../../player/able";
import { planOf } from "../../player/plan";
import { cameraPath, Link } from "../../router";
import { type CheckState, type Finding, judge, NOTHING_SEEN, type Observed } from "./check";
import { reportOf } from "./report";
import { getServerFindings, type ServerFinding } from "./server-findings";
import { Trial } from "./trial";
import "./connect.css";

const POLL_EVERY_MS = 5_000;

/** Says which step of a WebRTC connection to a camera fails here, and why. */
export function ConnectPage({ id }: { id: string }) {
  const { t } = useI18n();
  const { data, problem, retry } = usePolled(
    `camera ${id}`,
    (signal) => getCamera(id, signal),
    POLL_EVERY_MS,
  );
  useEffect(() => {
    document.title = t("title", { page: t("connect.title") });
  }, [t]);
  return (
    <>
      <Link className="back" href={cameraPath(id)}>
        <PreviousIcon />
        {data === null ? t("camera.back") : <bdi>{data.name}</bdi>}
      </Link>
      {problem !== null && <ProblemNotice problem={problem} retry={retry} />}
      {data !== null && <Check camera={data} />}
    </>
  );
}

function useTrial(path: string, round: number): Observed {
  const [seen, setSeen] = useState(NOTHING_SEEN);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round is a trial of its own
  useEffect(() => {
    setSeen(NOTHING_SEEN);
    const trial = new Trial(path, setSeen);
    return () => trial.stop();
  }, [path, round]);
  return seen;
}

/** The stream that WebRTC would carry to this browser. */
function streamOf(camera: Camera): string {
  const { rungs } = planOf(camera.id, camera.streams, able());
  return rungs.find(({ step }) => step === "webrtc")?.path ?? camera.id;
}

function Check({ camera }: { camera: Camera }) {
  const { t } = useI18n();
  const [round, setRound] = useState(0);
  const path = streamOf(camera);
  const seen = useTrial(path, round);
  // The server knows most once the trial is over.
  const key = `connect ${path} ${round} ${seen.isDone}`;
  const server = usePolled(key, (signal) => getServerFindings(path, signal), null).data ?? [];
  const findings = useMemo(() => judge(seen), [seen]);
  const picture = usePicture(camera);
  const { rung } = picture.view;
  const report = () =>
    reportOf({
      camera: path,
      at: new Date(),
      browser: navigator.userAgent,
      findings,
      server,
      seen,
      step: rung === null ? "-" : `${rung.step} ${rung.path}`,
    });
  return (
    <>
      <SectionHead title={t("connect.title")} text={t("connect.about")}>
        <button
          type="button"
          className="button"
          disabled={!seen.isDone}
          onClick={() => setRound((last) => last + 1)}
        >
          {t("connect.again")}
        </button>
        <CopyButton label={t("connect.copy")} text={report} />
      </SectionHead>
      <div className="connect-columns">
        <div className="stack">
          <Verdict findings={findings} seen={seen} />
          <ol className="card connect-steps">
            {findings.map((finding) => (
              <Step
                key={finding.step}
                finding={finding}
                seen={seen}
                server={server.find(({ step }) => step === finding.step)}
              />
            ))}
          </ol>
        </div>
        <section className="card stack" aria-label={t("connect.shown")}>
          <h2>{t("connect.shown")}</h2>
          <LivePicture camera={camera} picture={picture} />
          {rung !== null && (
            <p data-chosen={rung.step}>
              <strong>{t(`step.${rung.step}`)}</strong> {t(`way.${rung.step}`)}
              {rung.variant !== "main" && <> {t(`variant.${rung.variant}`)}</>}
            </p>
          )}
          {picture.view.skips.length > 0 && <Skips skips={picture.view.skips} />}
        </section>
      </div>
    </>
  );
}

/** The whole in one sentence: the first step that fails is the one to look at. */
function Verdict({ findings, seen }: { findings: readonly Finding[]; seen: Observed }) {
  const { t } = useI18n();
  const failed = seen.framesDecoded > 0 ? undefined : findings.find(({ state }) => state === "failed");
  const verdict = !seen.isDone ? "running" : seen.framesDecoded > 0 ? "ok" : "failed";
  return (
    <p className={`connect-verdict check-${verdict}`} role="status" data-verdict={verdict}>
      {t(`verdict.${verdict}`, { step: failed === undefined ? "" : t(`checkstep.${failed.step}`) })}
    </p>
  );
}

interface StepProps {
  finding: Finding;
  seen: Observed;
  server: ServerFinding | undefined;
}

function Step({ finding: { step, state, code }, seen, server }: StepProps) {
  const i18n = useI18n();
  const { t, language } = i18n;
  const told = language === "ar" ? server?.ar : server?.en;
  return (
    <li className="connect-step" data-check={step} data-state={state}>
      <CheckBadge state={state} />
      <div>
        <h2>{t(`checkstep.${step}`)}</h2>
        <p>{t(`check.${code}` as Key, valuesOf(seen, i18n))}</p>
        {told && (
          <p className="muted small" data-server={server?.state}>
            {t("connect.server", { text: told })}
          </p>
        )}
      </div>
    </li>
  );
}

function valuesOf(seen: Observed, { t, format }: I18n): Values {
  const { answer, way } = seen;
  return {
    reason: answer === null || answer === "ok" ? "" : t(`reason.${answer}`),
    code: seen.detail ?? "",
    local: format.number(seen.localCount),
    udp: format.number(seen.remoteUdp),
    tcp: format.number(seen.remoteTcp),
    codec: seen.codec.replace(/^video\//, ""),
    frames: format.number(seen.framesDecoded),
    ms: way?.roundTripMs == null ? "" : format.number(way.roundTripMs),
  };
}

function CheckBadge({ state }: { state: CheckState }) {
  const { t } = useI18n();
  return (
    <span className={`status check-${state}`}>
      <span className="dot" aria-hidden="true" />
      {t(`checkstate.${state}`)}
    </span>
  );
}
