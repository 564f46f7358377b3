import { type RefObject, useEffect, useState } from "react";
import { LiveSession, type LiveView, NOT_STARTED } from "./live-session";

/** Plays `url` in the video while it is given; null stops. */
export function useLive(video: RefObject<HTMLVideoElement | null>, url: string | null): LiveView {
  const [view, setView] = useState(NOT_STARTED);
  useEffect(() => {
    setView(NOT_STARTED);
    if (video.current === null || url === null) {
      return;
    }
    const session = new LiveSession(video.current, url, setView);
    return () => session.stop();
  }, [video, url]);
  return view;
}
