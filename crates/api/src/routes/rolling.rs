//! Following a recording of MPEG-TS: the recorder's own playlist and segments, where a camera has them.

use access::Action;
use axum::response::{IntoResponse, Response};
use base::{CameraId, Clock, ErrorKind, StreamPath, SystemClock};
use catalog::{Place, Segments};
use http::header;

use crate::App;
use crate::problem::Problem;
use crate::who::Who;

/// Older segments are no live view's.
const RECENT_MICROS: i64 = 600_000_000;

/// The camera's rolling playlist, for who may watch it; `None` when it is not being recorded as MPEG-TS.
pub(super) async fn playlist(app: &App, stream: &StreamPath) -> Result<Option<Response>, Problem> {
    let Ok(camera) = CameraId::new(stream.as_str()) else { return Ok(None) };
    let root = app.settings.segments_root.clone();
    let read = tokio::task::spawn_blocking(move || playback::rolling::playlist(&root, &camera));
    let text = read.await.ok().flatten();
    Ok(text.map(|text| {
        let headers = [
            (header::CONTENT_TYPE, "application/vnd.apple.mpegurl"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        (headers, text).into_response()
    }))
}

/// A segment that the playlist names; `None` when `path` has not the form of one.
pub(super) async fn segment(app: &App, who: &Who, path: &str) -> Result<Option<Response>, Problem> {
    let named = storage::keys::parse_segment(path).filter(|_| path.ends_with(".ts"));
    let Some((camera, _)) = named else { return Ok(None) };
    let file = path.rsplit('/').next().unwrap_or_default();
    who.camera(app, Action::WatchLive, camera.as_str()).await?;
    let gone = || Problem::new(ErrorKind::NotFound, "file_not_found").with("file", file);
    // Only paths that are rows are read: no other file can be asked for.
    let row = app.database.segment_by_path(path).await?.ok_or_else(gone)?;
    let oldest = SystemClock.wall().plus_micros(-RECENT_MICROS);
    let is_recent = row.sealed.as_ref().is_some_and(|sealed| sealed.end >= oldest);
    if !is_recent || row.place != Place::Local {
        return Err(gone());
    }
    let root = app.settings.segments_root.clone();
    let read =
        tokio::task::spawn_blocking(move || playback::rolling::segment(&root, &row.new.path));
    let bytes = read.await.ok().and_then(Result::ok).ok_or_else(gone)?;
    let headers =
        [(header::CONTENT_TYPE, "video/mp2t"), (header::CACHE_CONTROL, "private, max-age=3600")];
    Ok(Some((headers, bytes).into_response()))
}
