//! The player page at `GET /<path>` of the listeners of WebRTC and HLS: one page that needs nothing else.
//!
//! It tries WebRTC, then the browser's own player of HLS, and says in the reader's language what it does.

use access::Action;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use base::{ErrorKind, StreamPath};
use http::{HeaderMap, Method, header};

use super::live::lease;
use super::webrtc::{is_endpoint, no_such_method};
use crate::App;
use crate::front::text;
use crate::messages::Language;
use crate::problem::Problem;
use crate::who::Who;

const PAGE: &str = include_str!("player.html");

/// The page of a stream.
pub(crate) async fn page(
    State(app): State<App>,
    who: Who,
    Path(path): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if is_endpoint(&path) {
        return Err(no_such_method(&method));
    }
    if let Some(stream) = path.strip_suffix("/connect-check") {
        return super::connect_check::check(&app, &who, stream).await;
    }
    let stream = StreamPath::new(path.trim_end_matches('/'));
    let stream = stream
        .map_err(|_| Problem::new(ErrorKind::NotFound, "stream_not_found").with("path", &path))?;
    who.permit_ever(&app, Action::WatchLive)?;
    let _lease = lease(&app, &who, &stream).await?;
    Ok(rendered(&stream, &headers))
}

fn rendered(stream: &StreamPath, headers: &HeaderMap) -> Response {
    let language = Language::preferred(text(headers, header::ACCEPT_LANGUAGE).unwrap_or_default());
    let (tag, direction) = match language {
        Language::Arabic => ("ar", "rtl"),
        Language::English => ("en", "ltr"),
    };
    let nonce = base::id::random_hex();
    let html = PAGE
        .replace("{lang}", tag)
        .replace("{dir}", direction)
        .replace("{nonce}", &nonce)
        .replace("{title}", &escaped(stream.as_str()));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::VARY, "Accept-Language".to_owned()),
    ];
    (headers, Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    let part = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(part).collect()
}
