import { useEffect, useRef, useState } from "react";
import { CAMERAS_MAX, getCameras } from "../../api/client";
import type { CameraPage } from "../../api/types";
import { usePolled } from "../../api/use-polled";
import { EmptyState } from "../../components/empty-state";
import { CameraIcon } from "../../components/icons";
import { ProblemNotice } from "../../components/problem-notice";
import { useI18n } from "../../i18n";
import { keepChoice, readChoice } from "../../i18n/language";
import { go, useAddress } from "../../router";
import { Grid } from "./grid";
import { fittingLayout, gridOf, isLayout, type Layout, pageCount, pageWithin } from "./layout";
import { Toolbar } from "./toolbar";
import "./wall.css";

const POLL_EVERY_MS = 3_000;
const LAYOUT_KEY = "vedette.wall.layout";

export function WallPage() {
  const { t } = useI18n();
  const { data, problem, retry } = usePolled("cameras", getCameras, POLL_EVERY_MS);
  useEffect(() => {
    document.title = t("title", { page: t("nav.wall") });
  }, [t]);
  return (
    <>
      <h1 className="visually-hidden">{t("nav.wall")}</h1>
      {problem !== null && <ProblemNotice problem={problem} retry={retry} />}
      {data === null && problem === null && <WallWaiting />}
      {data !== null && data.cameras.length === 0 && (
        <EmptyState icon={<CameraIcon />} title={t("wall.empty.title")} text={t("wall.empty.text")}>
          <pre className="code block" dir="ltr">
            {EXAMPLE}
          </pre>
        </EmptyState>
      )}
      {data !== null && data.cameras.length > 0 && <Wall answer={data} />}
    </>
  );
}

/** What an installer adds to the configuration file. */
const EXAMPLE = `cameras:
  - id: front-door
    url: rtsp://192.168.1.100:554/stream1
    username: viewer
    password: \${CAMERA_PASSWORD}`;

function WallWaiting() {
  const { t } = useI18n();
  return (
    <div className="empty">
      <span className="spinner" aria-hidden="true" />
      <p>{t("wall.waiting")}</p>
    </div>
  );
}

function initialLayout(): Layout | null {
  const kept = Number(readChoice(LAYOUT_KEY));
  return isLayout(kept) ? kept : null;
}

function Wall({ answer }: { answer: CameraPage }) {
  const { t, format } = useI18n();
  const [chosen, setChosen] = useState(initialLayout);
  const wall = useRef<HTMLDivElement>(null);
  const { cameras, total } = answer;
  const layout = chosen ?? fittingLayout(cameras.length);
  const pages = pageCount(cameras.length, layout);
  const page = pageWithin(useAddress().searchParams.get("page"), pages);
  const first = (page - 1) * layout;
  const shown = cameras.slice(first, first + layout);

  const choose = (next: Layout) => {
    keepChoice(LAYOUT_KEY, `${next}`);
    setChosen(next);
    // The first camera that was shown stays in view.
    turnTo(Math.floor(first / next) + 1);
  };
  const turnTo = (next: number) => go(next === 1 ? "/" : `/?page=${next}`, "replace");

  return (
    <div className="wall" ref={wall}>
      <Toolbar
        cameras={cameras}
        layout={layout}
        page={page}
        pages={pages}
        choose={choose}
        turnTo={turnTo}
        wall={wall}
      />
      <Grid cameras={shown} {...gridOf(layout, shown.length)} />
      {total > cameras.length && (
        <p className="muted small">
          {t("wall.cut", { shown: format.number(CAMERAS_MAX), total: format.number(total) })}
        </p>
      )}
    </div>
  );
}
