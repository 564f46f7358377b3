import { serverNow } from "../../api/server-clock";
import type { Segment } from "../../api/types";
import { EmptyState } from "../../components/empty-state";
import { FilmIcon, PlayIcon } from "../../components/icons";
import { ProblemNotice } from "../../components/problem-notice";
import { useI18n } from "../../i18n";
import { CoverageBar } from "./coverage-bar";
import { barRange } from "./period";
import { PeriodChoice } from "./period-choice";
import { byHour, isPlayable, type Playing, playAt, playSegment, spanOf } from "./playable";
import type { RecordingsState } from "./use-recordings";

interface Props {
  recordings: RecordingsState;
  playing: Playing | null;
  play: (playing: Playing) => void;
}

export function Recordings({ recordings, playing, play }: Props) {
  const { t, format } = useI18n();
  const { segments, coverage, range, problem } = recordings;
  const playFrom = (at: number) => {
    const found = playAt(segments, at, serverNow());
    if (found !== null) {
      play(found);
    }
  };
  return (
    <section className="card recordings" aria-labelledby="recordings-title">
      <div className="recordings-head">
        <h2 id="recordings-title">{t("recordings.title")}</h2>
        <p className="muted small">{t("recordings.zone", { zone: format.zone() })}</p>
      </div>
      <PeriodChoice period={recordings.period} choose={recordings.choose} />
      {problem !== null && <ProblemNotice problem={problem} retry={recordings.retry} />}
      {coverage !== null && coverage.spans.length > 0 && (
        <CoverageBar
          coverage={coverage}
          range={barRange(recordings.period, range, coverage.spans)}
          playingFrom={playing?.range.start ?? null}
          playFrom={playFrom}
        />
      )}
      {recordings.isLoading && (
        <div className="empty">
          <span className="spinner" aria-hidden="true" />
          <p>{t("recordings.waiting")}</p>
        </div>
      )}
      {coverage !== null && segments.length === 0 && (
        <EmptyState
          icon={<FilmIcon />}
          title={t("recordings.empty.title")}
          text={t("recordings.empty.text")}
        />
      )}
      {recordings.isCut && <p className="muted small">{t("recordings.cut")}</p>}
      <SegmentList segments={segments} playing={playing} play={play} />
    </section>
  );
}

interface ListProps {
  segments: Segment[];
  playing: Playing | null;
  play: (playing: Playing) => void;
}

function SegmentList({ segments, playing, play }: ListProps) {
  const { t, format } = useI18n();
  return (
    <div className="segments">
      {byHour(segments).map(({ hour, segments: inHour }) => (
        <section key={hour} className="segment-hour">
          <h3>{t("recordings.hour", { day: format.day(hour), time: format.minute(hour) })}</h3>
          <ul>
            {inHour.map((segment) => (
              <li key={segment.id}>
                <SegmentRow
                  segment={segment}
                  isPlaying={playing?.segment.id === segment.id}
                  play={() => play(playSegment(segment, serverNow()))}
                />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function SegmentRow({
  segment,
  isPlaying,
  play,
}: {
  segment: Segment;
  isPlaying: boolean;
  play: () => void;
}) {
  const { t, format } = useI18n();
  const isOpen = segment.end == null;
  const { start, end } = spanOf(segment, serverNow());
  return (
    <button
      type="button"
      className="segment"
      aria-current={isPlaying ? "true" : undefined}
      disabled={!isPlayable(segment)}
      data-segment={segment.id}
      data-state={segment.state}
      onClick={play}
    >
      <PlayIcon />
      <span className="digits">
        {isOpen
          ? t("recordings.from", { start: format.time(start) })
          : t("times.span", { start: format.time(start), end: format.time(end) })}
      </span>
      <span className="segment-facts muted small">
        {isOpen && <span className="status status-recording">{t("recordings.now")}</span>}
        {!isPlayable(segment) && <span>{t("recordings.removed")}</span>}
        {segment.duration != null && <span>{format.duration(segment.duration * 1_000)}</span>}
        {segment.bytes != null && <span>{format.bytes(segment.bytes)}</span>}
      </span>
    </button>
  );
}
