//! The console's files, embedded in the binary; a page that says how to build them where they are not.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, Uri, header};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist/"]
#[allow_missing = true]
struct Files;

const PLACEHOLDER: &str = include_str!("placeholder.html");

/// A file of the console; any other path is a page of it and gets its index.
pub(crate) fn serve(uri: &Uri) -> Option<Response> {
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Files::get(path).filter(|_| !path.is_empty()) {
        // Names under assets/ carry a hash of their content.
        let cache = if path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        return Some(answer(file.data.into_owned(), content_type(path), cache));
    }
    // What looks like a file is missing, not a page.
    if path.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return None;
    }
    let index = Files::get("index.html").map(|file| file.data.into_owned());
    Some(answer(
        index.unwrap_or_else(|| PLACEHOLDER.into()),
        "text/html; charset=utf-8",
        "no-cache",
    ))
}

fn answer(body: Vec<u8>, content_type: &'static str, cache: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    (StatusCode::OK, headers, body).into_response()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
