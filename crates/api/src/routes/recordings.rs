//! What is recorded: segments and coverage.

use access::Action;
use axum::Json;
use axum::extract::{Path, State};
use base::{CameraId, Clock, SystemClock, Wall};
use catalog::{Ledger, Place, Segment, SegmentState, Segments, coverage};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{Checked, TimeSpan, number};
use crate::App;
use crate::coverage::{Span, Summary, seconds};
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// Rows that a coverage is made of, at most.
const SEGMENTS_MAX: usize = 100_000;

/// A recorded file.
#[derive(Serialize, ToSchema)]
pub(crate) struct SegmentAnswer {
    id: i64,
    camera: String,
    /// Relative to the folder of segments.
    path: String,
    #[schema(value_type = String, format = DateTime)]
    start: Wall,
    /// Null while it is recorded.
    #[schema(value_type = Option<String>, format = DateTime)]
    end: Option<Wall>,
    /// Seconds by the media clock; null while it is recorded.
    duration: Option<f64>,
    bytes: Option<u64>,
    sha256: Option<String>,
    /// `fmp4` or `ts`.
    format: String,
    codecs: String,
    #[schema(value_type = String)]
    state: SegmentState,
    #[schema(value_type = String)]
    place: Place,
    /// How its file left the disk; absent while it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<RemovedAnswer>,
}

/// How a file left the disk.
#[derive(Serialize, ToSchema)]
pub(crate) struct RemovedAnswer {
    /// As in the coverage.
    rule: &'static str,
    #[schema(value_type = String, format = DateTime)]
    at: Wall,
    /// By whom, where a person asked for it.
    by: Option<String>,
}

/// A page of segments.
#[derive(Serialize, ToSchema)]
pub(crate) struct SegmentsAnswer {
    segments: Vec<SegmentAnswer>,
    next_cursor: Option<String>,
}

/// A span of time and a page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SegmentsQuery {
    /// RFC 3339 or seconds since 1970; default: a day before `end`.
    start: Option<String>,
    /// Default: now.
    end: Option<String>,
    /// 1 to 10,000; default 1,000.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Segments that overlap a span, by start.
#[utoipa::path(get, operation_id = "segments", path = "/api/recordings/{camera}/segments", tag = "recordings",
    params(("camera" = String, Path, description = "The camera's id."), SegmentsQuery), responses(
    (status = 200, body = SegmentsAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn segments(
    State(app): State<App>,
    who: Who,
    Path(camera): Path<String>,
    Checked(query): Checked<SegmentsQuery>,
) -> Result<Json<SegmentsAnswer>, Problem> {
    let camera = readable(&app, &who, Action::ReadRecordings, &camera).await?;
    let (start, end) = TimeSpan { start: query.start, end: query.end }.range()?;
    let cursor = query.cursor.filter(|cursor| !cursor.is_empty());
    let limit = number("limit", query.limit.as_deref(), (1, 10_000, 1_000))?;
    let page = app.database.segments(&camera, start, end, limit, cursor.as_deref()).await?;
    let segments = page.items.into_iter().map(answer).collect();
    Ok(Json(SegmentsAnswer { segments, next_cursor: page.next_cursor }))
}

/// A camera's coverage.
#[derive(Serialize, ToSchema)]
pub(crate) struct CoverageAnswer {
    camera: String,
    #[schema(value_type = String, format = DateTime)]
    start: Wall,
    #[schema(value_type = String, format = DateTime)]
    end: Wall,
    /// In order, without overlap.
    spans: Vec<Span>,
    /// Seconds between spans that nothing explains.
    unexplained_seconds: f64,
    next_cursor: Option<String>,
}

/// A span of time.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CoverageQuery {
    /// RFC 3339 or seconds since 1970; default: a day before `end`.
    start: Option<String>,
    /// Default: now.
    end: Option<String>,
}

/// What is recorded, what is missing, and why.
#[utoipa::path(get, operation_id = "coverage", path = "/api/recordings/{camera}/coverage", tag = "recordings",
    params(("camera" = String, Path, description = "The camera's id."), CoverageQuery), responses(
    (status = 200, body = CoverageAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn coverage(
    State(app): State<App>,
    who: Who,
    Path(camera): Path<String>,
    Checked(query): Checked<CoverageQuery>,
) -> Result<Json<CoverageAnswer>, Problem> {
    let camera = readable(&app, &who, Action::ReadRecordings, &camera).await?;
    let (start, end) = TimeSpan { start: query.start, end: query.end }.range()?;
    let spans = spans(&app, &camera, (start, end)).await?;
    Ok(Json(CoverageAnswer {
        camera: camera.to_string(),
        start,
        end,
        unexplained_seconds: seconds(coverage::unexplained_micros(&spans)),
        spans: spans.into_iter().map(Span::from).collect(),
        next_cursor: None,
    }))
}

/// How much is recorded, and how much is missing for which reason.
#[utoipa::path(get, operation_id = "coverage_summary", path = "/api/recordings/{camera}/coverage/summary", tag = "recordings",
    params(("camera" = String, Path, description = "The camera's id."), CoverageQuery), responses(
    (status = 200, body = Summary), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn coverage_summary(
    State(app): State<App>,
    who: Who,
    Path(camera): Path<String>,
    Checked(query): Checked<CoverageQuery>,
) -> Result<Json<Summary>, Problem> {
    let camera = readable(&app, &who, Action::ReadRecordings, &camera).await?;
    let range = TimeSpan { start: query.start, end: query.end }.range()?;
    let sum = coverage::summary(&spans(&app, &camera, range).await?);
    Ok(Json(Summary::new(camera.to_string(), range, &sum)))
}

async fn spans(
    app: &App,
    camera: &CameraId,
    (start, end): (Wall, Wall),
) -> Result<Vec<coverage::Span>, Problem> {
    let segments = all_segments(app, camera, (start, end), SEGMENTS_MAX).await?;
    let gaps = app.database.gaps(camera, start, end).await?;
    Ok(coverage::spans(&segments, &gaps, (start, end), SystemClock.wall()))
}

/// The camera, when it exists and the asker may do so with its recordings.
pub(crate) async fn readable(
    app: &App,
    who: &Who,
    action: Action,
    camera: &str,
) -> Result<CameraId, Problem> {
    let (_, camera) = who.camera(app, action, camera).await?;
    Ok(camera.id.clone())
}

/// All segments that overlap a span, `max` at most.
pub(crate) async fn all_segments(
    app: &App,
    camera: &CameraId,
    (start, end): (Wall, Wall),
    max: usize,
) -> Result<Vec<Segment>, Problem> {
    let (mut segments, mut cursor) = (Vec::new(), None);
    loop {
        let page = app.database.segments(camera, start, end, 10_000, cursor.as_deref()).await?;
        segments.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() || segments.len() >= max {
            return Ok(segments);
        }
    }
}

fn answer(segment: Segment) -> SegmentAnswer {
    let sealed = segment.sealed;
    let millis = |micros: i64| i32::try_from(micros / 1_000).unwrap_or(i32::MAX);
    SegmentAnswer {
        id: segment.id.0,
        camera: segment.new.camera.to_string(),
        path: segment.new.path,
        start: segment.new.start,
        end: sealed.as_ref().map(|sealed| sealed.end),
        duration: sealed.as_ref().map(|sealed| f64::from(millis(sealed.duration_us)) / 1_000.0),
        bytes: sealed.as_ref().map(|sealed| sealed.bytes),
        sha256: sealed
            .as_ref()
            .map(|sealed| sealed.sha256.iter().map(|byte| format!("{byte:02x}")).collect()),
        format: segment.new.format,
        codecs: segment.new.codecs,
        state: segment.state,
        removed: segment.removal.filter(|_| segment.place != Place::Local).map(|removal| {
            RemovedAnswer { rule: removal.rule.as_str(), at: removal.at, by: removal.by }
        }),
        place: segment.place,
    }
}
