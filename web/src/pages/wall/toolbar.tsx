import type { RefObject } from "react";
import type { Camera } from "../../api/types";
import { FullscreenIcon, GridIcon, NextIcon, PreviousIcon } from "../../components/icons";
import { useI18n } from "../../i18n";
import { LAYOUTS, type Layout } from "./layout";

interface Props {
  cameras: Camera[];
  layout: Layout;
  page: number;
  pages: number;
  choose: (layout: Layout) => void;
  turnTo: (page: number) => void;
  wall: RefObject<HTMLElement | null>;
}

export function Toolbar(props: Props) {
  return (
    <div className="toolbar">
      <Summary cameras={props.cameras} />
      <div className="toolbar-end">
        {props.pages > 1 && <Pager {...props} />}
        <LayoutChoice {...props} />
        <FullscreenButton wall={props.wall} />
      </div>
    </div>
  );
}

function Summary({ cameras }: { cameras: Camera[] }) {
  const { t, n } = useI18n();
  const count = (...statuses: Camera["status"][]) =>
    cameras.filter((camera) => statuses.includes(camera.status)).length;
  const online = count("online");
  const lost = count("offline", "error");
  return (
    <p className="summary">
      <strong>{n("wall.count", cameras.length)}</strong>
      <span className="status status-online">
        <span className="dot" aria-hidden="true" />
        {t("wall.online", { count: online })}
      </span>
      {lost > 0 && (
        <span className="status status-offline">
          <span className="dot" aria-hidden="true" />
          {t("wall.lost", { count: lost })}
        </span>
      )}
    </p>
  );
}

function Pager({ page, pages, turnTo }: Props) {
  const { t } = useI18n();
  return (
    <fieldset className="pager">
      <legend className="visually-hidden">{t("wall.pages")}</legend>
      <button
        type="button"
        className="button icon-only"
        aria-label={t("wall.previous")}
        title={t("wall.previous")}
        disabled={page === 1}
        onClick={() => turnTo(page - 1)}
      >
        <PreviousIcon />
      </button>
      <span className="digits">{t("wall.page", { page, pages })}</span>
      <button
        type="button"
        className="button icon-only"
        aria-label={t("wall.next")}
        title={t("wall.next")}
        disabled={page === pages}
        onClick={() => turnTo(page + 1)}
      >
        <NextIcon />
      </button>
    </fieldset>
  );
}

function LayoutChoice({ layout, choose }: Props) {
  const { t, n } = useI18n();
  return (
    <fieldset className="segmented">
      <legend className="visually-hidden">{t("wall.layout")}</legend>
      {LAYOUTS.map((option) => (
        <button
          key={option}
          type="button"
          className="button icon-only"
          aria-pressed={option === layout}
          aria-label={n("wall.layout.option", option)}
          title={n("wall.layout.option", option)}
          onClick={() => choose(option)}
        >
          <GridIcon perSide={Math.sqrt(option)} />
        </button>
      ))}
    </fieldset>
  );
}

function FullscreenButton({ wall }: { wall: RefObject<HTMLElement | null> }) {
  const { t } = useI18n();
  const toggle = () => {
    const done = document.fullscreenElement ? document.exitFullscreen() : wall.current?.requestFullscreen();
    // The browser may refuse, then the wall stays as it is.
    done?.catch(() => undefined);
  };
  return (
    <button
      type="button"
      className="button icon-only"
      aria-label={t("wall.fullscreen")}
      title={t("wall.fullscreen")}
      onClick={toggle}
    >
      <FullscreenIcon />
    </button>
  );
}
