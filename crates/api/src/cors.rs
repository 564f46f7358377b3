//! Cross-origin requests: which other sites may call, and what a browser asks before it does.
//!
//! The layer of `tower-http` answers every OPTIONS by itself. Only what a browser asks beforehand is its to
//! answer (section 3.2.2 of the Fetch standard); other OPTIONS are of the routes, and pass it in disguise.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::App;
use crate::front::Arrived;
use crate::routes;

/// Lets other sites call these routes, as the settings say.
pub(crate) fn around(router: Router<App>, app: &App) -> Router<App> {
    // The last is the outermost.
    router
        .layer(axum::middleware::from_fn(uncover))
        .layer(layer(&app.settings.cors_origins))
        .layer(axum::middleware::from_fn_with_state(app.clone(), disguise))
}

/// An OPTIONS that the layer takes for a GET.
#[derive(Clone, Copy)]
struct IsOptions;

async fn disguise(
    State(app): State<App>,
    arrived: Arrived,
    mut request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::OPTIONS {
        return next.run(request).await;
    }
    let headers = request.headers();
    let is_preflight = headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight {
        *request.method_mut() = Method::GET;
        request.extensions_mut().insert(IsOptions);
        return next.run(request).await;
    }
    let links = routes::webrtc::links_for_anybody(&app, &arrived, request.uri());
    let mut response = next.run(request).await;
    for link in links.iter().filter_map(|link| HeaderValue::from_str(link).ok()) {
        response.headers_mut().append(header::LINK, link);
    }
    response
}

async fn uncover(mut request: Request, next: Next) -> Response {
    if request.extensions_mut().remove::<IsOptions>().is_some() {
        *request.method_mut() = Method::OPTIONS;
    }
    next.run(request).await
}

fn layer(origins: &[String]) -> CorsLayer {
    let ours = ["x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let mut exposed = vec![header::RETRY_AFTER, header::LOCATION, header::LINK, header::ETAG];
    exposed.extend(ours.map(HeaderName::from_static));
    exposed.push(routes::live::OMITTED);
    let layer = CorsLayer::new()
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ])
        .allow_headers([
            header::IF_MATCH,
            header::RANGE,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
        ])
        .expose_headers(exposed)
        .max_age(Duration::from_secs(600));
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(Any);
    }
    // Those that are named may also come with what they know of who is signed in.
    let layer = layer.allow_credentials(true);
    let origins: Vec<String> = origins.to_vec();
    layer.allow_origin(AllowOrigin::predicate(move |origin, _| {
        origin
            .to_str()
            .is_ok_and(|origin| origins.iter().any(|allowed| origin_matches(allowed, origin)))
    }))
}

/// True for an equal origin, and for `https://*.example.org` with any name below.
pub(crate) fn origin_matches(allowed: &str, origin: &str) -> bool {
    match allowed.split_once("*.") {
        Some((scheme, domain)) => {
            origin.strip_prefix(scheme).and_then(|host| host.strip_suffix(domain)).is_some_and(
                |name| name.len() > 1 && name.ends_with('.') && !name.contains(['/', '@']),
            )
        }
        None => allowed.eq_ignore_ascii_case(origin),
    }
}
