//! Errors as people and programs get them: problem details (RFC 9457) in two languages.
//!
//! The only place that knows HTTP status codes of errors. A handler returns a [`Problem`]; the front
//! writes it in the language and under the id of the request.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use base::ErrorKind;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::messages::Language;

/// What went wrong, before it is put into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    args: BTreeMap<&'static str, String>,
    headers: Vec<(http::HeaderName, String)>,
    more: BTreeMap<&'static str, serde_json::Value>,
}

/// A problem as it is sent.
#[derive(Serialize, ToSchema)]
pub struct ProblemDetails {
    /// `urn:vedette:problem:<code>`.
    #[serde(rename = "type")]
    kind: String,
    /// Short, in the language asked for.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong and what would be right, in the language asked for.
    detail: String,
    /// Stable; programs decide by it.
    code: &'static str,
    /// `detail` in English.
    message_en: String,
    /// `detail` in Arabic.
    message_ar: String,
    /// The request's id, as in `X-Request-ID` and the server's log.
    request_id: String,
    /// The values in the text.
    #[serde(flatten)]
    fields: BTreeMap<&'static str, String>,
    /// More than text.
    #[serde(flatten)]
    #[schema(ignore)]
    more: BTreeMap<&'static str, serde_json::Value>,
}

impl Problem {
    /// A problem of `kind` with a code of the catalogues.
    #[must_use]
    pub const fn new(kind: ErrorKind, code: &'static str) -> Self {
        Self::with_status(status_of(kind), code)
    }

    /// A problem whose status is not that of its kind.
    #[must_use]
    pub const fn with_status(status: StatusCode, code: &'static str) -> Self {
        Self { status, code, args: BTreeMap::new(), headers: Vec::new(), more: BTreeMap::new() }
    }

    /// With a value for its text.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.insert(name, value.to_string().chars().take(200).collect());
        self
    }

    /// With a field that is no text.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: serde_json::Value) -> Self {
        self.more.insert(name, value);
        self
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// True when it hides that something exists.
    pub(crate) fn is_hiding(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && self.code == access::Denied::Hidden.code()
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: http::HeaderName, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// What is told of it in a language.
    pub(crate) fn details(&self, language: Language, request_id: &str) -> ProblemDetails {
        let text = |language: Language, attribute| language.text(self.code, attribute, &self.args);
        ProblemDetails {
            kind: format!("urn:vedette:problem:{}", self.code),
            title: text(language, Some("title")),
            status: self.status.as_u16(),
            detail: text(language, None),
            code: self.code,
            message_en: text(Language::English, None),
            message_ar: text(Language::Arabic, None),
            request_id: request_id.to_owned(),
            fields: self.args.clone(),
            more: self.more.clone(),
        }
    }

    /// The answer in a language.
    pub(crate) fn render(self, language: Language, request_id: &str) -> Response {
        let details = self.details(language, request_id);
        let body = serde_json::to_vec(&details).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let tag = if language == Language::Arabic { "ar" } else { "en" };
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(tag));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

impl Problem {
    /// The answer in the shape of the control API.
    pub(crate) fn render_control(self) -> Response {
        let text = Language::English.text(self.code, None, &self.args);
        let mut response = crate::routes::control::error(self.status, text);
        let headers = response.headers_mut();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

const fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Exhausted => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        ErrorKind::Corrupt | ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Problem {
    /// An empty answer that carries the problem to the front, which has the words.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<access::Denied> for Problem {
    fn from(denied: access::Denied) -> Self {
        Self::new(denied.kind(), denied.code())
    }
}

impl From<access::Refused> for Problem {
    fn from(refused: access::Refused) -> Self {
        let problem = Self::new(refused.kind(), refused.code());
        match refused {
            access::Refused::Locked(left) => problem
                .with("minutes", left.as_secs().div_ceil(60))
                .header(header::RETRY_AFTER, left.as_secs().max(1)),
            access::Refused::Unavailable(why) => {
                tracing::error!(err = why, "credentials cannot be checked");
                problem
            }
            _ => problem,
        }
    }
}

impl From<access::trail::Unavailable> for Problem {
    fn from(error: access::trail::Unavailable) -> Self {
        Self::new(error.kind(), error.code())
    }
}

impl From<access::accounts::Error> for Problem {
    fn from(error: access::accounts::Error) -> Self {
        if error.kind() == ErrorKind::Internal {
            tracing::error!(err = %error, "account was not changed");
        }
        Self::new(error.kind(), error.code()).with("len", access::password::LEN_MIN)
    }
}

impl From<catalog::Error> for Problem {
    fn from(error: catalog::Error) -> Self {
        match error {
            catalog::Error::NotFound { what: "user", .. } => {
                Self::new(ErrorKind::NotFound, "user_not_found")
            }
            catalog::Error::NotFound { what: "key", .. } => {
                Self::new(ErrorKind::NotFound, "key_not_found")
            }
            catalog::Error::LastAdmin => Self::new(ErrorKind::Conflict, "last_admin"),
            catalog::Error::NotFound { what: "camera", id } => {
                Self::new(ErrorKind::NotFound, "camera_not_found").with("id", id)
            }
            catalog::Error::Invalid(_) => Self::new(ErrorKind::Invalid, "invalid_cursor"),
            error => {
                tracing::error!(err = %error, "catalogue failed");
                Self::new(ErrorKind::Unavailable, "database_unavailable")
            }
        }
    }
}
