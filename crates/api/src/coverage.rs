//! A camera's coverage as it is answered.

use base::Wall;
use catalog::coverage;
use serde::Serialize;
use utoipa::ToSchema;

/// A span of the coverage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Span {
    /// From here.
    #[schema(value_type = String, format = DateTime)]
    start: Wall,
    /// To here.
    #[schema(value_type = String, format = DateTime)]
    end: Wall,
    /// `recorded` or `gap`.
    state: &'static str,
    /// Why there is no recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// By which rule it was removed: `max_age`, `max_disk_usage`, `min_free`, `pressure`, `cleanup`,
    /// `person`, or `lost` for a file that nobody here removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    /// Who removed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

impl From<coverage::Span> for Span {
    fn from(span: coverage::Span) -> Self {
        let (start, end, missing) = (span.start, span.end, span.missing);
        Self {
            start,
            end,
            state: if missing.is_some() { "gap" } else { "recorded" },
            reason: missing.as_ref().map(|missing| missing.reason.as_str()),
            rule: missing.as_ref().and_then(|missing| missing.rule).map(catalog::Rule::as_str),
            by: missing.and_then(|missing| missing.by),
        }
    }
}

/// A camera's coverage in numbers. Percentages are of `known_seconds` and make 100.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Summary {
    pub(crate) camera: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) start: Wall,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) end: Wall,
    /// From the first to the last moment of the span of which something is known.
    known_seconds: f64,
    recorded_seconds: f64,
    recorded_percent: f64,
    /// What is missing, by reason; reasons that did not occur are left out.
    missing: Vec<MissingTime>,
    /// Seconds that nothing explains: 0 unless something is wrong.
    unexplained_seconds: f64,
    unexplained_percent: f64,
}

/// How long there was no recording for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct MissingTime {
    reason: &'static str,
    seconds: f64,
    percent: f64,
}

impl Summary {
    pub(crate) fn new(camera: String, (start, end): (Wall, Wall), sum: &coverage::Summary) -> Self {
        let percent = |micros: i64| match seconds(sum.known) {
            0.0 => 0.0,
            known => (seconds(micros) / known * 100_000.0).round() / 1_000.0,
        };
        let missing = |(reason, micros): (&catalog::GapReason, &i64)| MissingTime {
            reason: reason.as_str(),
            seconds: seconds(*micros),
            percent: percent(*micros),
        };
        Self {
            camera,
            start,
            end,
            known_seconds: seconds(sum.known),
            recorded_seconds: seconds(sum.recorded),
            recorded_percent: percent(sum.recorded),
            missing: sum.missing.iter().map(missing).collect(),
            unexplained_seconds: seconds(sum.unexplained),
            unexplained_percent: percent(sum.unexplained),
        }
    }
}

/// Seconds to the millisecond.
pub(crate) fn seconds(micros: i64) -> f64 {
    let duration = std::time::Duration::from_millis(u64::try_from(micros / 1_000).unwrap_or(0));
    duration.as_secs_f64()
}
