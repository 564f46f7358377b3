//! What happens to every request before and after all else: an id, words for problems, headers, numbers.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use access::trust::Network;
use axum::Extension;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base::ErrorKind;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

use crate::App;
use crate::messages::Language;
use crate::problem::Problem;
use crate::routes::table::Door;
use crate::serve::Arrival;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How a request came, for the layers and handlers.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    /// The other end of the connection.
    pub(crate) peer: SocketAddr,
    /// Who asks: the peer, or what a trusted proxy says.
    pub(crate) address: IpAddr,
    /// By TLS.
    pub(crate) tls: bool,
    /// The name of the listener.
    pub(crate) listener: &'static str,
    pub(crate) request_id: String,
}

impl<S: Sync> FromRequestParts<S> for Arrived {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let arrived = parts.extensions.get::<Self>().cloned();
        arrived.ok_or_else(|| Problem::new(ErrorKind::Internal, "internal"))
    }
}

/// The outermost layer.
pub(crate) async fn front(
    State(app): State<App>,
    Extension(arrival): Extension<Arrival>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = request_id(request.headers());
    let language = text(request.headers(), header::ACCEPT_LANGUAGE)
        .map_or(Language::English, Language::preferred);
    let Arrival { peer, tls, listener } = arrival;
    let address = client_address(peer.ip(), request.headers(), &app.settings.trusted_proxies);
    let arrived = Arrived { peer, address, tls, listener, request_id: id.clone() };
    request.extensions_mut().insert(arrived);
    let door = Door::of(listener);
    let challenge = challenge(door, request.headers(), request.uri());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());

    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        // What inner layers added stays: limits, and for whom the answer may be read.
        let kept = std::mem::take(response.headers_mut());
        response = match door.is_control(&path) {
            true => problem.render_control(),
            false => problem.render(language, &id),
        };
        let own = std::mem::replace(response.headers_mut(), kept);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().extend(own);
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    let status = response.status();
    let route = route.unwrap_or_else(|| "other".to_owned());
    app.metrics.requests.with_label_values(&[route.as_str(), status.as_str()]).inc();
    app.metrics.seconds.with_label_values(&[route.as_str()]).observe(began.elapsed().as_secs_f64());
    tracing::debug!(request_id = %id, %method, path, status = status.as_u16(), %peer, "request");
    add_headers(&app, response.headers_mut(), &id);
    response
}

/// The address of who asks: the peer's, or what a trusted proxy says.
fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let is_proxy = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_proxy(peer) {
        return peer;
    }
    let all = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = all.flat_map(|line| line.split(',')).map(str::trim).collect();
    // From the nearest on: the first that is none of ours.
    for hop in hops.iter().rev() {
        match hop.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) if is_proxy(address) => {}
            Ok(address) => return address,
            Err(_) => return peer,
        }
    }
    peer
}

pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
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

/// How one may sign in with this request. Browsers are not told of passwords: they would ask for them
/// in a window of their own.
fn challenge(door: Door, headers: &HeaderMap, uri: &Uri) -> &'static str {
    if door.is_control(uri.path()) {
        return "Basic realm=\"vedette\"";
    }
    let is_media = ["/live", "/api/playback"].iter().any(|prefix| uri.path().starts_with(prefix));
    match is_media && !headers.contains_key("sec-fetch-mode") {
        true => "Basic realm=\"vedette\", charset=\"UTF-8\"",
        false => "Bearer realm=\"vedette\"",
    }
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
        // A page that is not the console's says itself what it may do.
        headers
            .entry(HeaderName::from_static(name))
            .or_insert_with(|| HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in &app.settings.response_headers {
        headers.insert(name.clone(), value.clone());
    }
}
