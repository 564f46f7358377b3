//! The routes, by noun.

mod audit;
mod cameras;
mod connect_check;
pub(crate) mod control;
mod docs;
mod health;
mod keys;
mod links;
pub(crate) mod live;
mod live_door;
mod live_playlist;
mod login;
mod mjpeg;
mod numbers;
pub(crate) mod oidc;
mod playback;
mod player;
pub(crate) mod query;
mod recorded_door;
mod recordings;
mod rolling;
mod schema;
mod sessions;
mod shared;
mod snapshot;
mod socket;
pub(crate) mod table;
mod users;
pub(crate) mod webrtc;

use access::{Action, Object};
use axum::Router;
use axum::extract::{MatchedPath, State};
use axum::response::Response;
use axum::routing::get;
use base::ErrorKind;
use http::{Method, StatusCode, Uri, header};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::front::Arrived;
use crate::problem::Problem;
use crate::who::Who;
use crate::{App, console};
use table::Door;

/// All routes.
pub(crate) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(login::me))
        .routes(routes!(login::password))
        .routes(routes!(oidc::login))
        .routes(routes!(oidc::callback))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::one, users::change, users::remove))
        .routes(routes!(keys::list, keys::add))
        .routes(routes!(keys::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(audit::head))
        .routes(routes!(links::sign))
        .routes(routes!(live::file, webrtc::offer, webrtc::amend, webrtc::end, webrtc::options))
        .routes(routes!(live::first))
        .routes(routes!(socket::socket))
        .routes(routes!(playback::media))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(cameras::list))
        .routes(routes!(cameras::one))
        .routes(routes!(snapshot::snapshot))
        .routes(routes!(recordings::segments))
        .routes(routes!(recordings::coverage))
        .routes(routes!(recordings::coverage_summary))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::page))
}

/// The routes of a door; those of the front door have a description.
pub(crate) fn of(door: Door) -> Router<App> {
    match door {
        Door::Front => all().split_for_parts().0.merge(control::front()),
        Door::Hls => live_door::hls(),
        Door::WebRtc => live_door::webrtc(),
        Door::Control => control::router(),
        Door::Metrics => Router::new().route("/metrics", get(numbers::metrics)),
        Door::Playback => recorded_door::router(),
    }
}

/// The description of all routes.
pub(crate) fn openapi() -> OpenApi {
    let info = InfoBuilder::new()
        .title("vedette")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("CCTV: cameras, live view, recordings. Errors are problem details (RFC 9457) in English and Arabic."))
        .license(Some(utoipa::openapi::LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
        .build();
    let mut api = OpenApiBuilder::new().info(info).build();
    api.merge(all().into_openapi());
    shared::describe(&mut api);
    // The router's way to say "the rest of the path" is not OpenAPI's.
    if let Some(item) = api.paths.paths.remove("/live/{*file}") {
        api.paths.paths.insert("/live/{file}".to_owned(), item);
    }
    api
}

/// Paths that are no route: a page or a file of the console, else a problem.
pub(crate) async fn fallback(
    State(app): State<App>,
    (who, arrived): (Who, Arrived),
    method: Method,
    uri: Uri,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadPublic, &Object::Server)?;
    let is_front = Door::of(arrived.listener) == Door::Front;
    let ours = ["/api", "/live", "/v3"].iter().any(|prefix| {
        uri.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let readable = method == Method::GET || method == Method::HEAD;
    let page = if ours || !readable || !is_front { None } else { console::serve(&uri) };
    page.ok_or_else(|| Problem::new(ErrorKind::NotFound, "not_found").with("path", uri.path()))
}

/// Routes that exist, asked with a method that they do not have.
pub(crate) async fn method_not_allowed(
    path: MatchedPath,
    arrived: Arrived,
    method: Method,
) -> Problem {
    let mut allowed = Door::of(arrived.listener).methods(path.as_str());
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    Problem::with_status(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        .with("method", method)
        .with("allowed", allowed.join(", "))
        .header(header::ALLOW, allowed.join(", "))
}
