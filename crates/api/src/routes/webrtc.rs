//! Live media: WHEP and WHIP (RFC 9725 and its draft for viewers), on the front door below `/live/` and on
//! the listener of WebRTC at its root.

use access::{Action, Lease, Standing};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base::{ErrorKind, StreamPath};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use live::webrtc::{Error, IceServer, OFFER_LEN_MAX, Offer, Started};

use super::live::{OMITTED, lease};
use super::table::Door;
use crate::App;
use crate::authenticate::query;
use crate::front::{Arrived, text};
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// What an offer and an answer are.
pub(crate) const SDP: &str = "application/sdp";
/// What a peer tells later.
pub(crate) const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
const METHODS: &str = "POST, PATCH, DELETE, OPTIONS";
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
const AGENT_LEN_MAX: usize = 200;

/// What the end of a path asks for.
enum Wanted<'a> {
    /// `<stream>/whep`, `<stream>/whip`.
    Offer(&'a str, bool),
    /// `<stream>/whep/<session>`.
    Session(&'a str, &'a str),
}

impl<'a> Wanted<'a> {
    fn read(path: &'a str) -> Option<Self> {
        let (head, last) = path.rsplit_once('/')?;
        match last {
            "whep" => return Some(Self::Offer(head, false)),
            "whip" => return Some(Self::Offer(head, true)),
            _ => {}
        }
        let (stream, protocol) = head.rsplit_once('/')?;
        matches!(protocol, "whep" | "whip").then_some(Self::Session(stream, last))
    }
}

/// True when a path names an endpoint of WebRTC, which has no GET.
pub(crate) fn is_endpoint(path: &str) -> bool {
    Wanted::read(path).is_some()
}

/// Why GET, HEAD and PUT are refused there.
pub(crate) fn no_such_method(method: &Method) -> Problem {
    Problem::with_status(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        .with("method", method)
        .with("allowed", METHODS)
        .header(header::ALLOW, METHODS)
}

/// Answers the offer of a viewer (`<stream>/whep`) or of a publisher (`<stream>/whip`). With
/// `?start=next` a viewer gets nothing before the next key frame.
#[utoipa::path(post, operation_id = "webrtc_offer", path = "/live/{*file}", tag = "live",
    params(("file" = String, Path, description = "The stream's path and `whep` or `whip`."),
        ("start" = Option<String>, Query, description = "`next`: from the next key frame on.")),
    request_body(content = String, content_type = "application/sdp"), responses(
    (status = 201, body = String, content_type = "application/sdp",
        headers(("Location" = String, description = "The session."), ("ETag" = String, description = "Its credentials."),
            ("Link" = String, description = "STUN and TURN servers."), ("X-Vedette-Omitted" = String, description = "Codecs of the stream that are left out."))),
    (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 406, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 409, body = ProblemDetails, content_type = "application/problem+json"), (status = 415, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn offer(
    State(app): State<App>,
    (who, arrived): (Who, Arrived),
    Path(path): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Some(Wanted::Offer(stream, publishes)) = Wanted::read(&path) else {
        return Err(not_found(&uri));
    };
    let stream = stream_path(stream)?;
    let lease = permit(&app, &who, &stream, publishes).await?;
    let sdp = body_of(&headers, SDP, &body)?;
    let offer = Offer {
        path: stream.clone(),
        sdp,
        starts_next: query(&uri, "start") == Some("next"),
        peer: arrived.peer,
        from: arrived.address,
        user: who.principal.name().to_owned(),
        agent: agent(&headers),
        query: shown_query(&uri),
        standing: standing(&app, &who, &arrived),
    };
    let answered = match publishes {
        true => app.webrtc.publish(&lease, offer).await,
        false => app.webrtc.watch(&lease, offer).await,
    };
    let started = answered.map_err(|error| problem(&error).with("path", &stream))?;
    Ok(created(&app, &who, &uri, started))
}

/// Takes what a session's peer tells later: candidates, or credentials that begin ICE anew.
#[utoipa::path(patch, operation_id = "webrtc_amend", path = "/live/{*file}", tag = "live",
    params(("file" = String, Path, description = "The session, as `Location` named it.")),
    request_body(content = String, content_type = "application/trickle-ice-sdpfrag"), responses(
    (status = 200, body = String, content_type = "application/trickle-ice-sdpfrag", headers(("ETag" = String, description = "The new credentials."))),
    (status = 204), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 412, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn amend(
    State(app): State<App>,
    who: Who,
    Path(path): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let (stream, session, _lease) = session(&app, &who, &path, &uri).await?;
    let fragment = body_of(&headers, FRAGMENT, &body)?;
    let tag = text(&headers, header::IF_MATCH);
    let amended = app.webrtc.amend((&stream, &session), &fragment, tag).await;
    let Some(restarted) = amended.map_err(|error| problem(&error).with("path", &stream))? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let headers = [
        (header::CONTENT_TYPE, FRAGMENT.to_owned()),
        (header::ETAG, format!("\"{}\"", restarted.etag)),
    ];
    Ok((headers, restarted.fragment).into_response())
}

/// Ends a session.
#[utoipa::path(delete, operation_id = "webrtc_end", path = "/live/{*file}", tag = "live",
    params(("file" = String, Path, description = "The session, as `Location` named it.")), responses(
    (status = 200), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 401, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn end(
    State(app): State<App>,
    who: Who,
    Path(path): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (stream, session, _lease) = session(&app, &who, &path, &uri).await?;
    let ended = app.webrtc.end(&stream, &session).await;
    ended.map_err(|error| problem(&error).with("path", &stream))?;
    Ok(StatusCode::OK.into_response())
}

/// Says what an endpoint takes, and the STUN and TURN servers before an offer is made (RFC 9725 section 4.6).
#[utoipa::path(options, operation_id = "webrtc_options", path = "/live/{*file}", tag = "live",
    params(("file" = String, Path, description = "The stream's path and `whep` or `whip`.")), responses(
    (status = 204, headers(("Accept-Post" = String, description = "What an offer is."), ("Link" = String, description = "STUN and TURN servers."))),
    (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn options(
    State(app): State<App>,
    who: Who,
    Path(path): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (stream, publishes) = match Wanted::read(&path) {
        Some(Wanted::Offer(stream, publishes)) => (stream, publishes),
        Some(Wanted::Session(stream, id)) => (stream, is_publishers(&path, id)),
        None => return Err(not_found(&uri)),
    };
    permit(&app, &who, &stream_path(stream)?, publishes).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::ALLOW, HeaderValue::from_static(METHODS));
    headers.insert(ACCEPT_POST, HeaderValue::from_static(SDP));
    headers.insert(ACCEPT_PATCH, HeaderValue::from_static(FRAGMENT));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let servers = app.webrtc.ice_servers(who.principal.name());
    let links = servers.iter().filter_map(|server| HeaderValue::from_str(&server.link()).ok());
    links.for_each(|link| {
        headers.append(header::LINK, link);
    });
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// The servers that an endpoint names to somebody who shows nothing, as browsers do that ask beforehand:
/// those that take no password. Empty where there is no endpoint.
pub(crate) fn links_for_anybody(app: &App, arrived: &Arrived, uri: &Uri) -> Vec<String> {
    let path = match Door::of(arrived.listener) {
        Door::WebRtc => uri.path().strip_prefix('/'),
        Door::Front => uri.path().strip_prefix("/live/"),
        _ => None,
    };
    if !path.is_some_and(is_endpoint) {
        return Vec::new();
    }
    let servers = app.webrtc.ice_servers("");
    servers.iter().filter(|server| server.credential.is_none()).map(IceServer::link).collect()
}

/// True when a session below `path` is a publisher's.
fn is_publishers(path: &str, id: &str) -> bool {
    path.strip_suffix(id).is_some_and(|head| head.ends_with("/whip/"))
}

/// A session, for who may do what it does.
async fn session(
    app: &App,
    who: &Who,
    path: &str,
    uri: &Uri,
) -> Result<(StreamPath, String, Lease), Problem> {
    let Some(Wanted::Session(stream, id)) = Wanted::read(path) else { return Err(not_found(uri)) };
    let publishes = is_publishers(path, id);
    let stream = stream_path(stream)?;
    let lease = permit(app, who, &stream, publishes).await?;
    Ok((stream, id.to_owned(), lease))
}

async fn permit(
    app: &App,
    who: &Who,
    stream: &StreamPath,
    publishes: bool,
) -> Result<Lease, Problem> {
    match publishes {
        true => who.permit(app, Action::Publish, &access::Object::Stream(stream.clone())),
        false => lease(app, who, stream).await,
    }
}

pub(crate) fn stream_path(stream: &str) -> Result<StreamPath, Problem> {
    StreamPath::new(stream)
        .map_err(|_| Problem::new(ErrorKind::NotFound, "stream_not_found").with("path", stream))
}

fn not_found(uri: &Uri) -> Problem {
    Problem::new(ErrorKind::NotFound, "not_found").with("path", uri.path())
}

fn body_of(headers: &HeaderMap, wanted: &'static str, body: &Bytes) -> Result<String, Problem> {
    let kind = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(wanted) {
        let problem = Problem::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type_needed");
        return Err(problem.with("wanted", wanted));
    }
    if body.len() > OFFER_LEN_MAX {
        let problem = Problem::with_status(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large");
        return Err(problem.with("limit", OFFER_LEN_MAX));
    }
    let text = std::str::from_utf8(body).map(str::to_owned);
    text.map_err(|_| problem(&Error::BadOffer("it is no text".to_owned())))
}

fn agent(headers: &HeaderMap) -> String {
    text(headers, header::USER_AGENT).unwrap_or_default().chars().take(AGENT_LEN_MAX).collect()
}

/// The query without what opens doors.
fn shown_query(uri: &Uri) -> String {
    let pairs = uri.query().unwrap_or_default().split('&');
    let plain = pairs.filter(|pair| !pair.starts_with("token=") && !pair.is_empty());
    plain.collect::<Vec<_>>().join("&").chars().take(AGENT_LEN_MAX).collect()
}

/// The watch over the right to a session, for who showed something that may end.
fn standing(app: &App, who: &Who, arrived: &Arrived) -> Option<std::sync::Arc<Standing>> {
    who.credential.as_ref()?;
    let permitted = who.permitted.lock().clone();
    let standing = Standing::new(who.credential.clone(), arrived.address, permitted);
    Some(app.gate.watch_over(standing))
}

fn created(app: &App, who: &Who, uri: &Uri, started: Started) -> Response {
    let mut place = format!("{}/{}", uri.path().trim_end_matches('/'), started.id);
    // Whoever came by a signed address goes on by it.
    if let Some(token) = query(uri, "token").filter(|_| who.principal.link().is_some()) {
        place.push_str("?token=");
        place.push_str(token);
    }
    let mut headers = HeaderMap::new();
    let mut add = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(name, value);
        }
    };
    add(header::CONTENT_TYPE, SDP.to_owned());
    add(header::LOCATION, place);
    add(header::ETAG, format!("\"{}\"", started.etag));
    add(ACCEPT_PATCH, FRAGMENT.to_owned());
    add(header::CACHE_CONTROL, "no-store".to_owned());
    if !started.omitted.is_empty() {
        add(OMITTED, started.omitted.join(", "));
    }
    for server in app.webrtc.ice_servers(who.principal.name()) {
        add(header::LINK, server.link());
    }
    (StatusCode::CREATED, headers, started.sdp).into_response()
}

fn problem(error: &Error) -> Problem {
    match error {
        Error::NothingToCarry(codecs) => {
            let codecs = codecs.join(", ");
            Problem::with_status(StatusCode::NOT_ACCEPTABLE, "stream_not_carried_by_webrtc")
                .with("codecs", &codecs)
                .header(OMITTED, &codecs)
        }
        Error::Changed => Problem::with_status(StatusCode::PRECONDITION_FAILED, error.code()),
        Error::BadOffer(why) => Problem::new(error.kind(), error.code()).with("reason", why),
        _ => Problem::new(error.kind(), error.code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_says_what_is_wanted() {
        assert!(matches!(Wanted::read("cam/sub/whep"), Some(Wanted::Offer("cam/sub", false))));
        assert!(matches!(Wanted::read("cam/whip"), Some(Wanted::Offer("cam", true))));
        assert!(matches!(Wanted::read("a/b/whep/id"), Some(Wanted::Session("a/b", "id"))));
        assert!(Wanted::read("cam/index.m3u8").is_none() && Wanted::read("whep").is_none());
    }

    #[test]
    fn tokens_are_not_shown() {
        let uri: Uri = "/cam/whep?token=vl_secret&start=next".parse().expect("an address");
        assert_eq!(shown_query(&uri), "start=next");
    }
}
