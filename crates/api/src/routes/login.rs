//! Signing in and out, and what one may know and change of oneself.

use std::net::IpAddr;

use access::accounts::Change;
use access::gate::Origin;
use access::{Action, Identity, Object, Principal, Refused};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base::{Clock, ErrorKind, Secret, SystemClock, Wall};
use catalog::{Agencies, People, Role, Session, Trail, User};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::query::Body;
use crate::App;
use crate::authenticate::COOKIE;
use crate::front::{Arrived, text};
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBody {
    #[schema(max_length = 200)]
    username: String,
    #[schema(value_type = String, format = Password, max_length = 4096)]
    password: Secret,
}

/// Who is signed in now.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginAnswer {
    /// The name.
    user: String,
    user_id: String,
    #[schema(value_type = String)]
    role: Role,
    /// The role, as a list.
    #[schema(value_type = Vec<String>)]
    roles: [Role; 1],
    /// Whose cameras; `["*"]`: all.
    #[schema(value_type = Vec<String>)]
    agencies: Agencies,
    /// True while somebody else knows the password.
    must_change_password: bool,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Wall,
}

/// Signs in by name and password; sets the session's cookie.
#[utoipa::path(post, operation_id = "login", path = "/api/login", tag = "access", request_body = LoginBody, responses(
    (status = 200, body = LoginAnswer, headers(("Set-Cookie" = String, description = "The session."))),
    (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 429, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn login(
    State(app): State<App>,
    who: Who,
    arrived: Arrived,
    headers: HeaderMap,
    Body(body): Body<LoginBody>,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadPublic, &Object::Server)?;
    let origin = origin(&arrived, &headers);
    let mut entry = who.entry("login", &Object::Server, "ok");
    let note = |user: &User, session: &Session| {
        let mut note = entry.clone();
        (note.kind, note.id, note.name) = ("user".into(), user.id.clone(), user.name.clone());
        note.object = format!("session:{}", session.id);
        note
    };
    let signed_in = app.gate.login(&body.username, &body.password, &origin, note).await;
    let (user, session, token) = match signed_in {
        Ok(signed_in) => signed_in,
        Err(refused) => {
            let problem = match refused {
                Refused::Wrong => Problem::new(ErrorKind::Unauthenticated, "login_failed"),
                other => other.into(),
            };
            entry.result = problem.code().to_owned();
            entry.name = body.username.chars().take(200).collect();
            app.trail.note(entry);
            return Err(problem);
        }
    };
    let answer = LoginAnswer {
        user: user.name,
        user_id: user.id,
        role: user.role,
        roles: [user.role],
        agencies: user.agencies,
        must_change_password: user.must_change,
        expires_at: session.expires_at,
    };
    let cookie = session_cookie(&app, &arrived, Some((&token, session.expires_at)));
    Ok(([(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, no_store())], Json(answer))
        .into_response())
}

/// From where somebody signs in.
pub(crate) fn origin(arrived: &Arrived, headers: &HeaderMap) -> Origin {
    let agent = text(headers, header::USER_AGENT).unwrap_or_default().to_owned();
    Origin { address: arrived.address, agent }
}

fn no_store() -> HeaderValue {
    HeaderValue::from_static("no-store")
}

/// The cookie of a session, or the one that removes it.
pub(crate) fn session_cookie(
    app: &App,
    arrived: &Arrived,
    session: Option<(&Secret, Wall)>,
) -> HeaderValue {
    // A browser does not take a secure cookie over plain HTTP, but from its own machine. Who has said
    // that plain HTTP is enough gets one that works.
    let is_plain = !arrived.tls && !app.settings.tls_required && !is_here(arrived.address);
    let secure = if is_plain { "" } else { "; Secure" };
    let (value, age) = match session {
        Some((token, end)) => {
            let left = end.micros_since(SystemClock.wall()) / 1_000_000;
            (token.reveal().to_owned(), left.max(0))
        }
        None => (String::new(), 0),
    };
    let text =
        format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    let mut cookie = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    cookie.set_sensitive(true);
    cookie
}

fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Signs out: ends the session.
#[utoipa::path(post, operation_id = "logout", path = "/api/logout", tag = "access", responses(
    (status = 204), (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn logout(
    State(app): State<App>,
    who: Who,
    arrived: Arrived,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadPublic, &Object::Server)?;
    if let Some(session) = who.principal.session() {
        let note = who.change("logout", format!("session:{session}"), &[]);
        app.database.noting(note).end_session(session, SystemClock.wall()).await?;
        app.gate.rights_changed().await;
    }
    let cookie = session_cookie(&app, &arrived, None);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeAnswer {
    /// The name; empty for nobody in particular.
    user: String,
    user_id: String,
    /// `user`, `external`, `key`, `link`, `open` or `nobody`.
    kind: &'static str,
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    #[schema(value_type = Vec<String>)]
    agencies: Agencies,
    /// Of a key.
    scopes: Vec<String>,
    /// The session's id.
    session: Option<String>,
    must_change_password: bool,
    login: LoginWays,
}

/// How one can sign in here.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginWays {
    /// By name and password.
    password: bool,
    /// By an OpenID provider, by its name.
    oidc: Option<String>,
}

/// Who asks, and what for.
#[utoipa::path(get, operation_id = "me", path = "/api/me", tag = "access", responses(
    (status = 200, body = MeAnswer), (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn me(State(app): State<App>, who: Who) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadPublic, &Object::Server)?;
    let principal = &who.principal;
    if principal.role().is_none() && !principal.is_known() {
        let problem = match &who.refused {
            Some(refused) => refused.clone().into(),
            None => Problem::new(ErrorKind::Unauthenticated, "unauthenticated"),
        };
        return Err(problem.field("login", serde_json::json!(ways(&app))));
    }
    let must_change_password = match principal.identity() {
        Identity::User { id, .. } => app.database.user(id).await?.must_change,
        _ => false,
    };
    let answer = MeAnswer {
        user: principal.name().to_owned(),
        user_id: principal.id().to_owned(),
        kind: principal.kind(),
        role: principal.role(),
        roles: principal.role().into_iter().collect(),
        agencies: principal.visible().agencies.clone(),
        scopes: principal.scopes().to_vec(),
        session: principal.session().map(str::to_owned),
        must_change_password,
        login: ways(&app),
    };
    Ok(([(header::CACHE_CONTROL, no_store())], Json(answer)).into_response())
}

fn ways(app: &App) -> LoginWays {
    let oidc = app.gate.provider().map(|provider| provider.name().to_owned());
    LoginWays { password: !app.settings.open, oidc }
}

/// One's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    #[schema(value_type = String, format = Password, max_length = 4096)]
    current: Secret,
    #[schema(value_type = String, format = Password, max_length = 1024)]
    new: Secret,
}

/// Changes one's own password; signs out everywhere else.
#[utoipa::path(post, operation_id = "password", path = "/api/me/password", tag = "access", request_body = PasswordBody, responses(
    (status = 204), (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 429, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn password(
    State(app): State<App>,
    who: Who,
    arrived: Arrived,
    Body(body): Body<PasswordBody>,
) -> Result<StatusCode, Problem> {
    who.permit(&app, Action::ManageOwn, &Object::Server)?;
    let Identity::User { id, name, session } = who.principal.identity() else {
        return Err(Problem::new(ErrorKind::Forbidden, "no_password"));
    };
    match app.gate.confirm(name, &body.current, arrived.address).await {
        Ok(_) => {}
        Err(Refused::Wrong) => {
            return Err(Problem::new(ErrorKind::Unauthenticated, "login_failed"));
        }
        Err(refused) => return Err(refused.into()),
    }
    let note = who.change("password_change", format!("user:{name}"), &[]);
    let change = Change { password: Some((body.new, false)), ..Change::default() };
    app.accounts.change(id, change, (session.as_deref(), note), SystemClock.wall()).await?;
    app.gate.rights_changed().await;
    Ok(StatusCode::NO_CONTENT)
}

/// True when it is one's own: a session's holder, or the user of a key.
pub(crate) fn is_own(principal: &Principal, holder: &catalog::Holder) -> bool {
    match holder {
        catalog::Holder::User(id) => principal.id() == id,
        catalog::Holder::External { subject, .. } => principal.id() == subject,
    }
}
