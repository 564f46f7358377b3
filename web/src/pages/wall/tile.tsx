import type { Camera } from "../../api/types";
import { LiveDetails } from "../../components/live-details";
import { LivePicture, usePicture } from "../../components/live-picture";
import { SoundSwitch } from "../../components/sound-switch";
import { StatusBadge } from "../../components/status";
import { useI18n } from "../../i18n";
import { cameraPath, Link } from "../../router";

/** A camera's picture, which leads to its page, and beside the link what can be asked of the picture. */
export function Tile({ camera }: { camera: Camera }) {
  const { t, format } = useI18n();
  const picture = usePicture(camera);
  const { state, view } = picture;
  const label = t("tile.label", { name: camera.name, state: t(`state.${state}`) });
  const isLive = state === "live";
  return (
    <>
      <Link
        className="tile"
        href={cameraPath(camera.id)}
        aria-label={label}
        data-camera={camera.id}
        data-state={state}
        data-step={view.rung?.step}
      >
        <LivePicture camera={camera} picture={picture} />
        <span className="tile-strip">
          <StatusBadge state={state} />
          <span className="tile-name" title={camera.name}>
            <bdi>{camera.name}</bdi>
          </span>
          {view.takenAt !== null && isLive && (
            <time className="digits" dateTime={new Date(view.takenAt).toISOString()}>
              {format.time(view.takenAt)}
            </time>
          )}
        </span>
      </Link>
      <span className="tile-tools">
        {isLive && view.hasSound && <SoundSwitch video={picture.video} name={camera.name} />}
        <LiveDetails camera={camera} view={view} />
      </span>
    </>
  );
}
