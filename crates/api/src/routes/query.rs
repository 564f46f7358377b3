//! Values of queries, checked: which field, and what would be right.

use axum::extract::{FromRequestParts, Query};
use base::{Clock, ErrorKind, SystemClock, Wall};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

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

/// A span of time as queries give it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct TimeSpan {
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
}

impl TimeSpan {
    /// Start and end; a day until now where they are left out.
    pub(crate) fn range(&self) -> Result<(Wall, Wall), Problem> {
        let time = |field: &'static str, text: &Option<String>| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            let wrong = |text: &str| {
                Problem::new(ErrorKind::Invalid, "invalid_time")
                    .with("field", field)
                    .with("value", text)
            };
            text.map(|text| Wall::parse(text).map_err(|_| wrong(text))).transpose()
        };
        let end = time("end", &self.end)?.unwrap_or_else(|| SystemClock.wall());
        let start = time("start", &self.start)?.unwrap_or_else(|| end.plus_micros(-DAY_MICROS));
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
