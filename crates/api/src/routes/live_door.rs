//! The listeners of HLS and of WebRTC: the routes of `/live/` at their roots, for players and pages of
//! other makers.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use base::ErrorKind;

use super::live;
use crate::App;
use crate::problem::Problem;

/// Routes of HLS.
pub(crate) fn hls() -> Router<App> {
    Router::new().route("/{*file}", get(live::at_root))
}

/// Routes of WebRTC.
pub(crate) fn webrtc() -> Router<App> {
    Router::new()
}

/// The page that plays a stream.
#[allow(clippy::unused_async, reason = "a page is made for somebody who has a right to the stream")]
pub(crate) async fn page(_: &App, _: &live::Request, path: &str) -> Result<Response, Problem> {
    Err(Problem::new(ErrorKind::NotFound, "not_found").with("path", format!("/{path}")))
}
