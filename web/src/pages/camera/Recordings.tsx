// A day of a camera: what was recorded, what is missing and why, and the files, newest first.
import { useMemo, useState } from "react";
import { coverage as askCoverage, mediaUrl, segments as askSegments, type Segment } from "../../api/client";
import { usePolled } from "../../api/usePolled";
import { Empty, Failure } from "../../components/Failure";
import { useI18n } from "../../i18n";
import { CoverageBar } from "./CoverageBar";

export interface Playing {
  start: string;
  end: string;
}

const pad = (value: number) => String(value).padStart(2, "0");

/** Today in the reader's own zone, as a date field has it. */
export function today(now: Date): string {
  return `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
}

/** Midnight to midnight of a date field's day, in the reader's own zone. */
export function dayOf(value: string): [Date, Date] {
  const start = new Date(`${value}T00:00:00`);
  const end = new Date(start);
  end.setDate(end.getDate() + 1);
  return [start, end];
}

interface Props {
  id: string;
  playing: Playing | undefined;
  onPlay: (playing: Playing) => void;
}

export function Recordings({ id, playing, onPlay }: Props) {
  const { t, time, word, number } = useI18n();
  const [day, setDay] = useState(() => today(new Date()));
  const [start, end] = useMemo(() => dayOf(day), [day]);
  const key = `${id} ${day}`;
  const list = usePolled((signal) => askSegments(id, start, end, signal), 5_000, key);
  const cover = usePolled((signal) => askCoverage(id, start, end, signal), 5_000, key);
  const newestFirst = [...(list.value?.segments ?? [])].reverse();

  const size = (segment: Segment) =>
    segment.bytes == null ? "" : t("unit.megabytes", { value: number(segment.bytes / 1_000_000, 1) });
  const length = (segment: Segment) =>
    segment.duration == null ? "" : t("unit.seconds", { value: number(segment.duration, 1) });
  return (
    <section className="recordings" aria-label={t("recordings.title")}>
      <div className="toolbar">
        <h2>{t("recordings.title")}</h2>
        <label>
          {t("recordings.day")}{" "}
          <input
            type="date"
            value={day}
            onChange={(event) => event.target.value && setDay(event.target.value)}
          />
        </label>
      </div>
      {list.error !== undefined && <Failure error={list.error} />}
      {cover.value && <CoverageBar coverage={cover.value} start={start} end={end} />}
      {list.value && newestFirst.length === 0 && (
        <Empty title={t("recordings.empty")} hint={t("recordings.emptyHint")} />
      )}
      {newestFirst.length > 0 && (
        <table>
          <thead>
            <tr>
              {(["start", "duration", "size", "state"] as const).map((column) => (
                <th key={column} scope="col">
                  {t(`recordings.${column}`)}
                </th>
              ))}
              <th />
            </tr>
          </thead>
          <tbody>
            {newestFirst.map((segment) => {
              const span = { start: segment.start, end: segment.end ?? new Date().toISOString() };
              const current = playing?.start === segment.start;
              return (
                <tr key={segment.id} aria-current={current || undefined} data-state={segment.state}>
                  <td>{time(segment.start)}</td>
                  <td>{length(segment)}</td>
                  <td>{size(segment)}</td>
                  <td>{word("segment", segment.state)}</td>
                  <td className="actions">
                    <button
                      onClick={() => onPlay(span)}
                      aria-label={t("recordings.playFrom", { time: time(segment.start) })}
                    >
                      {current ? t("recordings.playing") : t("recordings.play")}
                    </button>
                    <a className="button" href={mediaUrl(id, span.start, span.end)} download>
                      {t("recordings.download")}
                    </a>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}
