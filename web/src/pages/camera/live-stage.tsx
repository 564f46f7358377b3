import { useRef } from "react";
import type { Camera, Me } from "../../api/types";
import { FullscreenIcon } from "../../components/icons";
import { LiveDetails } from "../../components/live-details";
import { LivePicture, usePicture } from "../../components/live-picture";
import { SoundSwitch } from "../../components/sound-switch";
import { StatusBadge } from "../../components/status";
import { useI18n } from "../../i18n";
import { LinkButton } from "./link-dialog";
import { maySign } from "./links";

/** The live picture, large, with its time and how far it is behind. */
export function LiveStage({ camera, me }: { camera: Camera; me: Me }) {
  const { t, format } = useI18n();
  const picture = usePicture(camera);
  const stage = useRef<HTMLElement>(null);
  const { state, view } = picture;
  return (
    <section
      className="stage"
      aria-label={t("camera.live")}
      ref={stage}
      data-state={state}
      data-step={view.rung?.step}
    >
      <LivePicture camera={camera} picture={picture} />
      <div className="stage-strip">
        <StatusBadge state={state} />
        {state === "live" && view.takenAt !== null && (
          <time className="digits" dateTime={new Date(view.takenAt).toISOString()}>
            {format.dateTime(view.takenAt)}
          </time>
        )}
        <span className="stage-end">
          <LiveDetails camera={camera} view={view} />
          {state === "live" && view.hasSound && <SoundSwitch video={picture.video} name={camera.name} />}
          {camera.live.hls && maySign(me) && <LinkButton camera={camera} range={null} />}
          <button
            type="button"
            className="button quiet icon-only"
            aria-label={t("picture.fullscreen")}
            title={t("picture.fullscreen")}
            onClick={() => toggleFullscreen(stage.current)}
          >
            <FullscreenIcon />
          </button>
        </span>
      </div>
    </section>
  );
}

function toggleFullscreen(element: HTMLElement | null): void {
  const done = document.fullscreenElement ? document.exitFullscreen() : element?.requestFullscreen();
  // The browser may refuse, then the picture stays as it is.
  done?.catch(() => undefined);
}
