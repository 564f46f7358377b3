//! Signing in at an OpenID provider: out to it, and back with a code.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use access::oidc::{Error, Identity, Pending};
use access::{Action, Object};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base::ErrorKind;
use catalog::{Holder, Session};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use parking_lot::Mutex;
use serde::Deserialize;
use utoipa::IntoParams;

use super::login::{origin, session_cookie};
use super::query::Checked;
use crate::App;
use crate::authenticate::cookie;
use crate::front::{Arrived, text};
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// The cookie by which a browser is known when it comes back. (Not `Strict`: it comes back from
/// another site.)
const COOKIE: &str = "vedette_oidc";
/// How long one may take at the provider.
const LASTS: Duration = Duration::from_secs(600);
/// Sign-ins that have begun and not ended.
const WAITING_MAX: usize = 1_000;
const RETURN_LEN_MAX: usize = 1_000;

/// Sign-ins that have begun, by their state. Its users: the two routes here.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<HashMap<String, (Pending, String, Instant)>>);

impl Waiting {
    fn put(&self, pending: Pending, back: String) {
        let mut all = self.0.lock();
        all.retain(|_, (_, _, at)| at.elapsed() < LASTS);
        if all.len() >= WAITING_MAX {
            let oldest =
                all.iter().min_by_key(|(_, (_, _, at))| *at).map(|(state, _)| state.clone());
            oldest.map(|state| all.remove(&state));
        }
        all.insert(pending.state.clone(), (pending, back, Instant::now()));
    }

    /// Takes one out: none is used twice.
    fn take(&self, state: &str) -> Option<(Pending, String)> {
        let (pending, back, at) = self.0.lock().remove(state)?;
        (at.elapsed() < LASTS).then_some((pending, back))
    }
}

/// Where to come back to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoginQuery {
    /// A path of this server.
    #[serde(rename = "return")]
    #[param(rename = "return")]
    back: Option<String>,
}

/// Sends the browser to the provider.
#[utoipa::path(get, operation_id = "oidc_login", path = "/api/oidc/login", tag = "access", params(LoginQuery), responses(
    (status = 303, description = "To the provider, or back to the login with an error."), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 429, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn login(
    State(app): State<App>,
    who: Who,
    arrived: Arrived,
    uri: Uri,
    headers: HeaderMap,
    Checked(query): Checked<LoginQuery>,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadPublic, &Object::Server)?;
    let provider = app.gate.provider().ok_or_else(|| not_found(&uri))?;
    let redirect_uri =
        redirect_uri(&app, &arrived, &uri, &headers).ok_or_else(|| not_found(&uri))?;
    let begun = match provider.begin(&redirect_uri).await {
        Ok(begun) => begun,
        Err(error) => return Ok(failed(&error)),
    };
    let state = begun.pending.state.clone();
    app.oidc_waiting.put(begun.pending, safe(query.back));
    let cookie = [(header::SET_COOKIE, own_cookie(&arrived, &state, LASTS.as_secs()))];
    Ok((cookie, see_other(begun.url.as_str())).into_response())
}

/// What the provider sends back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Takes the browser back from the provider and signs it in.
#[utoipa::path(get, operation_id = "oidc_callback", path = "/api/oidc/callback", tag = "access", params(CallbackQuery), responses(
    (status = 303, description = "To where it came from, or to the login with an error."), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 429, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn callback(
    State(app): State<App>,
    who: Who,
    arrived: Arrived,
    uri: Uri,
    headers: HeaderMap,
    Checked(query): Checked<CallbackQuery>,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadPublic, &Object::Server)?;
    let provider = app.gate.provider().ok_or_else(|| not_found(&uri))?;
    let state = query.state.unwrap_or_default();
    // The browser that comes back is the one that went.
    let is_same = cookie(&headers, COOKIE) == Some(state.as_str());
    let waiting = app.oidc_waiting.take(&state).filter(|_| is_same);
    let finished = match (waiting, query.error) {
        (None, _) => Err(Error::State),
        (Some(_), Some(error)) => {
            Err(Error::refused(&error, &query.error_description.unwrap_or_default()))
        }
        (Some((pending, back)), None) => provider
            .finish(pending, &state, &query.code.unwrap_or_default())
            .await
            .map(|identity| (identity, back)),
    };
    let (identity, back) = match finished {
        Ok(finished) => finished,
        Err(error) => {
            app.trail.note_repeated(who.entry("login", &Object::Server, error.code()));
            return Ok(failed(&error));
        }
    };
    let (session, token) = sign_in(&app, &who, &arrived, &headers, identity).await?;
    let cookies = [
        (header::SET_COOKIE, own_cookie(&arrived, "", 0)),
        (header::SET_COOKIE, session_cookie(&app, &arrived, Some((&token, session.expires_at)))),
    ];
    let mut response = see_other(&back);
    for (name, value) in cookies {
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

async fn sign_in(
    app: &App,
    who: &Who,
    arrived: &Arrived,
    headers: &HeaderMap,
    identity: Identity,
) -> Result<(Session, base::Secret), Problem> {
    let Identity { subject, name, role, agencies, .. } = identity;
    let mut entry = who.entry("login", &Object::Server, "ok");
    (entry.kind, entry.id, entry.name) = ("external".into(), subject.clone(), name.clone());
    let holder = Holder::External { subject, name, role, agencies };
    Ok(app.gate.login_external(holder, &origin(arrived, headers), entry).await?)
}

fn not_found(uri: &Uri) -> Problem {
    Problem::new(ErrorKind::NotFound, "not_found").with("path", uri.path())
}

/// Back to the login, which has words for the code.
fn failed(error: &Error) -> Response {
    tracing::warn!(err = %error, "sign-in at the provider failed");
    see_other(&format!("/login?error={}", error.code()))
}

fn see_other(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or_else(|_| HeaderValue::from_static("/"));
    let headers =
        [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// A path of this server, and nothing that a browser could take for another one.
fn safe(back: Option<String>) -> String {
    let fits = |back: &String| {
        back.starts_with('/')
            && !back.starts_with("//")
            && back.len() <= RETURN_LEN_MAX
            && back.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\')
    };
    back.filter(fits).unwrap_or_else(|| "/".to_owned())
}

fn own_cookie(arrived: &Arrived, state: &str, seconds: u64) -> HeaderValue {
    let secure = if arrived.tls { "; Secure" } else { "" };
    let text = format!(
        "{COOKIE}={state}; Path=/api/oidc; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"
    );
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The address by which the provider sends back; the provider knows which ones are ours.
fn redirect_uri(app: &App, arrived: &Arrived, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let host = text(headers, header::HOST)
        .or_else(|| uri.authority().map(|authority| authority.as_str()))?;
    let is_proxy = app
        .settings
        .trusted_proxies
        .iter()
        .any(|network| network.contains(arrived.peer.ip().to_canonical()));
    let said = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let by_tls = arrived.tls || (is_proxy && said == Some("https"));
    let scheme = if by_tls { "https" } else { "http" };
    Some(format!("{scheme}://{host}/api/oidc/callback"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_back_to_this_server_only() {
        for (given, back) in [
            ("/cameras/gate?period=1#now", "/cameras/gate?period=1#now"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(safe(Some(given.to_owned())), back, "{given}");
        }
    }
}
