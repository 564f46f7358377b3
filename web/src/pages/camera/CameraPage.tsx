// One camera: live or a recording, what is known of it, and its recordings.
import { useState } from "react";
import { camera as askCamera, mediaUrl, type Camera } from "../../api/client";
import { usePolled } from "../../api/usePolled";
import { Empty, Failure } from "../../components/Failure";
import { Link } from "../../components/Link";
import { Status, reason } from "../../components/Status";
import { useI18n } from "../../i18n";
import { LivePlayer, type PlayerState } from "../../player/LivePlayer";
import { Facts } from "./Facts";
import { Recordings, type Playing } from "./Recordings";

export function CameraPage({ id }: { id: string }) {
  const { t, language, dateTime } = useI18n();
  const { value: camera, error } = usePolled((signal) => askCamera(id, signal), 3_000, id);
  const [playing, setPlaying] = useState<Playing>();
  if (!camera) return error ? <Failure error={error} /> : <Empty title={t("wall.loading")} />;
  const why = reason(camera, language);
  return (
    <section className="camera" aria-label={camera.name}>
      <div className="toolbar">
        <Link to="/" className="button" label={t("camera.back")}>
          <span className="mirrored" aria-hidden="true">
            {"‹"}
          </span>
          {t("nav.wall")}
        </Link>
        <h1>{camera.name}</h1>
        <Status camera={camera} />
        {camera.status_since && (
          <span className="quiet">{t("camera.since", { time: dateTime(camera.status_since) })}</span>
        )}
        <span className="grow" />
        {playing && <button onClick={() => setPlaying(undefined)}>{t("recordings.close")}</button>}
      </div>
      <div className="columns">
        <div className="screen">
          {playing ? (
            <video
              key={playing.start}
              className="recording"
              src={mediaUrl(id, playing.start, playing.end)}
              controls
              autoPlay
              muted
              aria-label={t("recordings.playFrom", { time: dateTime(playing.start) })}
            />
          ) : (
            <Live camera={camera} />
          )}
        </div>
        <div className="side">
          <Facts camera={camera} />
          {why && camera.last_error && (
            <div className="notice">
              <strong>{t("camera.lastError", { time: dateTime(camera.last_error.at) })}</strong>
              <p>{why}</p>
            </div>
          )}
        </div>
      </div>
      <Recordings id={id} playing={playing} onPlay={setPlaying} />
    </section>
  );
}

function Live({ camera }: { camera: Camera }) {
  const { t, word, number } = useI18n();
  const [state, setState] = useState<PlayerState>("connecting");
  const [behind, setBehind] = useState<number>();
  if (!camera.live.hls || (camera.status !== "online" && camera.status !== "idle"))
    return (
      <div className="dark">
        <Status camera={camera} />
      </div>
    );
  return (
    <>
      <LivePlayer
        src={camera.live.hls}
        label={camera.name}
        onState={(next, seconds) => {
          setState(next);
          setBehind(seconds);
        }}
      />
      <div className="veil corner">
        {word("player", state)}
        {state === "live" && behind !== undefined && ` · ${t("tile.behind", { seconds: number(behind, 1) })}`}
      </div>
    </>
  );
}
