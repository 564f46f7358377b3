//! M-JPEG over HTTP: `multipart/x-mixed-replace`, which browsers show as a moving picture.

use ::live::mjpeg::{FPS_MAX, Pictures};
use access::Lease;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base::StreamPath;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http::header;

use super::live::{Request, Wanted, while_permitted};
use super::query::number;
use crate::App;
use crate::problem::Problem;

/// Its name beside the files of HLS.
pub(crate) const FILE: &str = "mjpeg";

const CONTENT_TYPE: &str = "multipart/x-mixed-replace; boundary=vedette-picture";
const BOUNDARY: &[u8] = b"\r\n--vedette-picture\r\n";

/// The stream as pictures, until the client leaves.
pub(super) async fn answer(
    app: &App,
    request: &Request,
    (lease, stream): (&Lease, &StreamPath),
    wanted: &Wanted,
) -> Result<Response, Problem> {
    let fps = number("fps", wanted.fps.as_deref(), (1, FPS_MAX.into(), 0))?;
    let fps = u8::try_from(fps).ok().filter(|fps| *fps > 0);
    let player = request.player();
    let opened = app.mjpeg.open(lease, stream, fps, &player);
    let pictures = while_permitted(app, &request.who, opened)
        .await?
        .map_err(|error| Problem::new(error.kind(), error.code()).with("path", stream))?;
    let headers = [(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(parts(pictures))).into_response())
}

/// A browser shows a picture when the next boundary comes: it is sent with the picture, not before the next.
fn parts(
    pictures: Pictures,
) -> impl stream::Stream<Item = Result<Bytes, std::convert::Infallible>> {
    let first = stream::iter([Bytes::from_static(BOUNDARY)]);
    let rest = stream::unfold(pictures, |mut pictures| async {
        let picture = pictures.next().await?;
        let head = format!("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.len());
        Some((stream::iter([head.into(), picture, Bytes::from_static(BOUNDARY)]), pictures))
    });
    first.chain(rest.flatten()).map(Ok)
}
