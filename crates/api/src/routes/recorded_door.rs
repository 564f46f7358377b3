//! The listener of playback: `list` and `get`, as clients of other media servers know them.

use access::Action;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use base::{CameraId, Clock, ErrorKind, SystemClock, Wall};
use catalog::{Place, Segment};
use http::{HeaderMap, Method, header};
use serde::{Deserialize, Serialize};

use super::control::span::Span;
use super::playback;
use super::query::{Checked, time};
use super::recordings::{all_segments, readable};
use crate::App;
use crate::front::{Arrived, text};
use crate::problem::Problem;
use crate::who::Who;

/// Segments that a list is made of, at most.
const SEGMENTS_MAX: usize = 100_000;
/// Segments closer than this are one recording.
const JOINED_MICROS: i64 = 1_000_000;

/// Its routes.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/list", get(list)).route("/get", get(media))
}

/// Of which path, from when to when.
#[derive(Debug, Deserialize)]
struct ListQuery {
    path: Option<String>,
    start: Option<String>,
    end: Option<String>,
}

/// What was recorded without a gap.
#[derive(Serialize)]
struct Recorded {
    start: Wall,
    /// Seconds.
    duration: f64,
    url: String,
}

async fn list(
    State(app): State<App>,
    (who, arrived): (Who, Arrived),
    Checked(query): Checked<ListQuery>,
    headers: HeaderMap,
) -> Result<Json<Vec<Recorded>>, Problem> {
    let path = query.path.unwrap_or_default();
    let camera = readable(&app, &who, Action::ReadRecordings, &path).await?;
    let start = time("start", query.start.as_deref())?.unwrap_or_default();
    let end = time("end", query.end.as_deref())?.unwrap_or(Wall::MAX);
    let segments = all_segments(&app, &camera, (start, end), SEGMENTS_MAX).await?;
    let spans = joined(&segments, (start, end), SystemClock.wall());
    if spans.is_empty() {
        return Err(nothing(start, end));
    }
    let scheme = if arrived.tls { "https" } else { "http" };
    let host = text(&headers, header::HOST).unwrap_or("localhost");
    let recorded = |(start, end): (Wall, Wall)| {
        let duration = seconds(end.micros_since(start));
        let query = format!("path={camera}&start={start}&duration={duration}");
        Recorded { start, duration, url: format!("{scheme}://{host}/get?{query}") }
    };
    Ok(Json(spans.into_iter().map(recorded).collect()))
}

fn nothing(start: Wall, end: Wall) -> Problem {
    Problem::new(ErrorKind::NotFound, "nothing_recorded").with("start", start).with("end", end)
}

fn seconds(micros: i64) -> f64 {
    f64::from(i32::try_from(micros / 1_000).unwrap_or(i32::MAX)) / 1_000.0
}

/// Spans of segments in order, within `start..end`; what is being recorded lasts until now.
fn joined(segments: &[Segment], (start, end): (Wall, Wall), now: Wall) -> Vec<(Wall, Wall)> {
    let mut out: Vec<(Wall, Wall)> = Vec::new();
    for segment in segments.iter().filter(|segment| segment.place == Place::Local) {
        let until = segment.sealed.as_ref().map_or(now, |sealed| sealed.end).min(end);
        let from = segment.new.start.max(start);
        match out.last_mut() {
            Some((_, last)) if from.micros_since(*last) <= JOINED_MICROS => {
                *last = until.max(*last);
            }
            _ if until > from => out.push((from, until)),
            _ => {}
        }
    }
    out
}

/// Of which path, from when and how long.
#[derive(Debug, Deserialize)]
struct GetQuery {
    path: Option<String>,
    start: Option<String>,
    /// Seconds, or with units.
    duration: Option<String>,
    /// `fmp4` or `mp4`: both are given as one MP4 of known length, which players of either take.
    format: Option<String>,
}

async fn media(
    State(app): State<App>,
    who: Who,
    Checked(query): Checked<GetQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = query.path.unwrap_or_default();
    let camera: CameraId = readable(&app, &who, Action::PlayRecordings, &path).await?;
    let wrong = |field: &'static str, value: &str| {
        Problem::new(ErrorKind::Invalid, "invalid_time").with("field", field).with("value", value)
    };
    let start = time("start", query.start.as_deref())?.ok_or_else(|| wrong("start", ""))?;
    let given = query.duration.unwrap_or_default();
    let micros = duration_micros(&given).ok_or_else(|| wrong("duration", &given))?;
    if let Some(format) =
        query.format.filter(|format| !["", "fmp4", "mp4"].contains(&format.as_str()))
    {
        return Err(Problem::new(ErrorKind::Invalid, "invalid_word")
            .with("field", "format")
            .with("allowed", "fmp4, mp4")
            .with("value", format));
    }
    let span = (start, start.plus_micros(micros));
    playback::answer_span(&app, &camera, span, &method, &headers).await
}

/// `12.5` seconds, or `1m30s`; more than nothing.
fn duration_micros(text: &str) -> Option<i64> {
    let with_unit =
        || Span::parse(&format!("{text}s")).filter(|_| !text.ends_with(char::is_alphabetic));
    let span = with_unit().or_else(|| Span::parse(text))?;
    i64::try_from(span.get().as_micros()).ok().filter(|micros| *micros > 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use catalog::{NewSegment, Sealed, SegmentId, SegmentState};

    use super::*;

    fn at(seconds: i64) -> Wall {
        Wall::from_micros(seconds * 1_000_000)
    }

    fn segment(start: i64, end: Option<i64>) -> Segment {
        let camera = CameraId::new("cam").unwrap();
        Segment {
            id: SegmentId(start),
            new: NewSegment {
                stream: camera.main_path(),
                camera,
                path: format!("cam/{start}.mp4"),
                start: at(start),
                format: "fmp4".into(),
                codecs: "avc1".into(),
            },
            sealed: end.map(|end| Sealed {
                end: at(end),
                duration_us: 1,
                bytes: 1,
                sha256: [0; 32],
            }),
            state: SegmentState::Created,
            place: Place::Local,
            removal: None,
        }
    }

    #[test]
    fn segments_without_a_gap_are_one_recording() {
        let segments = [
            segment(10, Some(20)),
            segment(20, Some(30)),
            segment(40, Some(50)),
            segment(60, None),
        ];
        let all = joined(&segments, (Wall::default(), Wall::MAX), at(65));
        assert_eq!(all, [(at(10), at(30)), (at(40), at(50)), (at(60), at(65))]);
        let some = joined(&segments, (at(15), at(45)), at(65));
        assert_eq!(some, [(at(15), at(30)), (at(40), at(45))]);
    }

    #[test]
    fn durations_are_seconds_or_have_units() {
        assert_eq!(duration_micros("12.5"), Some(12_500_000));
        assert_eq!(duration_micros("1m30s"), Some(90_000_000));
        for bad in ["", "0", "-1", "x", "1x", "99999999999999999999"] {
            assert_eq!(duration_micros(bad), None, "{bad}");
        }
    }
}
