//! The layers between the outermost one and a route: the limit of an address, who asks, the limit of a
//! token, and the table of routes.

use std::net::IpAddr;
use std::time::Duration;

use access::trust;
use access::{Action, Credential, Principal, Refused, Standing};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::{ErrorKind, Secret};
use catalog::Role;
use futures::{Stream, StreamExt};
use http::request::Parts;
use http::{HeaderMap, Method, Uri, header};
use http_body::Body as _;

use crate::App;
use crate::front::{Arrived, text};
use crate::limit::Left;
use crate::problem::Problem;
use crate::routes::query::json_needed;
use crate::routes::table::{Class, Door, Route};
use crate::routes::webrtc::{FRAGMENT, SDP};
use crate::serve::{ADMIN, STATUS};
use crate::who::{Asker, Who};

/// The cookie of a session.
pub(crate) const COOKIE: &str = "vedette_session";
/// An answer of unknown length, or a longer one, is watched while it is sent.
const WATCHED_FROM: u64 = 256 << 10;
/// A body that is refused is taken all the same when it is this short and comes at once.
const DRAINED_MAX: u64 = 64 << 10;
const DRAINED_WITHIN: Duration = Duration::from_secs(1);

/// Limits, identifies, limits again, looks the route up, and watches over what is sent for long.
pub(crate) async fn authenticate(
    State(app): State<App>,
    arrived: Arrived,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let door = Door::of(arrived.listener);
    let route = path.as_deref().and_then(|path| door.find(parts.method.as_str(), path));
    let class = route.map_or(Class::Usual, |route| route.class);
    if !is_served_here(&app, &arrived, path.is_some(), route) {
        let problem = Problem::new(ErrorKind::NotFound, "not_found");
        return problem.with("path", parts.uri.path()).into_response();
    }
    let (who, left) = match identify(&app, &arrived, &parts, class).await {
        Ok(found) => found,
        Err(problem) => return refused(problem, body).await,
    };
    if path.is_some() {
        let permitted = match route {
            Some(route) => {
                let is_shown = matches!(
                    who.credential,
                    Some(Credential::Basic { .. } | Credential::Bearer(_))
                );
                // Clients of other servers do not say what they send; none of a foreign page's is among them.
                let any_type = is_shown && door.is_control(parts.uri.path());
                let writes = || if any_type { Ok(()) } else { writes_as_it_must(&parts, &body) };
                who.permit_ever(&app, route.action).and_then(|()| writes())
            }
            // A method that the path does not have is told so by its route.
            None if !path.as_deref().is_none_or(|path| door.methods(path).is_empty()) => Ok(()),
            None => Err(Problem::new(ErrorKind::Forbidden, "forbidden")),
        };
        if let Err(problem) = permitted {
            return with_left(refused(problem, body).await, left);
        }
    }
    parts.extensions.insert(who.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    with_left(watched(&app, &who, response), left)
}

/// A refusal; a short body is still taken, or the connection could not be used again.
async fn refused(problem: Problem, body: Body) -> Response {
    if body.size_hint().upper().is_some_and(|len| len <= DRAINED_MAX) {
        let taken = axum::body::to_bytes(body, usize::try_from(DRAINED_MAX).unwrap_or(0));
        // What does not come is not waited for.
        let _ = tokio::time::timeout(DRAINED_WITHIN, taken).await;
    }
    problem.into_response()
}

/// Listeners of their own serve their part; what an administrator has moved away is not here.
fn is_served_here(app: &App, arrived: &Arrived, is_route: bool, route: Option<Route>) -> bool {
    let action = route.map(|route| route.action);
    let is_status = matches!(action, Some(Action::ReadHealth | Action::ReadMetrics));
    let is_admins = action.is_some_and(|action| action.least_role() == Some(Role::Admin));
    match arrived.listener {
        STATUS => is_route && is_status,
        ADMIN => true,
        other if Door::of(other) != Door::Front => true,
        _ => !app.settings.admin_elsewhere || !is_admins || is_status,
    }
}

fn with_left(mut response: Response, left: Option<Left>) -> Response {
    if let Some(left) = left {
        left.add_to(response.headers_mut());
    }
    response
}

/// A body that a foreign page can send without being asked is none of ours.
fn writes_as_it_must(request: &Parts, body: &Body) -> Result<(), Problem> {
    let reads = is_reading(&request.method);
    let has_body = body.size_hint().exact() != Some(0);
    let is_json = text(&request.headers, header::CONTENT_TYPE).is_some_and(|content_type| {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        // Neither can be sent by a form.
        ["application/json", SDP, FRAGMENT].iter().any(|known| kind.eq_ignore_ascii_case(known))
    });
    match reads || !has_body || is_json {
        true => Ok(()),
        false => Err(json_needed()),
    }
}

async fn identify(
    app: &App,
    arrived: &Arrived,
    request: &Parts,
    class: Class,
) -> Result<(Who, Option<Left>), Problem> {
    let address = arrived.address;
    let (headers, uri) = (&request.headers, &request.uri);
    let mut left = None;
    if class != Class::Media {
        left = app.limits.address(address)?;
    }
    if class == Class::Login && request.method == Method::POST {
        app.limits.login(address)?;
    }
    let shown = by_address(app, arrived, headers, uri);
    let (principal, refused, credential) = match shown {
        Some(trusted) if trusted.is_known() => (trusted, None, None),
        fallback => shown_credential(app, arrived, request, class, fallback).await?,
    };
    if class != Class::Media && principal.is_known() {
        let token = format!("{}:{}", principal.kind(), principal.id());
        left = match (left, app.limits.token(&token)?) {
            (Some(left), Some(other)) => Some(left.tighter(other)),
            (left, other) => left.or(other),
        };
    }
    let asker = Asker {
        principal,
        refused,
        credential,
        address: Some(address),
        request_id: arrived.request_id.clone(),
        permitted: parking_lot::Mutex::default(),
    };
    Ok((Who::new(asker), left))
}

type Found = (Principal, Option<Refused>, Option<Credential>);

/// Who shows the credential of a request, else who is known by address, else the public.
async fn shown_credential(
    app: &App,
    arrived: &Arrived,
    request: &Parts,
    class: Class,
    fallback: Option<Principal>,
) -> Result<Found, Problem> {
    let public = || fallback.unwrap_or_else(|| public(app, arrived, request));
    let door = Door::of(arrived.listener);
    // Their clients know nothing but a name and a password.
    let is_for_programs = door == Door::WebRtc || door.is_control(request.uri.path());
    let may_write = is_for_programs && is_own_page(app, request);
    let Some(credential) = credential(request, may_write) else {
        return Ok((public(), None, None));
    };
    let is_session = matches!(credential, Credential::Session(_));
    if is_session && !is_own_page(app, request) {
        return Err(Problem::new(ErrorKind::Forbidden, "foreign_origin"));
    }
    if let Some(principal) = app.gate.recall(&credential) {
        return Ok((principal, None, Some(credential)));
    }
    // What must be looked up is bounded on every route.
    if class == Class::Media {
        app.limits.address(arrived.address)?;
    }
    if let Credential::Basic { user, .. } = &credential
        && user != "key"
    {
        app.limits.login(arrived.address)?;
    }
    match app.gate.identify(&credential, arrived.address).await {
        Ok(principal) => Ok((principal, None, Some(credential))),
        Err(refused @ (Refused::Unavailable(_) | Refused::Busy | Refused::Locked(_))) => {
            Err(refused.into())
        }
        // A cookie that has ended is as none; whoever shows anything else meant it.
        Err(_) if is_session => Ok((public(), None, None)),
        Err(refused) => Ok((Principal::nobody(), Some(refused), None)),
    }
}

/// A browser sends Basic by itself, also for another site's page: it is for reading, and where the page is
/// known to be ours (`basic_writes`).
fn credential(request: &Parts, basic_writes: bool) -> Option<Credential> {
    let headers = &request.headers;
    if let Some((scheme, rest)) =
        text(headers, header::AUTHORIZATION).and_then(|value| value.trim().split_once(' '))
    {
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Credential::Bearer(Secret::new(rest.to_owned())));
        }
        if scheme.eq_ignore_ascii_case("basic") && (is_reading(&request.method) || basic_writes) {
            return basic(rest);
        }
    }
    let link =
        query(&request.uri, "token").filter(|token| token.starts_with(access::signed::PREFIX));
    if let Some(token) = link {
        return Some(Credential::Bearer(Secret::new(token.to_owned())));
    }
    session_of(headers).map(Credential::Session)
}

/// True for methods that change nothing.
fn is_reading(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

fn basic(encoded: &str) -> Option<Credential> {
    let bytes = base64_simd::STANDARD.decode_to_vec(encoded).ok()?;
    let (user, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some(Credential::Basic { user: user.to_owned(), password: Secret::new(password.to_owned()) })
}

/// A value of the query that needs no decoding.
pub(crate) fn query<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn session_of(headers: &HeaderMap) -> Option<Secret> {
    cookie(headers, COOKIE).map(|value| Secret::new(value.to_owned()))
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// True unless a page of another site makes the browser show the cookie for a change.
fn is_own_page(app: &App, request: &Parts) -> bool {
    is_reading(&request.method) || is_own_origin(app, &request.headers, &request.uri)
}

/// True unless a page of another site makes the browser ask. What a page reads is not kept from it
/// everywhere: a WebSocket is read by any page that may open it.
pub(crate) fn is_own_origin(app: &App, headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(origin) = text(headers, header::ORIGIN) else { return true };
    let host =
        text(headers, header::HOST).or_else(|| uri.authority().map(|authority| authority.as_str()));
    let is_same = origin
        .split_once("://")
        .zip(host)
        .is_some_and(|((_, authority), host)| authority.eq_ignore_ascii_case(host));
    let is_allowed = app
        .settings
        .cors_origins
        .iter()
        .any(|allowed| allowed != "*" && crate::cors::origin_matches(allowed, origin));
    is_same || is_allowed
}

fn trust_request<'a>(
    arrived: &Arrived,
    headers: &'a HeaderMap,
    uri: &'a Uri,
) -> trust::Request<'a> {
    let forwarded = |name: &http::HeaderName| {
        *name == header::FORWARDED || name.as_str().starts_with("x-forwarded-")
    };
    trust::Request {
        peer: Some(arrived.peer.ip()),
        host: text(headers, header::HOST)
            .or_else(|| uri.authority().map(|authority| authority.as_str())),
        origin: text(headers, header::ORIGIN),
        forwarded: headers.keys().any(forwarded),
    }
}

/// Who is known by address alone.
fn by_address(app: &App, arrived: &Arrived, headers: &HeaderMap, uri: &Uri) -> Option<Principal> {
    if arrived.listener == STATUS {
        return Some(Principal::monitor());
    }
    let (request, settings) = (trust_request(arrived, headers, uri), &app.settings);
    if Door::of(arrived.listener) == Door::Control
        && trust::by_address(&request, &settings.hosts, &settings.control_networks)
    {
        return Some(Principal::open());
    }
    if settings.open && trust::by_address(&request, &settings.hosts, &settings.open_networks) {
        return Some(Principal::open());
    }
    let is_near = trust::by_address(&request, &settings.hosts, &settings.monitor_networks);
    let watches = ["/health", "/ready", "/metrics"].contains(&uri.path());
    (is_near && watches).then(Principal::monitor)
}

/// What nobody in particular may look at.
fn public(app: &App, arrived: &Arrived, request: &Parts) -> Principal {
    let Some(anonymous) = &app.settings.anonymous else { return Principal::nobody() };
    let direct = trust_request(arrived, &request.headers, &request.uri);
    let is_from_there = anonymous.from.is_empty()
        || trust::from_networks(&direct, &app.settings.hosts, &anonymous.from);
    match is_from_there {
        true => Principal::public(anonymous.role, anonymous.cameras_with_role.clone()),
        false => Principal::nobody(),
    }
}

/// A long answer ends when the right to it ends.
fn watched(app: &App, who: &Who, response: Response) -> Response {
    let permitted = std::mem::take(&mut *who.permitted.lock());
    let is_short = response.body().size_hint().exact().is_some_and(|len| len < WATCHED_FROM);
    if is_short || permitted.is_empty() || who.credential.is_none() {
        return response;
    }
    let address = who.address.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    let standing = app.gate.watch_over(Standing::new(who.credential.clone(), address, permitted));
    let (parts, body) = response.into_parts();
    let ended = standing.ended().clone().cancelled_owned();
    let stream = body.into_data_stream().take_until(ended);
    Response::from_parts(parts, Body::from_stream(ending_badly(stream, standing)))
}

/// What was cut off must not look whole.
fn ending_badly<S, T>(
    stream: S,
    standing: std::sync::Arc<Standing>,
) -> impl Stream<Item = Result<T, axum::Error>>
where
    S: Stream<Item = Result<T, axum::Error>>,
{
    let end = futures::stream::once(async move {
        standing.ended().is_cancelled().then(|| Err(axum::Error::new(Ended)))
    });
    stream.chain(end.filter_map(std::future::ready))
}

#[derive(Debug, thiserror::Error)]
#[error("the right to this has ended")]
struct Ended;
