import { useState } from "react";
import type { Camera } from "../../api/client";
import { Link } from "../../components/Link";
import { Status, reason } from "../../components/Status";
import { useI18n } from "../../i18n";
import { LivePlayer, type PlayerState } from "../../player/LivePlayer";

/** One camera on the wall. */
export function Tile({ camera }: { camera: Camera }) {
  const { t, word, language, number } = useI18n();
  const [state, setState] = useState<PlayerState>("connecting");
  const [behind, setBehind] = useState<number>();
  // A camera that is away has no stream to ask for.
  const watchable = camera.live.hls && (camera.status === "online" || camera.status === "idle");
  const why = camera.status === "online" ? undefined : reason(camera, language);
  return (
    <li className="tile" data-camera={camera.id} data-state={watchable ? state : camera.status}>
      {watchable && camera.live.hls ? (
        <LivePlayer
          src={camera.live.hls}
          label={camera.name}
          onState={(next, seconds) => {
            setState(next);
            setBehind(seconds);
          }}
        />
      ) : (
        <div className="dark">
          <Status camera={camera} />
          {why && <p>{why}</p>}
        </div>
      )}
      {watchable && state !== "live" && <div className="veil">{word("player", state)}</div>}
      <div className="caption">
        <Link to={`/cameras/${camera.id}`} label={t("wall.open", { name: camera.name })}>
          {camera.name}
        </Link>
        <span className="grow" />
        {watchable && state === "live" && behind !== undefined && (
          <span className="quiet">{t("tile.behind", { seconds: number(behind, 1) })}</span>
        )}
        <Status camera={camera} />
      </div>
    </li>
  );
}
