// A camera's live picture by HLS: reconnects by itself, says how it is, rests while nobody sees it.
import Hls from "hls.js/light";
import { useEffect, useRef, useState } from "react";

export type PlayerState = "connecting" | "live" | "stalled" | "paused" | "failed" | "unsupported";

interface Props {
  src: string;
  label: string;
  onState: (state: PlayerState, behindSeconds: number | undefined) => void;
}

const FIRST_RETRY_MS = 1_000;
const SLOWEST_RETRY_MS = 15_000;
/** No picture for this long is a stall. */
const STALL_MS = 4_000;

export function LivePlayer({ src, label, onState }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const visible = useVisible(video);
  const report = useRef(onState);
  report.current = onState;

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    if (!visible) {
      report.current("paused", undefined);
      return;
    }
    if (!Hls.isSupported()) {
      report.current("unsupported", undefined);
      return;
    }
    let hls: Hls | undefined;
    let retry = 0;
    let delay = FIRST_RETRY_MS;
    let lastTime = -1;
    let lastMoved = performance.now();

    const open = () => {
      report.current("connecting", undefined);
      hls = new Hls({ liveSyncDurationCount: 2, maxLiveSyncPlaybackRate: 1.1, backBufferLength: 10 });
      hls.on(Hls.Events.ERROR, (_, data) => {
        if (data.fatal) again();
      });
      hls.loadSource(src);
      hls.attachMedia(element);
      // A browser that forbids playing tells so by the picture that stands still.
      hls.on(Hls.Events.MANIFEST_PARSED, () => void element.play().catch(() => undefined));
    };
    const again = () => {
      hls?.destroy();
      hls = undefined;
      report.current("failed", undefined);
      window.clearTimeout(retry);
      retry = window.setTimeout(open, delay);
      delay = Math.min(delay * 2, SLOWEST_RETRY_MS);
    };
    const watch = window.setInterval(() => {
      if (!hls) return;
      const now = performance.now();
      if (element.currentTime !== lastTime) {
        lastTime = element.currentTime;
        lastMoved = now;
        delay = FIRST_RETRY_MS;
        const taken = hls.playingDate?.getTime();
        if (lastTime > 0) report.current("live", taken && Math.max(0, (Date.now() - taken) / 1_000));
      } else if (now - lastMoved > STALL_MS * 4) {
        lastMoved = now;
        again();
      } else if (now - lastMoved > STALL_MS && lastTime > 0) {
        report.current("stalled", undefined);
      }
    }, 500);
    open();
    return () => {
      window.clearInterval(watch);
      window.clearTimeout(retry);
      hls?.destroy();
    };
  }, [src, visible]);

  return <video ref={video} muted playsInline autoPlay aria-label={label} />;
}

/** True while the element is on the screen of a page that is shown. */
function useVisible(element: React.RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(true);
  const [shown, setShown] = useState(() => !document.hidden);
  useEffect(() => {
    const change = () => setShown(!document.hidden);
    document.addEventListener("visibilitychange", change);
    const observer = new IntersectionObserver(([entry]) => setSeen(entry?.isIntersecting ?? true));
    if (element.current) observer.observe(element.current);
    return () => {
      document.removeEventListener("visibilitychange", change);
      observer.disconnect();
    };
  }, [element]);
  return seen && shown;
}
