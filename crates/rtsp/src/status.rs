//! How requests are answered.

/// An answer's status (RFC 2326 section 7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the standard")]
pub enum Status {
    Ok,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    NotAcceptable,
    /// Of HTTP: RTSP 1.0 has none for it, and whoever does not know it takes it for a 400 (RFC 2326
    /// section 7.1.1).
    Conflict,
    UnsupportedMediaType,
    NotEnoughBandwidth,
    SessionNotFound,
    MethodNotValidInThisState,
    UnsupportedTransport,
    NotImplemented,
    ServiceUnavailable,
}

impl Status {
    pub(crate) const fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::Unauthorized => "401 Unauthorized",
            Self::Forbidden => "403 Forbidden",
            Self::NotFound => "404 Not Found",
            Self::NotAcceptable => "406 Not Acceptable",
            Self::Conflict => "409 Conflict",
            Self::UnsupportedMediaType => "415 Unsupported Media Type",
            Self::NotEnoughBandwidth => "453 Not Enough Bandwidth",
            Self::SessionNotFound => "454 Session Not Found",
            Self::MethodNotValidInThisState => "455 Method Not Valid in This State",
            Self::UnsupportedTransport => "461 Unsupported Transport",
            Self::NotImplemented => "501 Not Implemented",
            Self::ServiceUnavailable => "503 Service Unavailable",
        }
    }
}
