//! Keys of programs.

use access::{Action, Object, accounts, gate};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base::{Clock, ErrorKind, SystemClock, Wall};
use catalog::{Agencies, Key, People, Role, Trail};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{Body, Checked, number};
use super::users::words;
use crate::App;
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

const SCOPES_MAX: usize = 100;
const SCOPE_LEN_MAX: usize = 255;

/// A key.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyAnswer {
    id: String,
    name: String,
    /// What its holder may do beside its scopes.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    #[schema(value_type = Vec<String>)]
    agencies: Agencies,
    /// `publish:<pattern>`.
    scopes: Vec<String>,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Wall,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Wall>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Wall>,
    /// To the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Wall>,
    /// The key itself; only in the answer that made it. Sent as `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl KeyAnswer {
    fn new(key: Key, shown: Option<String>) -> Self {
        Self {
            id: key.id,
            name: key.name,
            role: key.role,
            agencies: key.agencies,
            scopes: key.scopes,
            created_by: key.created_by,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            used_at: key.used_at,
            key: shown,
        }
    }
}

/// A page of keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeysAnswer {
    keys: Vec<KeyAnswer>,
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// 1 to 1,000; default 100.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    /// How many, and from where.
    pub(crate) fn page(self) -> Result<(u32, Option<String>), Problem> {
        let limit = number("limit", self.limit.as_deref(), (1, 1_000, 100))?;
        Ok((limit, self.cursor.filter(|cursor| !cursor.is_empty())))
    }
}

/// Keys, newest first, ended ones too.
#[utoipa::path(get, operation_id = "keys_list", path = "/api/keys", tag = "access", params(PageQuery), responses(
    (status = 200, body = KeysAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Checked(query): Checked<PageQuery>,
) -> Result<Json<KeysAnswer>, Problem> {
    who.permit(&app, Action::ManageAccess, &Object::Server)?;
    let (limit, cursor) = query.page()?;
    let page = app.database.keys(limit, cursor.as_deref()).await?;
    let keys = page.items.into_iter().map(|key| KeyAnswer::new(key, None)).collect();
    Ok(Json(KeysAnswer { keys, next_cursor: page.next_cursor }))
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKeyBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(value_type = Option<super::schema::RoleWord>)]
    role: Option<Role>,
    /// Default: none, but `["*"]` for an administrator.
    #[schema(value_type = Option<Vec<String>>)]
    agencies: Option<Agencies>,
    /// `publish:<pattern>`, in which `*` stands for any text.
    #[serde(default)]
    #[schema(max_items = 100)]
    scopes: Vec<String>,
    /// RFC 3339; without it the key lasts until it is ended.
    #[schema(format = DateTime)]
    expires: Option<String>,
}

/// Makes a key; it is shown once.
#[utoipa::path(post, operation_id = "keys_add", path = "/api/keys", tag = "access", request_body = NewKeyBody, responses(
    (status = 201, body = KeyAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn add(
    State(app): State<App>,
    who: Who,
    Body(body): Body<NewKeyBody>,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ManageAccess, &Object::Server)?;
    let now = SystemClock.wall();
    let expires_at = body.expires.as_deref().map(|text| end(text, now)).transpose()?;
    check(&body)?;
    let agencies = body.agencies.unwrap_or(match body.role {
        Some(Role::Admin) => Agencies::All,
        _ => Agencies::none(),
    });
    accounts::check_agencies(&agencies)?;
    let (shown, hash) =
        gate::new_key().map_err(|_| Problem::new(ErrorKind::Internal, "internal"))?;
    let key = Key {
        id: uuid::Uuid::now_v7().to_string(),
        name: body.name,
        hash,
        role: body.role,
        agencies,
        scopes: body.scopes,
        created_by: who.principal.name().to_owned(),
        created_at: now,
        expires_at,
        revoked_at: None,
        used_at: None,
    };
    let detail = [
        ("name", key.name.clone()),
        ("role", key.role.map(|role| role.to_string()).unwrap_or_default()),
        ("agencies", words(&key.agencies)),
        ("scopes", key.scopes.join(", ").chars().take(500).collect()),
    ];
    let note = who.change("key_add", format!("key:{}", key.id), &detail);
    app.database.noting(note).add_key(&key).await?;
    let headers = [
        (header::LOCATION, format!("/api/keys/{}", key.id)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let answer = Json(KeyAnswer::new(key, Some(shown.reveal().to_owned())));
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

fn check(body: &NewKeyBody) -> Result<(), Problem> {
    let invalid = |field: &str, code: &'static str| {
        Problem::new(ErrorKind::Invalid, code).with("field", field)
    };
    let len = body.name.chars().count();
    if !(1..=100).contains(&len) || body.name.chars().any(char::is_control) {
        return Err(invalid("name", "invalid_name"));
    }
    let is_scope = |scope: &String| {
        let pattern = scope.strip_prefix("publish:").unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~/*".contains(c);
        (1..=SCOPE_LEN_MAX).contains(&pattern.len()) && pattern.chars().all(fits)
    };
    if body.scopes.len() > SCOPES_MAX || !body.scopes.iter().all(is_scope) {
        return Err(invalid("scopes", "invalid_scope"));
    }
    if body.role.is_none() && body.scopes.is_empty() {
        return Err(invalid("role", "key_for_nothing"));
    }
    Ok(())
}

/// When it is to end: a moment to come.
fn end(text: &str, now: Wall) -> Result<Wall, Problem> {
    let wrong = || {
        Problem::new(ErrorKind::Invalid, "invalid_time")
            .with("field", "expires")
            .with("value", text)
    };
    let end = Wall::parse(text).map_err(|_| wrong())?;
    if end > now {
        Ok(end)
    } else {
        Err(Problem::new(ErrorKind::Invalid, "time_is_past").with("field", "expires"))
    }
}

/// Ends a key.
#[utoipa::path(delete, operation_id = "keys_revoke", path = "/api/keys/{id}", tag = "access", params(("id" = String, Path, description = "The key's id.")), responses(
    (status = 204), (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn revoke(
    State(app): State<App>,
    who: Who,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    who.permit(&app, Action::ManageAccess, &Object::Server)?;
    let name = app.database.key(&id).await?.name;
    let note = who.change("key_revoke", format!("key:{id}"), &[("name", name)]);
    app.database.noting(note).revoke_key(&id, SystemClock.wall()).await?;
    app.gate.rights_changed().await;
    Ok(StatusCode::NO_CONTENT)
}
