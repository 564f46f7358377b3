//! The control API: what clients of other media servers speak, with its own shape of answers.

use axum::Router;

use crate::App;

/// Its routes.
pub(crate) fn router() -> Router<App> {
    Router::new()
}
