//! The listener of playback: `list` and `get`.

use axum::Router;

use crate::App;

/// Its routes.
pub(crate) fn router() -> Router<App> {
    Router::new()
}
