//! Values of queries, checked: which field, and what would be right.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use base::{Clock, ErrorKind, SystemClock, Wall};
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::App;
use crate::problem::Problem;

const DAY_MICROS: i64 = 86_400_000_000;

/// A query of type `T`, whose failure to be read is a problem like any other.
pub(crate) struct Checked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Checked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::<T>::from_request_parts(parts, state).await.map_err(|error| {
            Problem::new(ErrorKind::Invalid, "invalid_query").with("detail", error.body_text())
        })?;
        Ok(Self(query))
    }
}

/// A body of JSON, whose failure to be read is a problem like any other.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &App) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(json_needed()),
            Err(JsonRejection::BytesRejection(error))
                if error.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Err(Problem::with_status(error.status(), "body_too_large")
                    .with("limit", state.settings.max_body))
            }
            Err(error) => Err(Problem::new(ErrorKind::Invalid, "invalid_body")
                .with("detail", said(&error.body_text()))),
        }
    }
}

/// Why a body is not taken, but for what stands in it: it may be a password.
fn said(text: &str) -> String {
    let reason = text.rsplit(": ").next().unwrap_or(text);
    let field = text
        .split_once("target type: ")
        .and_then(|(_, rest)| rest.split_once(": "))
        .map(|(field, _)| field)
        .filter(|field| !field.is_empty() && field.len() < 80 && !field.contains(' '));
    let is_safe = !reason.contains('"') && !reason.contains("invalid ");
    match (field, is_safe) {
        (_, true) => reason.to_owned(),
        (Some(field), false) => format!("`{field}` has a wrong value"),
        (None, false) => "it has a wrong value".to_owned(),
    }
}

/// A body that is not said to be JSON.
pub(crate) fn json_needed() -> Problem {
    Problem::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "json_needed")
}

/// A time of a query, `None` where it is left out.
pub(crate) fn time(field: &'static str, text: Option<&str>) -> Result<Option<Wall>, Problem> {
    let wrong = |text: &str| {
        Problem::new(ErrorKind::Invalid, "invalid_time").with("field", field).with("value", text)
    };
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| Wall::parse(text).map_err(|_| wrong(text))).transpose()
}

/// A span of time as queries give it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct TimeSpan {
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
}

impl TimeSpan {
    /// Start and end; a day until now where they are left out.
    pub(crate) fn range(&self) -> Result<(Wall, Wall), Problem> {
        let end = time("end", self.end.as_deref())?.unwrap_or_else(|| SystemClock.wall());
        let start =
            time("start", self.start.as_deref())?.unwrap_or_else(|| end.plus_micros(-DAY_MICROS));
        if start >= end {
            return Err(Problem::new(ErrorKind::Invalid, "invalid_span"));
        }
        Ok((start, end))
    }
}

/// A number within bounds, or `default` where it is left out.
pub(crate) fn number(
    field: &'static str,
    text: Option<&str>,
    (low, high, default): (u32, u32, u32),
) -> Result<u32, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(default) };
    let parsed = text.parse().ok().filter(|number| (low..=high).contains(number));
    parsed.ok_or_else(|| {
        Problem::new(ErrorKind::Invalid, "invalid_number")
            .with("field", field)
            .with("low", low)
            .with("high", high)
            .with("value", text)
    })
}
