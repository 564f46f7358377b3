//! Signed addresses: for players and pages that cannot sign in.

use access::{Action, Link, Purpose};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base::{Clock, ErrorKind, SystemClock, Wall};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::query::Body;
use crate::App;
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

const HOUR_SECS: u32 = 3_600;
const EXPIRES_MIN: u32 = 1;
const EXPIRES_MAX: u32 = 7 * 86_400;

/// What an address is to open.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PurposeWord {
    /// Live media and snapshots.
    #[default]
    Live,
    /// What is recorded.
    Playback,
}

/// An address to be signed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkBody {
    #[serde(default)]
    purpose: PurposeWord,
    /// Seconds, 1 to 604,800; default 3,600.
    #[schema(minimum = 1, maximum = 604_800)]
    expires_in: Option<u32>,
}

/// Signed addresses of a camera: each opens that one camera until it ends, and no longer than who
/// signed it has the right.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkAnswer {
    /// The query's `token`, for other addresses of the camera.
    token: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Wall,
    /// HLS, for `live`.
    #[serde(skip_serializing_if = "Option::is_none")]
    hls: Option<String>,
    /// The newest picture, for `live`.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<String>,
    /// One MP4, for `playback`; add `start` and `end`.
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<String>,
}

/// Signs addresses of a camera.
#[utoipa::path(post, operation_id = "links_sign", path = "/api/cameras/{id}/links", tag = "access", params(("id" = String, Path, description = "The camera's id.")), request_body = LinkBody, responses(
    (status = 201, body = LinkAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn sign(
    State(app): State<App>,
    who: Who,
    Path(id): Path<String>,
    Body(body): Body<LinkBody>,
) -> Result<Response, Problem> {
    let (_, camera) = who.camera(&app, Action::SignAddress, &id).await?;
    let seconds = body.expires_in.unwrap_or(HOUR_SECS);
    if !(EXPIRES_MIN..=EXPIRES_MAX).contains(&seconds) {
        return Err(Problem::new(ErrorKind::Invalid, "invalid_number")
            .with("field", "expires_in")
            .with("low", EXPIRES_MIN)
            .with("high", EXPIRES_MAX)
            .with("value", seconds));
    }
    let expires_at = SystemClock.wall().plus_micros(i64::from(seconds) * 1_000_000);
    let purpose = match body.purpose {
        PurposeWord::Live => Purpose::Live,
        PurposeWord::Playback => Purpose::Playback,
    };
    let link = Link { camera: camera.id.clone(), purpose };
    let token = app
        .gate
        .sign(&who.principal, link, expires_at)
        .ok_or_else(|| Problem::new(ErrorKind::Forbidden, "forbidden"))?;
    let detail =
        [("purpose", format!("{purpose:?}").to_lowercase()), ("until", expires_at.to_string())];
    who.record(&app, "sign_address", format!("camera:{id}"), &detail).await?;
    let live = |file: &str| format!("{file}?token={token}");
    let is_live = purpose == Purpose::Live;
    let answer = LinkAnswer {
        hls: is_live.then(|| live(&format!("/live/{id}/index.m3u8"))),
        snapshot: is_live.then(|| live(&format!("/api/cameras/{id}/snapshot.jpg"))),
        media: (!is_live).then(|| live(&format!("/api/playback/{id}/media.mp4"))),
        token,
        expires_at,
    };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(answer)).into_response())
}
