//! Snapshots of cameras.

use access::Action;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Deserialize;
use utoipa::IntoParams;

use super::query::{Checked, number};
use crate::App;
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// What may be asked of a snapshot.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SnapshotQuery {
    /// Width in pixels, 16 to 4096; the height follows. Without it the picture's own.
    #[param(value_type = Option<u16>, minimum = 16, maximum = 4096)]
    width: Option<String>,
}

/// The newest key frame as a JPEG picture, at most a second older than it could be.
#[utoipa::path(get, operation_id = "snapshot", path = "/api/cameras/{id}/snapshot.jpg", tag = "cameras",
    params(("id" = String, Path, description = "The camera."), SnapshotQuery), responses(
    (status = 200, body = Vec<u8>, content_type = "image/jpeg"),
    (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 501, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn snapshot(
    State(app): State<App>,
    who: Who,
    Path(id): Path<String>,
    Checked(query): Checked<SnapshotQuery>,
) -> Result<Response, Problem> {
    let (lease, camera) = who.camera(&app, Action::WatchLive, &id).await?;
    let width = number("width", query.width.as_deref(), (16, 4_096, 0))?;
    let width = u16::try_from(width).ok().filter(|width| *width > 0);
    let path = camera.id.main_path();
    let picture = app
        .snapshots
        .picture(&lease, &path, width)
        .await
        .map_err(|error| Problem::new(error.kind(), error.code()).with("path", &path))?;
    let headers =
        [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, max-age=1")];
    Ok((headers, picture).into_response())
}
