//! What the layers before a route may answer in its stead, described once for all routes.

use access::Action;
use utoipa::openapi::{
    ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, path::Operation,
};

use super::table;

/// Too many requests, and nobody there to decide.
const ALWAYS: [(&str, &str); 2] =
    [("429", "Too many requests; wait as Retry-After says."), ("503", "Busy or not ready.")];
/// Where signing in is needed.
const REFUSALS: [(&str, &str); 2] = [("401", "Not signed in."), ("403", "Not permitted.")];
/// A cookie is not taken from another site's page.
const WRITES: [(&str, &str); 1] = [("403", "Not permitted.")];
/// Where there is a body.
const BODIES: [(&str, &str); 4] = [
    ("400", "Not valid."),
    ("408", "The body came too slowly."),
    ("413", "The body is too large."),
    ("415", "The body is not JSON."),
];

/// Adds them to each route that does not describe them itself. Paths are the router's.
pub(super) fn describe(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let operations = [
            ("GET", &mut item.get),
            ("POST", &mut item.post),
            ("PATCH", &mut item.patch),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                add(method, path, operation);
            }
        }
    }
}

fn add(method: &str, path: &str, operation: &mut Operation) {
    let is_public = table::Door::Front
        .find(method, path)
        .is_some_and(|route| route.action == Action::ReadPublic);
    let refusals = (!is_public).then_some(REFUSALS).into_iter().flatten();
    let writes = (method != "GET").then_some(WRITES).into_iter().flatten();
    let bodies = operation.request_body.is_some().then_some(BODIES).into_iter().flatten();
    for (status, text) in ALWAYS.into_iter().chain(refusals).chain(writes).chain(bodies) {
        let known = &mut operation.responses.responses;
        known.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(text)));
    }
}

fn problem(text: &str) -> Response {
    let schema = Ref::from_schema_name("ProblemDetails");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(text).content("application/problem+json", content).build()
}
