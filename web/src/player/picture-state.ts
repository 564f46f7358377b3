import type { Camera } from "../api/types";
import type { LivePhase } from "./live-session";

/** What a picture's place shows. */
export type PictureState =
  | LivePhase
  | "paused"
  /** The camera gives nothing; its last error says why. */
  | "offline"
  /** The camera gives nothing until a person mends it. */
  | "error"
  | "disabled";

/** Whether the camera's state leaves hope for a picture: asking in vain would hold one of few connections. */
export function isWatchable(camera: Camera, isPlaying: boolean): boolean {
  if (camera.live.hls == null) {
    return false;
  }
  switch (camera.status) {
    case "online":
    case "idle":
      return true;
    case "connecting":
      return isPlaying;
    default:
      return false;
  }
}

export function pictureState(camera: Camera, phase: LivePhase, isVisible: boolean): PictureState {
  if (camera.status === "disabled" || camera.status === "offline" || camera.status === "error") {
    return camera.status;
  }
  if (!isVisible) {
    return "paused";
  }
  // Pictures that are buffered go on for a while after the camera is lost.
  return camera.status === "connecting" && phase === "stalled" ? "connecting" : phase;
}
