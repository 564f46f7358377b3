//! The listeners of HLS and of WebRTC: the routes of `/live/` at their roots, for players and pages of
//! other makers.

use axum::Router;

use crate::App;

/// Routes of HLS.
pub(crate) fn hls() -> Router<App> {
    Router::new()
}

/// Routes of WebRTC.
pub(crate) fn webrtc() -> Router<App> {
    Router::new()
}
