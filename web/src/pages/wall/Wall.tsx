// The live wall: all cameras in a grid.
import { useState } from "react";
import { cameras as askCameras } from "../../api/client";
import { usePolled } from "../../api/usePolled";
import { Empty, Failure } from "../../components/Failure";
import { useI18n } from "../../i18n";
import { Tile } from "./Tile";

const LAYOUTS = [1, 4, 9, 16, 25, 36, 64];
const STORED = "vedette.wall.layout";

/** The smallest layout that shows all, up to sixteen tiles. */
export function fitting(count: number): number {
  return LAYOUTS.find((layout) => layout >= count) ?? 16;
}

export function Wall() {
  const { t } = useI18n();
  const { value: cameras, error } = usePolled(askCameras, 3_000, "wall");
  const [chosen, setChosen] = useState(() => Number(localStorage.getItem(STORED)) || 0);
  const [page, setPage] = useState(0);
  if (!cameras) return error ? <Failure error={error} /> : <Empty title={t("wall.loading")} />;
  if (cameras.length === 0) return <Empty title={t("wall.empty")} hint={t("wall.emptyHint")} />;

  const layout = LAYOUTS.includes(chosen) ? chosen : Math.min(fitting(cameras.length), 16);
  const pages = Math.ceil(cameras.length / layout);
  const current = Math.min(page, pages - 1);
  const shown = cameras.slice(current * layout, (current + 1) * layout);
  const online = cameras.filter((camera) => camera.status === "online").length;
  const choose = (tiles: number) => {
    setChosen(tiles);
    setPage(0);
    localStorage.setItem(STORED, String(tiles));
  };
  return (
    <section className="wall" aria-label={t("wall.title")}>
      <div className="toolbar">
        <h1>{t("wall.title")}</h1>
        <span className="quiet">{t("wall.summary", { online, total: cameras.length })}</span>
        <span className="grow" />
        {pages > 1 && (
          <span className="group">
            <button
              disabled={current === 0}
              onClick={() => setPage(current - 1)}
              aria-label={t("wall.previous")}
            >
              <span className="mirrored" aria-hidden="true">
                {"‹"}
              </span>
            </button>
            <span>{t("wall.page", { page: current + 1, pages })}</span>
            <button
              disabled={current === pages - 1}
              onClick={() => setPage(current + 1)}
              aria-label={t("wall.next")}
            >
              <span className="mirrored" aria-hidden="true">
                {"›"}
              </span>
            </button>
          </span>
        )}
        <span className="group" role="group" aria-label={t("wall.layout")}>
          {LAYOUTS.map((tiles) => (
            <button key={tiles} aria-pressed={tiles === layout} onClick={() => choose(tiles)}>
              {tiles}
            </button>
          ))}
        </span>
      </div>
      {error !== undefined && <Failure error={error} />}
      <ul className={`grid grid-${layout}`}>
        {shown.map((camera) => (
          <Tile key={camera.id} camera={camera} />
        ))}
      </ul>
    </section>
  );
}
