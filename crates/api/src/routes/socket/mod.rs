//! `GET /live/ws`: the parts of many streams over one WebSocket, as `docs/design/live-socket.md` says.

mod message;
mod page;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use base::ErrorKind;
use http::{HeaderMap, StatusCode, Uri, header};

use super::live::Request;
use crate::App;
use crate::authenticate::is_own_origin;
use crate::front::text;
use crate::messages::Language;
use crate::problem::{Problem, ProblemDetails};

/// A client's message; more is 1009.
const MESSAGE_LEN_MAX: usize = 4 << 10;
/// What comes from clients is short: the library's own buffer would be 128 KiB for each.
const READ_BUFFER_LEN: usize = 4 << 10;
/// What is written goes out at once.
const WRITE_BUFFER_LEN: usize = 0;

/// An upgrade that is none is a problem like any other.
pub(crate) struct Upgrade(WebSocketUpgrade);

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        state: &S,
    ) -> Result<Self, Problem> {
        let found: Result<_, WebSocketUpgradeRejection> =
            WebSocketUpgrade::from_request_parts(parts, state).await;
        found.map(Self).map_err(|_| {
            Problem::with_status(StatusCode::UPGRADE_REQUIRED, "websocket_needed")
                .header(header::UPGRADE, "websocket")
        })
    }
}

/// Parts of many streams over one WebSocket. Messages are those of the page `live-socket` of the design
/// documents: `{"subscribe": {"id": 1, "path": "cam1"}}` is answered with `{"id": 1, "init": {...}}` and binary messages.
#[utoipa::path(get, operation_id = "live_socket", path = "/live/ws", tag = "live", responses(
    (status = 101, description = "The WebSocket is open."),
    (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 426, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn socket(
    State(app): State<App>,
    request: Request,
    (uri, headers): (Uri, HeaderMap),
    Upgrade(upgrade): Upgrade,
) -> Result<Response, Problem> {
    if !is_own_origin(&app, &headers, &uri) {
        return Err(Problem::new(ErrorKind::Forbidden, "foreign_origin"));
    }
    let language =
        text(&headers, header::ACCEPT_LANGUAGE).map_or(Language::English, Language::preferred);
    let upgrade = upgrade
        .max_message_size(MESSAGE_LEN_MAX)
        .max_frame_size(MESSAGE_LEN_MAX)
        .read_buffer_size(READ_BUFFER_LEN)
        .write_buffer_size(WRITE_BUFFER_LEN);
    Ok(upgrade.on_upgrade(move |socket| page::run(app, request, language, socket)))
}
