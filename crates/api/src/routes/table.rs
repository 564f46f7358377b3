//! Every route and what it asks permission for. A route that is not here is refused.

use access::Action;

/// How a route's requests are bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// By requests of an address and of a token.
    Usual,
    /// By sessions and bytes: media.
    Media,
    /// As passwords are.
    Login,
}

/// A route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// As the router writes it.
    pub(crate) path: &'static str,
    pub(crate) action: Action,
    pub(crate) class: Class,
}

const fn route(method: &'static str, path: &'static str, action: Action) -> Route {
    Route { method, path, action, class: Class::Usual }
}

const fn media(path: &'static str, action: Action) -> Route {
    Route { method: "GET", path, action, class: Class::Media }
}

/// All routes. HEAD is GET.
pub(crate) const ROUTES: &[Route] = &[
    Route { class: Class::Login, ..route("POST", "/api/login", Action::ReadPublic) },
    route("POST", "/api/logout", Action::ReadPublic),
    route("GET", "/api/me", Action::ReadPublic),
    route("GET", "/api/oidc/login", Action::ReadPublic),
    route("GET", "/api/oidc/callback", Action::ReadPublic),
    Route { class: Class::Login, ..route("POST", "/api/me/password", Action::ManageOwn) },
    route("GET", "/api/sessions", Action::ManageOwn),
    route("DELETE", "/api/sessions/{id}", Action::ManageOwn),
    route("GET", "/api/users", Action::ManageAccess),
    route("POST", "/api/users", Action::ManageAccess),
    route("GET", "/api/users/{id}", Action::ManageAccess),
    route("PATCH", "/api/users/{id}", Action::ManageAccess),
    route("DELETE", "/api/users/{id}", Action::ManageAccess),
    route("GET", "/api/keys", Action::ManageAccess),
    route("POST", "/api/keys", Action::ManageAccess),
    route("DELETE", "/api/keys/{id}", Action::ManageAccess),
    route("GET", "/api/audit", Action::ReadAudit),
    route("GET", "/api/audit/head", Action::ReadAudit),
    route("GET", "/api/cameras", Action::ReadCameras),
    route("GET", "/api/cameras/{id}", Action::ReadCameras),
    route("GET", "/api/cameras/{id}/snapshot.jpg", Action::WatchLive),
    route("POST", "/api/cameras/{id}/links", Action::SignAddress),
    route("GET", "/api/recordings/{camera}/segments", Action::ReadRecordings),
    route("GET", "/api/recordings/{camera}/coverage", Action::ReadRecordings),
    route("GET", "/api/recordings/{camera}/coverage/summary", Action::ReadRecordings),
    media("/api/playback/{camera}/media.mp4", Action::PlayRecordings),
    media("/live/{*file}", Action::WatchLive),
    media("/live.m3u8", Action::WatchLive),
    route("GET", "/health", Action::ReadHealth),
    route("GET", "/ready", Action::ReadHealth),
    route("GET", "/metrics", Action::ReadMetrics),
    route("GET", "/openapi.json", Action::ReadDescription),
    route("GET", "/docs", Action::ReadDescription),
];

/// What a request by `method` to the router's `path` needs; `None`: it is not in the table.
pub(crate) fn find(method: &str, path: &str) -> Option<Route> {
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES.iter().find(|route| route.method == method && route.path == path).copied()
}

/// The methods that a path has.
pub(crate) fn methods(path: &str) -> Vec<&'static str> {
    ROUTES.iter().filter(|route| route.path == path).map(|route| route.method).collect()
}
