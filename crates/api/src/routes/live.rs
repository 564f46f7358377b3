//! Live media: HLS.

use access::{Action, Denied, Lease, Standing};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base::{ErrorKind, StreamPath};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use live::hls::{Answer, Asked, Awaited, Error, Format, Player};
use serde::Deserialize;

use super::live_playlist::{body_text, handed_on, rooted};
use super::query::{Checked, number};
use super::{connect_check, live_door, mjpeg, rolling, webrtc};
use crate::App;
use crate::front::{Arrived, text};
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// The codecs of a stream that an answer leaves out, because the protocol cannot carry them.
pub(crate) const OMITTED: HeaderName = HeaderName::from_static("x-vedette-omitted");

const PLAYLIST: &str = "application/vnd.apple.mpegurl";

/// What the address of a playlist says. The names with `_HLS_` are the norm's (section 6.2.5 of
/// draft-pantos-hls-rfc8216bis).
#[derive(Default, Deserialize)]
pub(crate) struct Wanted {
    variant: Option<String>,
    session: Option<String>,
    #[serde(rename = "_HLS_msn")]
    segment: Option<String>,
    #[serde(rename = "_HLS_part")]
    part: Option<String>,
    #[serde(rename = "_HLS_skip")]
    skip: Option<String>,
    /// Of M-JPEG.
    pub(super) fps: Option<String>,
}

impl Wanted {
    fn format(&self) -> Result<Format, Problem> {
        match self.variant.as_deref() {
            None | Some("" | "fmp4") => Ok(Format::Fmp4),
            Some("ts") => Ok(Format::Ts),
            Some(other) => Err(Problem::new(ErrorKind::Invalid, "invalid_word")
                .with("field", "variant")
                .with("allowed", "fmp4, ts")
                .with("value", other)),
        }
    }

    fn awaited(&self) -> Result<Option<Awaited>, Problem> {
        let read = |field, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => {
                number(field, Some(text), (0, u32::MAX, u32::MAX)).map(|n| Some(n.into()))
            }
        };
        let (segment, part) = (read("_HLS_msn", &self.segment)?, read("_HLS_part", &self.part)?);
        match (segment, part) {
            (Some(segment), part) => Ok(Some(Awaited { segment, part })),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Problem::new(ErrorKind::Invalid, "playlist_part_alone")),
        }
    }
}

/// How a request came, as far as it is shown with a session.
pub(crate) struct Request {
    pub(super) who: Who,
    arrived: Arrived,
    pub(super) headers: HeaderMap,
    uri: Uri,
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Request {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        state: &S,
    ) -> Result<Self, Problem> {
        let arrived = Arrived::from_request_parts(parts, state).await?;
        let Ok(who) = Who::from_request_parts(parts, state).await;
        Ok(Self { who, arrived, headers: parts.headers.clone(), uri: parts.uri.clone() })
    }
}

impl Request {
    /// Who asks, as others are shown it.
    pub(super) fn player(&self) -> Player {
        let pairs = self.uri.query().unwrap_or_default().split('&');
        let plain = |pair: &&str| !pair.starts_with("token=") && !pair.starts_with("session=");
        let query: Vec<&str> = pairs.filter(plain).collect();
        let port = self.arrived.peer.port();
        let agent = text(&self.headers, header::USER_AGENT).unwrap_or_default();
        Player {
            peer: Some(std::net::SocketAddr::new(self.arrived.address, port)),
            user: self.who.principal.name().to_owned(),
            agent: agent.chars().take(200).collect(),
            query: query.join("&").chars().take(200).collect(),
        }
    }
}

/// A file of a stream: `<stream>/index.m3u8` (multivariant), `<stream>/main_stream.m3u8`,
/// `<stream>/live.m3u8`, what these name, and `<stream>/mjpeg`; `<stream>/connect-check` says which step of
/// a WebRTC connection fails and why.
#[utoipa::path(get, operation_id = "live_file", path = "/live/{*file}", tag = "live",
    params(("file" = String, Path, description = "The stream's path and the file's name."),
        ("variant" = Option<String>, Query, description = "How a playlist's segments are packaged: `fmp4` or `ts`."),
        ("session" = Option<String>, Query, description = "The player's session, as playlists name it."),
        ("_HLS_msn" = Option<String>, Query, description = "The playlist is to have this segment; it is waited for."),
        ("_HLS_part" = Option<String>, Query, description = "The playlist is to have this part of the segment; it is waited for."),
        ("_HLS_skip" = Option<String>, Query, description = "`YES`: what the player knows from before may be left out."),
        ("fps" = Option<String>, Query, description = "Of M-JPEG: pictures a second, 1 to 5.")), responses(
    (status = 200, content((String = "application/vnd.apple.mpegurl"), (super::connect_check::ConnectCheck = "application/json"), (Vec<u8> = "video/mp4"), (Vec<u8> = "video/iso.segment"), (Vec<u8> = "video/mp2t"), (Vec<u8> = "multipart/x-mixed-replace")),
        headers(("X-Vedette-Omitted" = String, description = "Codecs of the stream that the playlist leaves out."))),
    (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 406, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 501, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn file(
    State(app): State<App>,
    request: Request,
    Path(path): Path<String>,
    Checked(wanted): Checked<Wanted>,
) -> Result<Response, Problem> {
    let not_found =
        || Problem::new(ErrorKind::NotFound, "not_found").with("path", format!("/live/{path}"));
    if let Some(stream) = path.strip_suffix("/connect-check") {
        return connect_check::check(&app, &request.who, stream).await;
    }
    if webrtc::is_endpoint(&path) {
        return Err(webrtc::no_such_method(&http::Method::GET));
    }
    if let Some(recorded) = rolling::segment(&app, &request.who, &path).await? {
        return Ok(recorded);
    }
    let (stream, file) = path.rsplit_once('/').ok_or_else(not_found)?;
    let stream = StreamPath::new(stream).map_err(|_| no_stream(stream))?;
    answer(&app, &request, (&stream, file), &wanted).await
}

/// The same at the root of a listener, where what is no file of a stream is the stream's page.
pub(crate) async fn at_root(
    State(app): State<App>,
    request: Request,
    Path(path): Path<String>,
    Checked(wanted): Checked<Wanted>,
) -> Result<Response, Problem> {
    let is_file = |file: &str| live::hls::Service::is_file(file) || file == mjpeg::FILE;
    let named = path.rsplit_once('/').filter(|(_, file)| is_file(file));
    let Some((stream, file)) = named else {
        return live_door::page(&app, &request, &path).await;
    };
    let stream = StreamPath::new(stream).map_err(|_| no_stream(stream))?;
    answer(&app, &request, (&stream, file), &wanted).await
}

/// The first camera's media playlist.
#[utoipa::path(get, operation_id = "live_first", path = "/live.m3u8", tag = "live", responses(
    (status = 200, body = String, content_type = "application/vnd.apple.mpegurl"), (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn first(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let camera = app.first_camera.borrow().clone();
    let camera = camera.ok_or_else(|| no_stream("live.m3u8"))?;
    let wanted = Wanted::default();
    let asked = (&camera.main_path(), "live.m3u8");
    let mut response = answer(&app, &request, asked, &wanted).await?;
    let text = body_text(&mut response).await;
    *response.body_mut() = rooted(&text, &format!("/live/{camera}/")).into();
    Ok(response)
}

pub(super) fn no_stream(path: &str) -> Problem {
    Problem::new(ErrorKind::NotFound, "stream_not_found").with("path", path)
}

async fn answer(
    app: &App,
    request: &Request,
    (stream, file): (&StreamPath, &str),
    wanted: &Wanted,
) -> Result<Response, Problem> {
    let (format, awaited) = (wanted.format()?, wanted.awaited()?);
    let lease = lease(app, &request.who, stream).await?;
    if file == mjpeg::FILE {
        return mjpeg::answer(app, request, (&lease, stream), wanted).await;
    }
    if file == "live.m3u8"
        && let Some(recorded) = rolling::playlist(app, stream).await?
    {
        return Ok(handed_on(&request.who, recorded).await);
    }
    let asked = Asked {
        path: stream,
        file,
        format,
        session: wanted.session.as_deref(),
        awaited,
        is_delta: matches!(wanted.skip.as_deref(), Some("YES" | "v2")),
        player: request.player(),
    };
    match while_permitted(app, &request.who, app.hls.get(&lease, &asked)).await? {
        Ok(found) if found.content_type == PLAYLIST => {
            Ok(handed_on(&request.who, respond(found)).await)
        }
        Ok(found) => Ok(respond(found)),
        Err(error) => Err(problem(&error).with("path", stream).with("file", file)),
    }
}

/// What may take a while is given only while the right to it lasts.
pub(super) async fn while_permitted<T>(
    app: &App,
    who: &Who,
    answer: impl Future<Output = T>,
) -> Result<T, Problem> {
    let Some(standing) = standing(app, who) else { return Ok(answer.await) };
    tokio::select! {
        answer = answer => Ok(answer),
        () = standing.ended().cancelled() => Err(Denied::Unauthenticated.into()),
    }
}

/// What was permitted to a request so far, watched over; `None`: by no right that can end.
pub(super) fn standing(app: &App, who: &Who) -> Option<std::sync::Arc<Standing>> {
    let (credential, address) = (who.credential.clone()?, who.address?);
    let permitted = who.permitted.lock().clone();
    Some(app.gate.watch_over(Standing::new(Some(credential), address, permitted)))
}

/// The right to watch a stream: that of its camera, of its rule's agency, or to see all.
pub(crate) async fn lease(app: &App, who: &Who, stream: &StreamPath) -> Result<Lease, Problem> {
    who.permit_ever(app, Action::WatchLive)?;
    let object = app.gate.streams().object(stream).await?;
    who.permit(app, Action::WatchLive, &object).map_err(|problem| match problem.is_hiding() {
        true => no_stream(stream.as_str()),
        false => problem,
    })
}

pub(super) fn problem(error: &Error) -> Problem {
    match error {
        Error::NothingToCarry(codecs) => {
            Problem::with_status(StatusCode::NOT_ACCEPTABLE, error.code())
                .with("codecs", codecs.join(", "))
                .header(OMITTED, codecs.join(", "))
        }
        _ => Problem::new(error.kind(), error.code()),
    }
}

fn respond(found: Answer) -> Response {
    let cache = found
        .max_age
        .map_or("no-cache".to_owned(), |age| format!("private, max-age={}", age.as_secs()));
    let headers =
        [(header::CONTENT_TYPE, found.content_type.to_owned()), (header::CACHE_CONTROL, cache)];
    let omitted = (!found.omitted.is_empty()).then(|| [(OMITTED, found.omitted.join(", "))]);
    let body = Body::new(Pieces(found.body.into()));
    match omitted {
        Some(omitted) => (headers, omitted, body).into_response(),
        None => (headers, body).into_response(),
    }
}

/// Bytes in pieces that are shared with other answers: none is copied to make them one.
struct Pieces(std::collections::VecDeque<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.pop_front().map(|piece| Ok(http_body::Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}
