//! What happens to every request before and after its route: an id, who asks, words for problems,
//! headers, numbers.

use std::net::SocketAddr;
use std::time::Instant;

use access::Principal;
use access::trust;
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use crate::App;
use crate::messages::Language;
use crate::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who asks, for handlers to hand to [`access::authorize`].
#[derive(Clone)]
pub(crate) struct Who(pub(crate) Principal);

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self(Principal::Anonymous)))
    }
}

/// The outermost layer.
pub(crate) async fn front(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = request_id(request.headers());
    let language = text(request.headers(), header::ACCEPT_LANGUAGE)
        .map_or(Language::English, Language::preferred);
    let who = principal(&app, peer, request.headers(), request.uri());
    request.extensions_mut().insert(Who(who));
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());

    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.render(language, &id);
    }
    let status = response.status();
    let route = route.unwrap_or_else(|| "other".to_owned());
    app.metrics.requests.with_label_values(&[route.as_str(), status.as_str()]).inc();
    app.metrics.seconds.with_label_values(&[route.as_str()]).observe(began.elapsed().as_secs_f64());
    tracing::debug!(request_id = %id, %method, path, status = status.as_u16(), %peer, "request");
    add_headers(&app, response.headers_mut(), &id);
    response
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The client's id when it is a plain word, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let fits = |id: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (1..=64).contains(&id.len()) && id.chars().all(plain)
    };
    let given = text(headers, REQUEST_ID).filter(fits);
    given.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}

fn principal(app: &App, peer: SocketAddr, headers: &HeaderMap, uri: &Uri) -> Principal {
    let forwarded =
        |name: &HeaderName| name == header::FORWARDED || name.as_str().starts_with("x-forwarded-");
    let request = trust::Request {
        peer: Some(peer.ip()),
        host: text(headers, header::HOST)
            .or_else(|| uri.authority().map(|authority| authority.as_str())),
        origin: text(headers, header::ORIGIN),
        forwarded: headers.keys().any(forwarded),
    };
    let settings = &app.settings;
    if settings.open && trust::by_address(&request, &settings.hosts, &settings.open_networks) {
        return Principal::Open;
    }
    if trust::by_address(&request, &settings.hosts, &settings.monitor_networks) {
        return Principal::Monitor;
    }
    Principal::Anonymous
}

/// The console plays from memory (`blob:`) and runs hls.js in a worker of its own.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
    worker-src 'self' blob:; connect-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

fn add_headers(app: &App, headers: &mut HeaderMap, id: &str) {
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", CONTENT_SECURITY_POLICY),
    ];
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in &app.settings.response_headers {
        headers.insert(name.clone(), value.clone());
    }
}
