//! Every route and what it asks permission for, door by door. A route that is not here is refused.

use access::Action;

use super::control;

/// What is served on a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Console, API, live and playback: `http`, `https`, `admin`, `status`.
    Front,
    /// HLS (`live.hls.port`).
    Hls,
    /// WHEP, WHIP and player pages (`live.webrtc.port`).
    WebRtc,
    /// The control API (`live.control.listen`).
    Control,
    /// Numbers (`live.metrics.listen`).
    Metrics,
    /// `list` and `get` of recordings (`live.playback.listen`).
    Playback,
}

impl Door {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Front, Self::Hls, Self::WebRtc, Self::Control, Self::Metrics, Self::Playback];

    /// The door behind a listener of this name.
    pub(crate) fn of(listener: &str) -> Self {
        match listener {
            "hls" => Self::Hls,
            "webrtc" => Self::WebRtc,
            "control" => Self::Control,
            "metrics" => Self::Metrics,
            "playback" => Self::Playback,
            _ => Self::Front,
        }
    }

    /// Its routes.
    pub(crate) const fn routes(self) -> &'static [Route] {
        match self {
            Self::Front => ROUTES,
            Self::Hls => HLS,
            Self::WebRtc => WEBRTC,
            Self::Control => CONTROL,
            Self::Metrics => METRICS,
            Self::Playback => PLAYBACK,
        }
    }

    /// What a request by `method` to the router's `path` needs; `None`: it is not in the table.
    pub(crate) fn find(self, method: &str, path: &str) -> Option<Route> {
        if let Some(own) = self.control_path(path) {
            return Self::Control.find(method, &own);
        }
        let method = if method == "HEAD" { "GET" } else { method };
        self.routes().iter().find(|route| route.method == method && route.path == path).copied()
    }

    /// What a path of the control API at the front door is at its own.
    fn control_path(self, path: &str) -> Option<String> {
        (self == Self::Front).then(|| control::own_path(path)).flatten()
    }

    /// True where answers have the control API's shape.
    pub(crate) fn is_control(self, path: &str) -> bool {
        self == Self::Control || self.control_path(path).is_some()
    }

    /// The methods that a path has.
    pub(crate) fn methods(self, path: &str) -> Vec<&'static str> {
        if let Some(own) = self.control_path(path) {
            return Self::Control.methods(&own);
        }
        self.routes().iter().filter(|route| route.path == path).map(|route| route.method).collect()
    }
}

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

/// Routes of the front door. HEAD is GET.
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
    // Whose right it takes, a viewer's or a publisher's, is in the name: the route asks. The router can match
    // nothing behind the rest of a path, so `whep` and `whip` cannot be routes of their own.
    route("POST", "/live/{*file}", Action::ReadPublic),
    route("PATCH", "/live/{*file}", Action::ReadPublic),
    route("DELETE", "/live/{*file}", Action::ReadPublic),
    route("OPTIONS", "/live/{*file}", Action::ReadPublic),
    media("/live.m3u8", Action::WatchLive),
    media("/live/ws", Action::WatchLive),
    route("GET", "/health", Action::ReadHealth),
    route("GET", "/ready", Action::ReadHealth),
    route("GET", "/metrics", Action::ReadMetrics),
    route("GET", "/openapi.json", Action::ReadDescription),
    route("GET", "/docs", Action::ReadDescription),
];

/// Routes of HLS.
const HLS: &[Route] = &[media("/{*file}", Action::WatchLive)];

/// Routes of WebRTC.
const WEBRTC: &[Route] = &[
    route("GET", "/{*file}", Action::ReadPublic),
    route("POST", "/{*file}", Action::ReadPublic),
    route("PATCH", "/{*file}", Action::ReadPublic),
    route("DELETE", "/{*file}", Action::ReadPublic),
    route("OPTIONS", "/{*file}", Action::ReadPublic),
];

/// Routes of the control API.
const CONTROL: &[Route] = &[
    route("GET", "/v3/info", Action::Control),
    route("GET", "/v3/config/get", Action::Control),
    route("GET", "/v3/config/global/get", Action::Control),
    route("PATCH", "/v3/config/global/patch", Action::Control),
    route("GET", "/v3/config/pathdefaults/get", Action::Control),
    route("PATCH", "/v3/config/pathdefaults/patch", Action::Control),
    route("GET", "/v3/config/paths/list", Action::Control),
    route("GET", "/v3/config/paths/get/{*name}", Action::Control),
    route("POST", "/v3/config/paths/add/{*name}", Action::Control),
    route("PATCH", "/v3/config/paths/patch/{*name}", Action::Control),
    route("POST", "/v3/config/paths/replace/{*name}", Action::Control),
    route("DELETE", "/v3/config/paths/delete/{*name}", Action::Control),
    route("POST", "/v3/config/paths/remove/{*name}", Action::Control),
    route("GET", "/v3/paths/list", Action::Control),
    route("GET", "/v3/paths/get/{*name}", Action::Control),
    route("GET", "/v3/recordings/list", Action::Control),
    route("GET", "/v3/recordings/get/{*name}", Action::Control),
    route("DELETE", "/v3/recordings/deletesegment", Action::EraseRecordings),
    route("GET", "/v3/{kind}/list", Action::Control),
    route("GET", "/v3/{kind}/get/{*id}", Action::Control),
    route("POST", "/v3/{kind}/kick/{id}", Action::Control),
];

/// Routes of the numbers.
const METRICS: &[Route] = &[route("GET", "/metrics", Action::ReadMetrics)];

/// Routes of playback.
const PLAYBACK: &[Route] =
    &[route("GET", "/list", Action::ReadRecordings), media("/get", Action::PlayRecordings)];
