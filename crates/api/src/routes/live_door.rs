//! The listeners of HLS and of WebRTC: the routes of `/live/` at their roots, for players and pages of
//! other makers.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::Method;

use super::{player, webrtc};

use super::live;
use crate::App;
use crate::problem::Problem;

/// Routes of HLS.
pub(crate) fn hls() -> Router<App> {
    Router::new().route("/{*file}", get(live::at_root))
}

/// Routes of WebRTC.
pub(crate) fn webrtc() -> Router<App> {
    let endpoints = get(player::page).post(webrtc::offer).patch(webrtc::amend).delete(webrtc::end);
    Router::new().route("/{*file}", endpoints.options(webrtc::options))
}

/// The page that plays a stream.
pub(crate) async fn page(
    app: &App,
    request: &live::Request,
    path: &str,
) -> Result<Response, Problem> {
    let (who, headers) = (request.who.clone(), request.headers.clone());
    player::page(State(app.clone()), who, Path(path.to_owned()), Method::GET, headers).await
}
