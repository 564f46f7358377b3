//! M-JPEG over HTTP.

use access::Lease;
use axum::response::Response;
use base::{ErrorKind, StreamPath};

use super::live::{Request, Wanted};
use crate::App;
use crate::problem::Problem;

/// Its name beside the files of HLS.
pub(crate) const FILE: &str = "mjpeg";

pub(super) async fn answer(
    _app: &App,
    _request: &Request,
    (_lease, _stream): (&Lease, &StreamPath),
    _wanted: &Wanted,
) -> Result<Response, Problem> {
    Err(Problem::new(ErrorKind::NotFound, "not_found").with("path", FILE))
}
