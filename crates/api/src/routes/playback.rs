//! Recordings as one MP4, with byte ranges (RFC 9110 section 14).

use access::Action;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base::{CameraId, ErrorKind, Wall};
use catalog::{Place, SegmentState};
use http::{HeaderMap, Method, StatusCode, header};
use playback::{Mp4, SegmentFile};
use serde::Deserialize;
use utoipa::IntoParams;

use super::query::{Checked, TimeSpan};
use super::recordings::{all_segments, readable};
use crate::App;
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// A span of time.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MediaQuery {
    /// RFC 3339 or seconds since 1970; default: a day before `end`.
    start: Option<String>,
    /// Default: now.
    end: Option<String>,
}

/// Any span as one MP4, its length known up front.
#[utoipa::path(get, operation_id = "media", path = "/api/playback/{camera}/media.mp4", tag = "recordings",
    params(("camera" = String, Path, description = "The camera's id."), MediaQuery), responses(
    (status = 200, content_type = "video/mp4"), (status = 206, content_type = "video/mp4"), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 416, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 500, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn media(
    State(app): State<App>,
    who: Who,
    Path(camera): Path<String>,
    Checked(query): Checked<MediaQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let camera = readable(&app, &who, Action::PlayRecordings, &camera).await?;
    let span = TimeSpan { start: query.start, end: query.end }.range()?;
    answer_span(&app, &camera, span, &method, &headers).await
}

/// A span of a camera's recordings, which the asker may play, or the part of it that is asked for.
pub(super) async fn answer_span(
    app: &App,
    camera: &CameraId,
    (start, end): (Wall, Wall),
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let segments = all_segments(app, camera, (start, end), playback::SEGMENTS_MAX + 1).await?;
    let root = app.settings.segments_root.clone();
    let files: Vec<SegmentFile> = segments
        .into_iter()
        .filter(|segment| segment.place == Place::Local && segment.state != SegmentState::Removed)
        .map(|segment| SegmentFile { path: root.join(&segment.new.path), start: segment.new.start })
        .collect();
    let assembled = tokio::task::spawn_blocking(move || Mp4::assemble(&files, start, end)).await;
    let file =
        assembled.map_err(|_| Problem::new(ErrorKind::Internal, "internal"))?.map_err(|error| {
            if matches!(error, playback::Error::Unreadable(_)) {
                tracing::error!(%camera, err = %error, "recording cannot be played");
            }
            let problem =
                Problem::new(error.kind(), error.code()).with("limit", playback::SEGMENTS_MAX);
            problem.with("start", start).with("end", end)
        })?;
    let range = wanted(headers, &file)?;
    let name = format!("inline; filename=\"{camera}-{}.mp4\"", start.as_secs());
    Ok(answer(file, range, &name, *method == Method::HEAD))
}

/// The one range that is asked for. Several at once, and ranges of an older file, get the whole.
fn wanted(headers: &HeaderMap, file: &Mp4) -> Result<Option<(u64, u64)>, Problem> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let Some(spec) = text(header::RANGE).and_then(|range| range.strip_prefix("bytes=")) else {
        return Ok(None);
    };
    if text(header::IF_RANGE).is_some_and(|tag| tag != file.etag()) || spec.contains(',') {
        return Ok(None);
    }
    let Some((first, last)) = spec.trim().split_once('-') else { return Ok(None) };
    let len = file.len();
    let (start, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(len)),
        (Ok(first), Err(_)) if last.is_empty() => (first, len),
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 => (len.saturating_sub(suffix), len),
        (Err(_), Ok(0)) if first.is_empty() => (len, len),
        _ => return Ok(None),
    };
    if start >= len {
        let problem =
            Problem::with_status(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable");
        return Err(problem
            .with("len", len)
            .header(header::CONTENT_RANGE, format!("bytes */{len}")));
    }
    Ok(Some((start, end)))
}

fn answer(file: Mp4, range: Option<(u64, u64)>, name: &str, head: bool) -> Response {
    let len = file.len();
    let (start, end) = range.unwrap_or((0, len));
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let headers = [
        (header::CONTENT_TYPE, "video/mp4".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, file.etag().to_owned()),
        (header::CONTENT_LENGTH, (end - start).to_string()),
        (header::CONTENT_DISPOSITION, name.to_owned()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    let content_range =
        range.map(|_| [(header::CONTENT_RANGE, format!("bytes {start}-{}/{len}", end - 1))]);
    let body = if head { Body::empty() } else { Body::from_stream(stream(file, start, end)) };
    let mut response = (status, headers, body).into_response();
    for (name, value) in content_range.into_iter().flatten() {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The bytes from `start` to `end`, read as the client takes them.
fn stream(
    file: Mp4,
    start: u64,
    end: u64,
) -> impl futures::Stream<Item = Result<bytes::Bytes, playback::Error>> {
    futures::stream::unfold(Some((file, start)), move |state| async move {
        let (file, at) = state.filter(|(_, at)| *at < end)?;
        match file.read(at..end).await {
            Ok(part) if part.is_empty() => None,
            Ok(part) => {
                let next = at + part.len() as u64;
                Some((Ok(part), Some((file, next))))
            }
            // The answer has begun: all that can be done is to cut it, and to say so in the log.
            Err(error) => {
                tracing::error!(err = %error, "recording became unreadable while it was played");
                Some((Err(error), None))
            }
        }
    })
}
