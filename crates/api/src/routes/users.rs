//! People of the embedded store.

use access::accounts::{Change, NewUser};
use access::{Action, Object};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base::{Clock, Secret, SystemClock, Wall};
use catalog::{Agencies, People, Role, Trail, User};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{Body, Checked, number};
use crate::App;
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// A person.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserAnswer {
    id: String,
    name: String,
    #[schema(value_type = String)]
    role: Role,
    /// Whose cameras; `["*"]`: all.
    #[schema(value_type = Vec<String>)]
    agencies: Agencies,
    /// False: may not sign in.
    enabled: bool,
    must_change_password: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Wall,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Wall,
    #[schema(value_type = Option<String>, format = DateTime)]
    login_at: Option<Wall>,
    /// The password that was made; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl UserAnswer {
    fn new(user: User, password: Option<&Secret>) -> Self {
        Self {
            id: user.id,
            name: user.name,
            role: user.role,
            agencies: user.agencies,
            enabled: user.enabled,
            must_change_password: user.must_change,
            created_at: user.created_at,
            updated_at: user.updated_at,
            login_at: user.login_at,
            password: password.map(|password| password.reveal().to_owned()),
        }
    }
}

/// A page of people.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsersAnswer {
    users: Vec<UserAnswer>,
    next_cursor: Option<String>,
}

/// Which people.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// A part of the name.
    q: Option<String>,
    /// 1 to 1,000; default 100.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// People in the order of their names.
#[utoipa::path(get, operation_id = "users_list", path = "/api/users", tag = "access", params(UsersQuery), responses(
    (status = 200, body = UsersAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Checked(query): Checked<UsersQuery>,
) -> Result<Json<UsersAnswer>, Problem> {
    who.permit(&app, Action::ManageAccess, &Object::Server)?;
    let limit = number("limit", query.limit.as_deref(), (1, 1_000, 100))?;
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (q, cursor) = (some(query.q), some(query.cursor));
    let page = app.database.users(q.as_deref(), limit, cursor.as_deref()).await?;
    let users = page.items.into_iter().map(|user| UserAnswer::new(user, None)).collect();
    Ok(Json(UsersAnswer { users, next_cursor: page.next_cursor }))
}

/// One person.
#[utoipa::path(get, operation_id = "users_one", path = "/api/users/{id}", tag = "access", params(("id" = String, Path, description = "The person's id.")), responses(
    (status = 200, body = UserAnswer), (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<String>,
) -> Result<Json<UserAnswer>, Problem> {
    who.permit(&app, Action::ManageAccess, &Object::Server)?;
    Ok(Json(UserAnswer::new(app.database.user(&id).await?, None)))
}

/// A person to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUserBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(value_type = super::schema::RoleWord)]
    role: Role,
    /// Default: none, but `["*"]` for an administrator.
    #[schema(value_type = Option<Vec<String>>)]
    agencies: Option<Agencies>,
    /// 8 characters or more; without one a password is made, to be changed.
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 1024)]
    password: Option<Secret>,
}

/// Adds a person.
#[utoipa::path(post, operation_id = "users_add", path = "/api/users", tag = "access", request_body = NewUserBody, responses(
    (status = 201, body = UserAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 409, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn add(
    State(app): State<App>,
    who: Who,
    Body(body): Body<NewUserBody>,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ManageAccess, &Object::Server)?;
    let agencies = body.agencies.unwrap_or(match body.role {
        Role::Admin => Agencies::All,
        _ => Agencies::none(),
    });
    let detail = [("role", body.role.to_string()), ("agencies", words(&agencies))];
    let note = who.change("user_add", object(&body.name), &detail);
    let new = NewUser { name: body.name, role: body.role, agencies, password: body.password };
    let (user, made) = app.accounts.add(new, note, SystemClock.wall()).await?;
    let location = format!("/api/users/{}", user.id);
    let answer = Json(UserAnswer::new(user, made.as_ref()));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], answer).into_response())
}

/// What of a person is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChangeBody {
    #[schema(value_type = Option<super::schema::RoleWord>)]
    role: Option<Role>,
    #[schema(value_type = Option<Vec<String>>)]
    agencies: Option<Agencies>,
    enabled: Option<bool>,
    /// Another password, to be changed by the person; signs it out everywhere.
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 1024)]
    password: Option<Secret>,
}

/// Changes a person; it takes effect on what runs within seconds.
#[utoipa::path(patch, operation_id = "users_change", path = "/api/users/{id}", tag = "access", params(("id" = String, Path, description = "The person's id.")), request_body = UserChangeBody, responses(
    (status = 200, body = UserAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 409, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn change(
    State(app): State<App>,
    who: Who,
    Path(id): Path<String>,
    Body(body): Body<UserChangeBody>,
) -> Result<Json<UserAnswer>, Problem> {
    who.permit(&app, Action::ManageAccess, &Object::Server)?;
    let name = app.database.user(&id).await?.name;
    let mut detail = Vec::new();
    detail.extend(body.role.map(|role| ("role", role.to_string())));
    detail.extend(body.agencies.as_ref().map(|agencies| ("agencies", words(agencies))));
    detail.extend(body.enabled.map(|enabled| ("enabled", enabled.to_string())));
    detail.extend(body.password.as_ref().map(|_| ("password", "changed".to_owned())));
    let note = who.change("user_change", object(&name), &detail);
    let change = Change {
        role: body.role,
        agencies: body.agencies,
        enabled: body.enabled,
        password: body.password.map(|password| (password, true)),
    };
    let with = (who.principal.session(), note);
    let user = app.accounts.change(&id, change, with, SystemClock.wall()).await?;
    app.gate.rights_changed().await;
    Ok(Json(UserAnswer::new(user, None)))
}

/// Removes a person and signs it out everywhere.
#[utoipa::path(delete, operation_id = "users_remove", path = "/api/users/{id}", tag = "access", params(("id" = String, Path, description = "The person's id.")), responses(
    (status = 204), (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 409, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn remove(
    State(app): State<App>,
    who: Who,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    who.permit(&app, Action::ManageAccess, &Object::Server)?;
    let name = app.database.user(&id).await?.name;
    let note = who.change("user_remove", object(&name), &[]);
    app.database.noting(note).remove_user(&id, SystemClock.wall()).await?;
    app.gate.rights_changed().await;
    Ok(StatusCode::NO_CONTENT)
}

fn object(name: &str) -> String {
    format!("user:{}", name.chars().take(100).collect::<String>())
}

/// Agencies for the audit trail.
pub(crate) fn words(agencies: &Agencies) -> String {
    Vec::<String>::from(agencies.clone()).join(", ").chars().take(500).collect()
}
