//! The routes, by noun.

mod cameras;
mod docs;
mod health;
pub(crate) mod live;
mod playback;
mod query;
mod recordings;
mod rolling;
mod snapshot;

use access::{Action, Object};
use axum::response::Response;
use base::ErrorKind;
use http::{Method, StatusCode, Uri, header};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::front::Who;
use crate::problem::Problem;
use crate::{App, console, permit};

/// All routes.
pub(crate) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live::file))
        .routes(routes!(live::first))
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
    // The router's way to say "the rest of the path" is not OpenAPI's.
    if let Some(item) = api.paths.paths.remove("/live/{*file}") {
        api.paths.paths.insert("/live/{file}".to_owned(), item);
    }
    api
}

/// Paths that are no route: a page or a file of the console, else a problem.
pub(crate) async fn fallback(who: Who, method: Method, uri: Uri) -> Result<Response, Problem> {
    permit(&who.0, Action::ReadPublic, &Object::Server)?;
    let ours = ["/api", "/live", "/v3"].iter().any(|prefix| {
        uri.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let readable = method == Method::GET || method == Method::HEAD;
    let page = if ours || !readable { None } else { console::serve(&uri) };
    page.ok_or_else(|| Problem::new(ErrorKind::NotFound, "not_found").with("path", uri.path()))
}

/// Routes that exist, asked with a method that they do not have: all are for reading.
pub(crate) async fn method_not_allowed(method: Method) -> Problem {
    Problem::with_status(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        .with("method", method)
        .with("allowed", "GET")
        .header(header::ALLOW, "GET,HEAD")
}
