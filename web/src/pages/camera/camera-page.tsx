import { useEffect, useState } from "react";
import { getCamera } from "../../api/client";
import type { Camera, Me } from "../../api/types";
import { usePolled } from "../../api/use-polled";
import { PreviousIcon } from "../../components/icons";
import { ProblemNotice } from "../../components/problem-notice";
import { StatusBadge } from "../../components/status";
import { useI18n } from "../../i18n";
import { Link } from "../../router";
import { Facts } from "./facts";
import { LiveStage } from "./live-stage";
import type { Playing } from "./playable";
import { RecordingStage } from "./recording-stage";
import { Recordings } from "./recordings";
import { useRecordings } from "./use-recordings";
import "./camera.css";

const POLL_EVERY_MS = 3_000;

export function CameraPage({ id, me }: { id: string; me: Me }) {
  const { t } = useI18n();
  const {
    data: camera,
    problem,
    retry,
  } = usePolled(`camera ${id}`, (signal) => getCamera(id, signal), POLL_EVERY_MS);
  useEffect(() => {
    document.title = t("title", { page: camera?.name ?? id });
  }, [t, camera?.name, id]);
  return (
    <>
      <Link className="back" href="/">
        <PreviousIcon />
        {t("camera.back")}
      </Link>
      {problem !== null && <ProblemNotice problem={problem} retry={retry} />}
      {camera !== null && <Loaded camera={camera} me={me} />}
    </>
  );
}

function Loaded({ camera, me }: { camera: Camera; me: Me }) {
  const [playing, setPlaying] = useState<Playing | null>(null);
  const recordings = useRecordings(camera.id);
  return (
    <>
      <Heading camera={camera} />
      <div className="camera-columns">
        <div className="camera-stage">
          {playing === null ? (
            <LiveStage camera={camera} me={me} />
          ) : (
            <RecordingStage
              camera={camera}
              me={me}
              playing={playing}
              segments={recordings.segments}
              play={setPlaying}
              backToLive={() => setPlaying(null)}
            />
          )}
        </div>
        <Recordings recordings={recordings} playing={playing} play={setPlaying} />
        <Facts camera={camera} />
      </div>
    </>
  );
}

function Heading({ camera }: { camera: Camera }) {
  const { t, format } = useI18n();
  const since = camera.status_since ? Date.parse(camera.status_since) : null;
  return (
    <div className="camera-heading">
      <h1>
        <bdi>{camera.name}</bdi>
      </h1>
      <StatusBadge state={camera.status} />
      {since !== null && (
        <span className="muted">
          {t("camera.since")} <time dateTime={camera.status_since ?? ""}>{format.dateTime(since)}</time>
        </span>
      )}
    </div>
  );
}
