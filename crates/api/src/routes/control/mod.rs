//! The control API: what clients of other media servers speak, with its own shape of answers.
//!
//! Served at the root of its own listener, and below [`FRONT`] at the front door.

mod answer;
mod configuration;
mod info;
pub(crate) mod kept;
mod recordings;
mod rules;
mod sessions;
pub(crate) mod settings;
pub(crate) mod span;
pub(in crate::routes) mod streams;

use axum::Router;
use axum::routing::{delete, get, patch, post};
use utoipa::OpenApi;

use crate::App;
pub(crate) use answer::error;

/// Where the front door has it, with and without the version.
pub(crate) const FRONT: &str = "/api/v1/rtsp";
/// Where its own listener has it.
pub(crate) const VERSION: &str = "/v3";

/// Its routes at the root of a listener.
pub(crate) fn router() -> Router<App> {
    below(VERSION)
}

/// Its routes at the front door.
pub(crate) fn front() -> Router<App> {
    below(&format!("{FRONT}{VERSION}")).merge(below(FRONT))
}

/// The path of its own listener's routes that one of the front door's stands for.
pub(crate) fn own_path(front: &str) -> Option<String> {
    let rest = front.strip_prefix(FRONT)?;
    let rest = rest.strip_prefix(VERSION).unwrap_or(rest);
    rest.starts_with('/').then(|| format!("{VERSION}{rest}"))
}

fn below(prefix: &str) -> Router<App> {
    let at = |path: &str| format!("{prefix}{path}");
    Router::new()
        .route(&at("/info"), get(info::info))
        .route(&at("/config/get"), get(configuration::global_alias))
        .route(&at("/config/global/get"), get(configuration::global))
        .route(&at("/config/global/patch"), patch(configuration::global_patch))
        .route(&at("/config/pathdefaults/get"), get(configuration::defaults))
        .route(&at("/config/pathdefaults/patch"), patch(configuration::defaults_patch))
        .route(&at("/config/paths/list"), get(configuration::list))
        .route(&at("/config/paths/get/{*name}"), get(configuration::one))
        .route(&at("/config/paths/add/{*name}"), post(configuration::add))
        .route(&at("/config/paths/patch/{*name}"), patch(configuration::patch))
        .route(&at("/config/paths/replace/{*name}"), post(configuration::replace))
        .route(&at("/config/paths/delete/{*name}"), delete(configuration::remove))
        .route(&at("/config/paths/remove/{*name}"), post(configuration::remove_alias))
        .route(&at("/paths/list"), get(streams::list))
        .route(&at("/paths/get/{*name}"), get(streams::one))
        .route(&at("/recordings/list"), get(recordings::list))
        .route(&at("/recordings/get/{*name}"), get(recordings::one))
        .route(&at("/recordings/deletesegment"), delete(recordings::delete))
        .route(&at("/{kind}/list"), get(sessions::list))
        .route(&at("/{kind}/get/{*id}"), get(sessions::one))
        .route(&at("/{kind}/kick/{id}"), post(sessions::kick))
}

/// Its description: what clients may rely on.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "vedette control API",
        description = "Paths, who watches and publishes, and their configuration, as clients of other media servers know it. \
            Served at its own listener (live.control.listen) and below /api/v1/rtsp at the front door.",
        license(name = "MIT", identifier = "MIT")
    ),
    paths(
        info::info,
        configuration::global,
        configuration::global_alias,
        configuration::global_patch,
        configuration::defaults,
        configuration::defaults_patch,
        configuration::list,
        configuration::one,
        configuration::add,
        configuration::patch,
        configuration::replace,
        configuration::remove,
        configuration::remove_alias,
        streams::list,
        streams::one,
        recordings::list,
        recordings::one,
        recordings::delete,
        sessions::list,
        sessions::one,
        sessions::kick,
    )
)]
struct Description;

/// Its description (OpenAPI 3.1) as JSON.
pub(crate) fn description() -> String {
    Description::openapi().to_pretty_json().unwrap_or_default()
}
