import { useEffect, useRef } from "react";
import type { Camera } from "../api/types";
import { type I18n, useI18n } from "../i18n";
import type { LiveView } from "../player/live-session";
import { isWatchable, type PictureState, pictureState } from "../player/picture-state";
import { useLive } from "../player/use-live";
import { useVisible } from "../player/use-visible";
import { CameraOffIcon, LockIcon, PauseIcon, WarningIcon } from "./icons";

export interface Picture {
  video: React.RefObject<HTMLVideoElement | null>;
  image: React.RefObject<HTMLImageElement | null>;
  frame: React.RefObject<HTMLDivElement | null>;
  state: PictureState;
  view: LiveView;
}

/** A camera's live picture: played while it can be seen and there is hope for one. */
export function usePicture(camera: Camera): Picture {
  const video = useRef<HTMLVideoElement>(null);
  const image = useRef<HTMLImageElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const wasPlaying = useRef(false);
  const isVisible = useVisible(frame);
  const isWanted = isVisible && isWatchable(camera, wasPlaying.current);
  useEffect(() => {
    wasPlaying.current = isWanted;
  }, [isWanted]);
  const view = useLive({ video, image }, camera, isWanted);
  return { video, image, frame, view, state: pictureState(camera, view.phase, isVisible) };
}

interface Props {
  camera: Camera;
  picture: Picture;
}

export function LivePicture({ camera, picture }: Props) {
  const { t } = useI18n();
  const { state, view } = picture;
  const label = t("picture.label", { name: camera.name });
  const isStill = view.rung?.step === "snapshot";
  return (
    <div ref={picture.frame} className={`picture picture-${state}`} data-step={view.rung?.step}>
      <video
        ref={picture.video}
        muted
        playsInline
        disablePictureInPicture
        tabIndex={-1}
        aria-label={label}
        hidden={isStill}
      />
      <img ref={picture.image} alt={isStill ? label : ""} hidden={!isStill} />
      {state !== "live" && <Instead camera={camera} picture={picture} />}
    </div>
  );
}

/** What stands in a picture's place, or over its last frame. */
function Instead({ camera, picture }: Props) {
  const i18n = useI18n();
  const { state } = picture;
  return (
    <div className="picture-instead">
      <InsteadIcon state={state} />
      <strong>{i18n.t(`state.${state}`)}</strong>
      <p>{reason(camera, picture, i18n)}</p>
    </div>
  );
}

function InsteadIcon({ state }: { state: PictureState }) {
  switch (state) {
    case "connecting":
      return <span className="spinner" aria-hidden="true" />;
    case "stalled":
    case "error":
      return <WarningIcon />;
    case "refused":
      return <LockIcon />;
    case "paused":
      return <PauseIcon />;
    default:
      return <CameraOffIcon />;
  }
}

function reason(camera: Camera, { state, view }: Picture, { t, language }: I18n): string {
  switch (state) {
    case "connecting":
      return view.isRetrying ? t("picture.retrying") : "";
    case "offline":
    case "error": {
      const last = camera.last_error;
      return (language === "ar" ? last?.message_ar : last?.message_en) ?? t("picture.no-reason");
    }
    case "stalled":
      return t("picture.stalled");
    case "refused":
      return t("picture.refused");
    case "disabled":
      return t("picture.disabled");
    default:
      return "";
  }
}
