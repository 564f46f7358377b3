import { type RefObject, useEffect, useState } from "react";
import type { Camera } from "../api/types";
import { able } from "./able";
import { LiveSession, type LiveView, NOT_STARTED } from "./live-session";
import { planOf } from "./plan";

interface Refs {
  video: RefObject<HTMLVideoElement | null>;
  image: RefObject<HTMLImageElement | null>;
}

/** Plays a camera live while it is wanted. */
export function useLive({ video, image }: Refs, camera: Camera, isWanted: boolean): LiveView {
  const [view, setView] = useState(NOT_STARTED);
  // Most of what is told of a camera leaves the ways to its picture as they are.
  const plan = JSON.stringify(planOf(camera.id, camera.streams, able()));
  useEffect(() => {
    setView(NOT_STARTED);
    if (video.current === null || image.current === null || !isWanted) {
      return;
    }
    const screen = { video: video.current, image: image.current };
    const session = new LiveSession(screen, camera.id, JSON.parse(plan), setView);
    return () => session.stop();
  }, [video, image, camera.id, plan, isWanted]);
  return view;
}
