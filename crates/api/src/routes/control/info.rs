//! `/v3/info`: which server this is.

use access::{Action, Object};
use axum::Json;
use axum::extract::State;
use base::Wall;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{ErrorAnswer, Fault};
use crate::App;
use crate::who::Who;

/// Which server this is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Info {
    version: &'static str,
    #[schema(value_type = String, format = DateTime)]
    started: Wall,
}

/// Version, and since when it runs.
#[utoipa::path(get, operation_id = "control_info", path = "/v3/info", tag = "control", responses(
    (status = 200, body = Info), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn info(State(app): State<App>, who: Who) -> Result<Json<Info>, Fault> {
    who.permit(&app, Action::Control, &Object::Server)?;
    Ok(Json(Info { version: concat!("v", env!("CARGO_PKG_VERSION")), started: app.started }))
}
