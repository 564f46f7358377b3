//! The API's own description.

use access::{Action, Object};
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::header;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;

use crate::App;
use crate::problem::Problem;
use crate::who::Who;

/// This description (OpenAPI 3.1).
#[utoipa::path(get, operation_id = "openapi", path = "/openapi.json", tag = "operations", responses((status = 200, content_type = "application/json")))]
pub(crate) async fn openapi(State(app): State<App>, who: Who) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadDescription, &Object::Server)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], crate::openapi()).into_response())
}

/// This description as a page.
#[utoipa::path(get, operation_id = "docs_page", path = "/docs", tag = "operations", responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn page(State(app): State<App>, who: Who) -> Result<Html<String>, Problem> {
    who.permit(&app, Action::ReadDescription, &Object::Server)?;
    let api = super::openapi();
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>vedette API</title></head><body>\
         <h1>vedette API</h1><p>For programs: <a href=\"/openapi.json\">openapi.json</a>.</p>",
    );
    for (path, item) in &api.paths.paths {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                out.push_str(&section(method, path, operation));
            }
        }
    }
    out.push_str("</body></html>");
    Ok(Html(out))
}

fn section(method: &str, path: &str, operation: &Operation) -> String {
    let summary =
        operation.summary.as_deref().or(operation.description.as_deref()).unwrap_or_default();
    let rows: String = operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
        .map(|parameter| {
            let what = parameter.description.as_deref().unwrap_or_default();
            format!("<dt><code>{}</code></dt><dd>{}</dd>", escape(&parameter.name), escape(what))
        })
        .collect();
    format!(
        "<h2>{method} <code>{}</code></h2><p>{}</p><dl>{rows}</dl>",
        escape(path),
        escape(summary)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
