import type { CSSProperties, MouseEvent } from "react";
import type { Range } from "../../api/client";
import type { Coverage, Span } from "../../api/types";
import { type I18n, useI18n } from "../../i18n";
import { hasMessage } from "../../i18n/messages";
import { placed, recordedMs, ticksOf } from "./period";

interface Props {
  coverage: Coverage;
  range: Range;
  /** The shown moment of a recording that is being played. */
  playingFrom: number | null;
  playFrom: (at: number) => void;
}

const share = (from: number, length: number): CSSProperties => ({
  insetInlineStart: `${from * 100}%`,
  inlineSize: `${length * 100}%`,
});

/** What is recorded and what is missing. A click plays from there; the list beside has the same for keyboards. */
export function CoverageBar({ coverage, range, playingFrom, playFrom }: Props) {
  const i18n = useI18n();
  const { t, n, format, dir } = i18n;
  const gaps = coverage.spans.filter((span) => span.state === "gap");
  const recorded = recordedMs(coverage.spans, range);
  const whole = range.end - range.start;
  const summary = t("coverage.summary", {
    recorded: recorded > 0 ? format.duration(recorded) : t("coverage.nothing"),
    gaps: n("coverage.gaps", gaps.length),
  });
  const click = (event: MouseEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const along = (event.clientX - box.left) / box.width;
    playFrom(range.start + (dir === "rtl" ? 1 - along : along) * whole);
  };
  return (
    <div className="coverage">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the list of segments beside is the way for keyboards */}
      <div className="coverage-bar" role="img" aria-label={summary} onClick={click}>
        {placed(coverage.spans, range).map(({ from, length, span }) => (
          <span
            key={`${span.start} ${span.state}`}
            className={`coverage-span coverage-${span.state} ${isExpected(span) ? "coverage-expected" : ""}`}
            style={share(from, length)}
            title={titleOf(span, i18n)}
          />
        ))}
        {playingFrom !== null && playingFrom >= range.start && (
          <span className="coverage-playing" style={share((playingFrom - range.start) / whole, 0)} />
        )}
      </div>
      <div className="coverage-ticks" aria-hidden="true">
        {ticksOf(range).map((at) => (
          <span key={at} className="digits" style={share((at - range.start) / whole, 0)}>
            {format.minute(at)}
          </span>
        ))}
      </div>
      <p className="small muted">{summary}</p>
      {coverage.unexplained_seconds >= 1 && (
        <p className="small warn">
          {t("coverage.unexplained", { duration: format.duration(coverage.unexplained_seconds * 1_000) })}
        </p>
      )}
      <Gaps gaps={gaps} />
    </div>
  );
}

/** Gaps that were asked for: no reason to worry. */
function isExpected(span: Span): boolean {
  return ["schedule", "disabled", "retention", "removed", "node_stopped"].includes(span.reason ?? "");
}

export function reasonInWords(span: Span, { t }: Pick<I18n, "t">): string {
  const key = `gap.${span.reason ?? "unknown"}`;
  return hasMessage(key) ? t(key) : t("gap.unknown");
}

function titleOf(span: Span, i18n: I18n): string {
  const { format, t } = i18n;
  const times = { start: format.time(Date.parse(span.start)), end: format.time(Date.parse(span.end)) };
  const what = span.state === "gap" ? reasonInWords(span, i18n) : t("coverage.recorded");
  return t("coverage.span", { ...times, what });
}

const GAPS_SHOWN = 20;

/** Each gap with its reason, newest first. */
function Gaps({ gaps }: { gaps: Span[] }) {
  const i18n = useI18n();
  const { t, n, format } = i18n;
  if (gaps.length === 0) {
    return null;
  }
  const older = gaps.length - GAPS_SHOWN;
  return (
    <details className="gaps">
      <summary>{n("coverage.gaps", gaps.length)}</summary>
      <ul>
        {gaps
          .toReversed()
          .slice(0, GAPS_SHOWN)
          .map((gap) => {
            const [start, end] = [Date.parse(gap.start), Date.parse(gap.end)];
            return (
              <li key={gap.start} className={isExpected(gap) ? "expected" : ""}>
                <span className="digits">
                  {t("times.span", { start: format.time(start), end: format.time(end) })}
                </span>
                <span className="muted small">{format.duration(end - start)}</span>
                <span className="gap-reason">{reasonInWords(gap, i18n)}</span>
              </li>
            );
          })}
      </ul>
      {older > 0 && <p className="muted small">{n("coverage.older", older)}</p>}
    </details>
  );
}
