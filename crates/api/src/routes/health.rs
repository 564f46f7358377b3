//! Health, readiness, numbers.

use std::collections::BTreeMap;

use access::{Action, Object};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base::health::{Component, Health};
use base::{Clock, SystemClock, Wall};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;
use crate::{App, metrics as numbers};

/// How the server is.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthAnswer {
    /// `healthy`, `degraded` or `unhealthy`.
    #[schema(value_type = String)]
    status: Health,
    /// Now, to the second.
    time: String,
    version: &'static str,
    /// Seconds since the start.
    uptime: i64,
    /// Each part's state.
    #[schema(value_type = Object)]
    components: BTreeMap<&'static str, Component>,
}

/// Alive: the state of each part.
#[utoipa::path(get, operation_id = "health", path = "/health", tag = "operations", responses(
    (status = 200, body = HealthAnswer), (status = 503, body = HealthAnswer), (status = 401, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn health(State(app): State<App>, who: Who) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadHealth, &Object::Server)?;
    let (now, status) = (SystemClock.wall(), app.board.overall());
    let answer = HealthAnswer {
        status,
        time: to_the_second(now),
        version: env!("CARGO_PKG_VERSION"),
        uptime: now.micros_since(app.started) / 1_000_000,
        components: app.board.components(),
    };
    let code =
        if status == Health::Unhealthy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    Ok((code, Json(answer)).into_response())
}

fn to_the_second(now: Wall) -> String {
    let text = now.to_string();
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// Whether it works.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadyAnswer {
    ready: bool,
    /// Why not: part and code.
    #[schema(value_type = Object)]
    reasons: BTreeMap<&'static str, &'static str>,
}

/// Ready: database, recorder and listeners work.
#[utoipa::path(get, operation_id = "ready", path = "/ready", tag = "operations", responses(
    (status = 200, body = ReadyAnswer), (status = 503, body = ReadyAnswer), (status = 401, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn ready(State(app): State<App>, who: Who) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadHealth, &Object::Server)?;
    let reasons: BTreeMap<_, _> = app.board.not_ready().into_iter().collect();
    let ready = reasons.is_empty();
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((code, Json(ReadyAnswer { ready, reasons })).into_response())
}

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Numbers for Prometheus; OpenMetrics when it is asked for.
#[utoipa::path(get, operation_id = "metrics", path = "/metrics", tag = "operations", responses(
    (status = 200, content((String = "text/plain"), (String = "application/openmetrics-text"))), (status = 401, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn metrics(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadMetrics, &Object::Server)?;
    let accept =
        headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let (content_type, body) = match accept.contains("application/openmetrics-text") {
        true => (OPEN_METRICS, numbers::open_metrics(&app.registry)),
        false => (TEXT, numbers::text(&app.registry)),
    };
    Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
}
