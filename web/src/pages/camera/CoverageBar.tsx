import type { Coverage } from "../../api/client";
import { useI18n } from "../../i18n";

/** A day as a bar: recorded spans and gaps with their reasons. */
export function CoverageBar({ coverage, start, end }: { coverage: Coverage; start: Date; end: Date }) {
  const { t, word, time } = useI18n();
  const whole = end.getTime() - start.getTime();
  const share = (at: string) => ((new Date(at).getTime() - start.getTime()) / whole) * 1_000;
  const words = (span: Coverage["spans"][number]) =>
    t("gap.span", {
      from: time(span.start),
      to: time(span.end),
      reason: span.reason ? word("gap", span.reason) : t("coverage.recorded"),
    });
  const gaps = coverage.spans.filter((span) => span.state === "gap");
  return (
    <div className="coverage">
      <svg viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label={t("recordings.coverage")}>
        {coverage.spans.map((span) => (
          <rect
            key={span.start}
            className={span.state}
            x={share(span.start)}
            width={Math.max(share(span.end) - share(span.start), 1)}
            height="20"
          >
            <title>{words(span)}</title>
          </rect>
        ))}
      </svg>
      <p className="quiet legend">
        <span className="swatch recorded" /> {t("coverage.recorded")}
        <span className="swatch gap" /> {t("coverage.gap")}
      </p>
      {gaps.length > 0 && (
        <ul className="gaps">
          {gaps.slice(-5).map((span) => (
            <li key={span.start}>{words(span)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
