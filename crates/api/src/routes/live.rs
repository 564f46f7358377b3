//! Live media: HLS.

use access::{Action, Credential, Lease};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base::{ErrorKind, StreamPath};
use http::{HeaderName, StatusCode, header};
use live::hls::{Answer, Error, Format};
use serde::Deserialize;

use super::query::Checked;
use super::rolling;
use crate::App;
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// The codecs of a stream that an answer leaves out, because the protocol cannot carry them.
pub(crate) const OMITTED: HeaderName = HeaderName::from_static("x-vedette-omitted");

#[derive(Deserialize)]
pub(crate) struct Wanted {
    variant: Option<String>,
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
}

/// A file of a stream: `<stream>/index.m3u8` (multivariant), `<stream>/main_stream.m3u8`,
/// `<stream>/live.m3u8`, and what these name.
#[utoipa::path(get, operation_id = "live_file", path = "/live/{*file}", tag = "live",
    params(("file" = String, Path, description = "The stream's path and the file's name."),
        ("variant" = Option<String>, Query, description = "How a playlist's segments are packaged: `fmp4` or `ts`.")), responses(
    (status = 200, content((String = "application/vnd.apple.mpegurl"), (Vec<u8> = "video/mp4"), (Vec<u8> = "video/iso.segment"), (Vec<u8> = "video/mp2t")),
        headers(("X-Vedette-Omitted" = String, description = "Codecs of the stream that the playlist leaves out."))),
    (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 406, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn file(
    State(app): State<App>,
    who: Who,
    Path(path): Path<String>,
    Checked(wanted): Checked<Wanted>,
) -> Result<Response, Problem> {
    let not_found =
        || Problem::new(ErrorKind::NotFound, "not_found").with("path", format!("/live/{path}"));
    if let Some(recorded) = rolling::segment(&app, &who, &path).await? {
        return Ok(recorded);
    }
    let (stream, file) = path.rsplit_once('/').ok_or_else(not_found)?;
    let stream = StreamPath::new(stream).map_err(|_| no_stream(stream))?;
    answer(&app, &who, (&stream, file), wanted.format()?).await
}

/// The first camera's media playlist.
#[utoipa::path(get, operation_id = "live_first", path = "/live.m3u8", tag = "live", responses(
    (status = 200, body = String, content_type = "application/vnd.apple.mpegurl"), (status = 404, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn first(State(app): State<App>, who: Who) -> Result<Response, Problem> {
    let camera = app.first_camera.borrow().clone();
    let camera = camera.ok_or_else(|| no_stream("live.m3u8"))?;
    let mut response = answer(&app, &who, (&camera.main_path(), "live.m3u8"), Format::Fmp4).await?;
    let text = body_text(&mut response).await;
    *response.body_mut() = rooted(&text, &format!("/live/{camera}/")).into();
    Ok(response)
}

const PLAYLIST_LEN_MAX: usize = 1 << 20;
const PLAYLIST: &str = "application/vnd.apple.mpegurl";

/// A playlist whose names, which count from their own place, count from `root`.
fn rooted(playlist: &str, root: &str) -> String {
    let line = |line: &str| match line.strip_prefix("#EXT-X-MAP:URI=\"") {
        Some(rest) => format!("#EXT-X-MAP:URI=\"{root}{rest}\n"),
        None if line.starts_with('#') || line.is_empty() => format!("{line}\n"),
        None => format!("{root}{line}\n"),
    };
    playlist.lines().map(line).collect()
}

fn no_stream(path: &str) -> Problem {
    Problem::new(ErrorKind::NotFound, "stream_not_found").with("path", path)
}

async fn answer(
    app: &App,
    who: &Who,
    (stream, file): (&StreamPath, &str),
    format: Format,
) -> Result<Response, Problem> {
    let lease = lease(app, who, stream).await?;
    if file == "live.m3u8"
        && let Some(recorded) = rolling::playlist(app, stream).await?
    {
        return Ok(handed_on(who, recorded).await);
    }
    let found = app.hls.get(&lease, stream, file, format).await;
    match found {
        Ok(found) if found.content_type == PLAYLIST => Ok(handed_on(who, respond(found)).await),
        Ok(found) => Ok(respond(found)),
        Err(error) => Err(problem(&error).with("path", stream).with("file", file)),
    }
}

/// The right to watch a stream: that of its camera, of its rule's agency, or to see all.
async fn lease(app: &App, who: &Who, stream: &StreamPath) -> Result<Lease, Problem> {
    who.permit_ever(app, Action::WatchLive)?;
    let object = app.gate.streams().object(stream).await?;
    who.permit(app, Action::WatchLive, &object).map_err(|problem| match problem.is_hiding() {
        true => no_stream(stream.as_str()),
        false => problem,
    })
}

/// A playlist whose names carry the signed address by which it was asked for, so that players open them.
async fn handed_on(who: &Who, mut response: Response) -> Response {
    let Some(Credential::Bearer(token)) = &who.credential else { return response };
    if who.principal.link().is_none() {
        return response;
    }
    let text = body_text(&mut response).await;
    *response.body_mut() = with_token(&text, token.reveal()).into();
    response
}

async fn body_text(response: &mut Response) -> String {
    let body = axum::body::to_bytes(std::mem::take(response.body_mut()), PLAYLIST_LEN_MAX).await;
    response.headers_mut().remove(header::CONTENT_LENGTH);
    String::from_utf8(body.unwrap_or_default().into()).unwrap_or_default()
}

fn with_token(playlist: &str, token: &str) -> String {
    let names = playlist.lines().filter(|line| !line.starts_with('#') || line.contains("URI=\""));
    let mut out = String::with_capacity(playlist.len() + names.count() * (token.len() + 8));
    let add_signed = |out: &mut String, before: &str, uri: &str, after: &str| {
        let joint = if uri.contains('?') { "&token=" } else { "?token=" };
        [before, uri, joint, token, after].into_iter().for_each(|part| out.push_str(part));
    };
    for line in playlist.lines() {
        let named = line.split_once("URI=\"").filter(|_| line.starts_with('#'));
        match named.and_then(|(tag, rest)| Some((tag, rest.split_once('"')?))) {
            Some((tag, (uri, rest))) => {
                out.push_str(tag);
                add_signed(&mut out, "URI=\"", uri, "\"");
                out.push_str(rest);
            }
            None if line.starts_with('#') || line.is_empty() => out.push_str(line),
            None => add_signed(&mut out, "", line, ""),
        }
        out.push('\n');
    }
    out
}

fn problem(error: &Error) -> Problem {
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
    match omitted {
        Some(omitted) => (headers, omitted, found.body).into_response(),
        None => (headers, found.body).into_response(),
    }
}
