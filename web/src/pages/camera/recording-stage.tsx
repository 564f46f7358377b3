import { useEffect, useState } from "react";
import { mediaUrl } from "../../api/client";
import { type Problem, readProblem } from "../../api/problem";
import { serverNow } from "../../api/server-clock";
import type { Camera, Me, Segment } from "../../api/types";
import { DownloadIcon } from "../../components/icons";
import { ProblemNotice } from "../../components/problem-notice";
import { useI18n } from "../../i18n";
import { LinkButton } from "./link-dialog";
import { maySign } from "./links";
import { type Playing, playNext } from "./playable";

interface Props {
  camera: Camera;
  me: Me;
  playing: Playing;
  segments: Segment[];
  play: (playing: Playing) => void;
  backToLive: () => void;
}

/** A recording, with the time at which the shown picture was taken. */
export function RecordingStage({ camera, me, playing, segments, play, backToLive }: Props) {
  const { t, format } = useI18n();
  const url = mediaUrl(camera.id, playing.range);
  const [position, setPosition] = useState(0);
  const [problem, setProblem] = useState<Problem | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another file begins anew
  useEffect(() => {
    setPosition(0);
    setProblem(null);
  }, [url]);
  const goOn = () => {
    const next = playNext(segments, playing.segment, serverNow());
    if (next !== null) {
      play(next);
    }
  };
  return (
    <section className="stage" aria-label={t("camera.recording")} data-state="recording">
      <div className="picture">
        {problem === null ? (
          // biome-ignore lint/a11y/useMediaCaption: a camera's recording has no captions
          <video
            key={url}
            src={url}
            controls
            autoPlay
            playsInline
            aria-label={t("recording.label", { name: camera.name })}
            onTimeUpdate={(event) => setPosition(Math.floor(event.currentTarget.currentTime))}
            onEnded={goOn}
            onError={() => void why(url).then(setProblem)}
          />
        ) : (
          <div className="picture-instead">
            <ProblemNotice problem={problem} retry={() => setProblem(null)} />
          </div>
        )}
      </div>
      <div className="stage-strip">
        <span className="status status-recording">{t("camera.recording")}</span>
        <time className="digits" dateTime={new Date(playing.range.start + position * 1_000).toISOString()}>
          {format.dateTime(playing.range.start + position * 1_000)}
        </time>
        <span className="stage-end">
          {maySign(me) && <LinkButton camera={camera} range={playing.range} />}
          <a
            className="button quiet icon-only"
            href={url}
            download
            aria-label={t("recording.download")}
            title={t("recording.download")}
          >
            <DownloadIcon />
          </a>
          <button type="button" className="button" onClick={backToLive}>
            {t("recording.live")}
          </button>
        </span>
      </div>
    </section>
  );
}

/** A <video> does not tell why it failed: ask for one byte, and read the answer. */
async function why(url: string): Promise<Problem> {
  try {
    const headers = { Range: "bytes=0-0", "Accept-Language": document.documentElement.lang };
    const response = await fetch(url, { headers });
    if (!response.ok) {
      return await readProblem(response);
    }
    await response.body?.cancel();
    return { kind: "unplayable", requestId: response.headers.get("x-request-id") };
  } catch {
    return { kind: "unreachable" };
  }
}
