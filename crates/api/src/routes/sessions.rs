//! Sessions: who is signed in, and from where.

use access::{Action, Object};
use axum::Json;
use axum::extract::{Path, State};
use base::{Clock, ErrorKind, SystemClock, Wall};
use catalog::{Holder, People, Role, Session, Trail};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::login::is_own;
use super::query::{Checked, number};
use crate::App;
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// Somebody who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionAnswer {
    id: String,
    /// The name.
    user: String,
    user_id: String,
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// True for the one that asks.
    current: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Wall,
    /// To the minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Wall,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Wall,
    /// From where it began.
    address: String,
    /// By which program.
    agent: String,
}

/// A page of sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsAnswer {
    sessions: Vec<SessionAnswer>,
    next_cursor: Option<String>,
}

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// `true`: everybody's, for administrators; else one's own.
    all: Option<String>,
    /// 1 to 1,000; default 100.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Who is signed in, newest first.
#[utoipa::path(get, operation_id = "sessions_list", path = "/api/sessions", tag = "access", params(SessionsQuery), responses(
    (status = 200, body = SessionsAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Checked(query): Checked<SessionsQuery>,
) -> Result<Json<SessionsAnswer>, Problem> {
    who.permit(&app, Action::ManageOwn, &Object::Server)?;
    let all = query.all.as_deref() == Some("true");
    if all {
        who.permit(&app, Action::ManageAccess, &Object::Server)?;
    }
    let limit = number("limit", query.limit.as_deref(), (1, 1_000, 100))?;
    let cursor = query.cursor.filter(|cursor| !cursor.is_empty());
    let of = (!all).then(|| who.principal.id());
    let now = SystemClock.wall();
    let page = app.database.sessions(of, now, limit, cursor.as_deref()).await?;
    let mut sessions = Vec::with_capacity(page.items.len());
    for session in page.items {
        sessions.push(answer(&app, &who, session).await?);
    }
    Ok(Json(SessionsAnswer { sessions, next_cursor: page.next_cursor }))
}

async fn answer(app: &App, who: &Who, session: Session) -> Result<SessionAnswer, Problem> {
    let (user, user_id, role) = match session.holder {
        Holder::User(id) => match app.database.user(&id).await {
            Ok(user) => (user.name, id, Some(user.role)),
            Err(catalog::Error::NotFound { .. }) => (String::new(), id, None),
            Err(error) => return Err(error.into()),
        },
        Holder::External { subject, name, role, .. } => (name, subject, Some(role)),
    };
    Ok(SessionAnswer {
        current: who.principal.session() == Some(session.id.as_str()),
        id: session.id,
        user,
        user_id,
        role,
        created_at: session.created_at,
        seen_at: session.seen_at,
        expires_at: session.expires_at,
        address: session.address,
        agent: session.agent,
    })
}

/// Ends a session: one's own, or, for administrators, anybody's.
#[utoipa::path(delete, operation_id = "sessions_end", path = "/api/sessions/{id}", tag = "access", params(("id" = String, Path, description = "The session's id.")), responses(
    (status = 204), (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn end(
    State(app): State<App>,
    who: Who,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    who.permit(&app, Action::ManageOwn, &Object::Server)?;
    let not_found = || Problem::new(ErrorKind::NotFound, "session_not_found").with("id", &id);
    let session = app.database.session(&id).await.map_err(|error| match error {
        catalog::Error::NotFound { .. } => not_found(),
        error => error.into(),
    })?;
    let is_admin = access::authorize(&who.principal, Action::ManageAccess, &Object::Server).is_ok();
    if !is_own(&who.principal, &session.holder) && !is_admin {
        return Err(not_found());
    }
    let note = who.change("session_end", format!("session:{id}"), &[]);
    app.database.noting(note).end_session(&id, SystemClock.wall()).await?;
    app.gate.rights_changed().await;
    Ok(StatusCode::NO_CONTENT)
}
