//! The shape of the control API's answers: lists in pages, `ok`, and errors of one sentence.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::kept::Refused;
use crate::App;
use crate::problem::Problem;

const ITEMS_PER_PAGE: usize = 100;

/// Why not.
#[derive(Debug)]
pub(crate) enum Fault {
    /// As everywhere: the front has the words, and writes them in this API's shape.
    Problem(Problem),
    /// In this API's own words.
    Said(StatusCode, String),
}

impl Fault {
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::Said(StatusCode::BAD_REQUEST, text.into())
    }

    pub(super) fn missing(text: &str) -> Self {
        Self::Said(StatusCode::NOT_FOUND, text.to_owned())
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<catalog::Error> for Fault {
    fn from(error: catalog::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid(text) => Self::bad(text),
            Refused::Missing => Self::missing("path configuration not found"),
            Refused::Catalog(error) => Self::Problem(error.into()),
        }
    }
}

/// An error of the control API.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorAnswer {
    /// `error`.
    status: &'static str,
    /// What is wrong.
    error: String,
}

/// An error as it is sent.
pub(crate) fn error(status: StatusCode, text: String) -> Response {
    (status, axum::Json(ErrorAnswer { status: "error", error: text })).into_response()
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Said(status, text) => error(status, text),
        }
    }
}

/// A change that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Done {
    /// `ok`.
    status: &'static str,
}

/// A change that was made.
pub(super) const DONE: axum::Json<Done> = axum::Json(Done { status: "ok" });

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List<T> {
    /// Of all pages.
    item_count: usize,
    page_count: usize,
    pub(super) items: Vec<T>,
}

impl<T> List<T> {
    /// The same page of something else.
    pub(super) fn map<U>(self, answer: impl FnMut(T) -> U) -> List<U> {
        let Self { item_count, page_count, items } = self;
        List { item_count, page_count, items: items.into_iter().map(answer).collect() }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// From 0.
    page: Option<String>,
    /// Default 100.
    items_per_page: Option<String>,
}

impl Paging {
    /// The page of a list; what is not on it costs no answer.
    pub(super) fn of<T, U>(
        &self,
        all: Vec<T>,
        answer: impl FnMut(T) -> U,
    ) -> Result<List<U>, Fault> {
        let (page, per_page) = self.read()?;
        let item_count = all.len();
        let first = page.saturating_mul(per_page);
        let items = all.into_iter().skip(first).take(per_page).map(answer).collect();
        Ok(List { item_count, page_count: item_count.div_ceil(per_page), items })
    }

    /// Page and items of a page.
    fn read(&self) -> Result<(usize, usize), Fault> {
        let number = |text: &Option<String>, default| match text.as_deref() {
            None | Some("") => Some(default),
            Some(text) => text.parse::<u32>().ok().and_then(|number| usize::try_from(number).ok()),
        };
        let page = number(&self.page, 0).ok_or_else(|| Fault::bad("invalid page"))?;
        let per_page = number(&self.items_per_page, ITEMS_PER_PAGE).filter(|number| *number > 0);
        Ok((page, per_page.ok_or_else(|| Fault::bad("invalid items per page"))?))
    }
}

/// The object of a body.
pub(crate) struct Given(pub(super) Map<String, Value>);

impl FromRequest<App> for Given {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &App) -> Result<Self, Fault> {
        let body = Bytes::from_request(request, state).await.map_err(|error| match error {
            BytesRejection::FailedToBufferBody(error)
                if error.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                let problem = Problem::with_status(error.status(), "body_too_large");
                Fault::Problem(problem.with("limit", state.settings.max_body))
            }
            _ => Fault::bad("the body cannot be read"),
        })?;
        match serde_json::from_slice(&body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Fault::bad("the body must be a JSON object")),
            // The text of the error may repeat what stands in the body.
            Err(error) => Err(Fault::bad(format!(
                "invalid JSON in line {}, column {}",
                error.line(),
                error.column()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn paging(page: Option<&str>, per_page: Option<&str>) -> Paging {
        Paging { page: page.map(str::to_owned), items_per_page: per_page.map(str::to_owned) }
    }

    #[test]
    fn pages_count_from_zero_and_an_empty_list_has_none() {
        let list = |page, per_page, len: usize| {
            let list = paging(page, per_page).of((0..len).collect(), |n| n).ok()?;
            Some((list.item_count, list.page_count, list.items))
        };
        assert_eq!(list(None, None, 0), Some((0, 0, vec![])));
        assert_eq!(list(Some("1"), Some("2"), 3), Some((3, 2, vec![2])));
        assert_eq!(list(Some("7"), Some("2"), 3), Some((3, 2, vec![])));
        for (page, per_page) in
            [(Some("x"), None), (Some("-1"), None), (None, Some("0")), (None, Some("many"))]
        {
            assert_eq!(list(page, per_page, 3), None);
        }
    }

    proptest! {
        #[test]
        fn all_pages_together_are_the_list(len in 0_usize..300, per_page in 1_u32..50) {
            let mut seen = Vec::new();
            for page in 0.. {
                let list = paging(Some(&page.to_string()), Some(&per_page.to_string()));
                let list = list.of((0..len).collect(), |n| n).unwrap();
                seen.extend(list.items);
                if page + 1 >= list.page_count { break }
            }
            prop_assert_eq!(seen, (0..len).collect::<Vec<_>>());
        }
    }
}
