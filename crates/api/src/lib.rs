//! Every HTTP route, and all that surrounds one: who asks, problems in two languages, the description
//! of it all, the console's files.
//!
//! Holds no state of its own; rooms are handed in by the binary. Each route stands in one table with what
//! it asks permission for, and asks `access::authorize` for the very object.

mod authenticate;
mod console;
mod cors;
mod coverage;
mod front;
mod limit;
pub mod messages;
mod metrics;
pub mod problem;
mod routes;
pub mod serve;
mod who;

use std::path::PathBuf;
use std::sync::Arc;

use access::accounts::Accounts;
use access::signature::Signer;
use access::trail::Recorder;
use access::trust::Network;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use base::clock::Wall;
use base::health::Board;
use base::task::Scope;
use catalog::Database;
use http::{HeaderName, HeaderValue};
use ingest::StatusBoard;
use prometheus::Registry;
use tokio_util::sync::CancellationToken;

pub use limit::Rates;
use routes::table::Door;

/// What the control API keeps, for the composition.
pub mod control {
    pub use crate::routes::control::kept::{FileSays, Kept};
    pub use crate::routes::control::settings::{Name, PUBLISHER, PathSettings};
    pub use crate::routes::control::span::Span;
}

/// Settings of the front door.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whoever connects from a trusted address is an administrator.
    pub open: bool,
    /// Networks that open mode serves beside loopback.
    pub open_networks: Vec<Network>,
    /// Networks that may read health and numbers without login.
    pub monitor_networks: Vec<Network>,
    /// Names by which browsers may call this server.
    pub hosts: Vec<String>,
    /// Other sites that may call: exact, `https://*.example.org`, or `*`.
    pub cors_origins: Vec<String>,
    /// Largest request body, bytes.
    pub max_body: usize,
    /// Headers added to every answer.
    pub response_headers: Vec<(HeaderName, HeaderValue)>,
    /// The volume's root, where segments lie.
    pub segments_root: PathBuf,
    /// Proxies that may say for whom they ask.
    pub trusted_proxies: Vec<Network>,
    /// How many requests an address and a token may make.
    pub rates: Rates,
    /// What nobody in particular may look at.
    pub anonymous: Option<Anonymous>,
    /// The console and logins in the clear from elsewhere are sent to TLS.
    pub tls_required: bool,
    /// The routes of administrators have a listener of their own.
    pub admin_elsewhere: bool,
    /// Networks that may use the control API without login.
    pub control_networks: Vec<Network>,
    /// Which listeners of live media are on.
    pub listening: Listening,
    /// Where TLS is spoken.
    pub tls_port: Option<u16>,
}

/// Which listeners of live media are on.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "the names are those of the listeners")]
pub struct Listening {
    pub rtsp: bool,
    pub rtsps: bool,
    pub hls: bool,
    pub webrtc: bool,
}

/// What nobody in particular may look at.
#[derive(Clone, Debug)]
pub struct Anonymous {
    /// What it may do.
    pub role: catalog::Role,
    /// On cameras of these roles.
    pub cameras_with_role: std::collections::BTreeSet<String>,
    /// From these networks; empty: from everywhere.
    pub from: Vec<Network>,
}

/// What the routes are made of.
pub struct Parts {
    /// What is known.
    pub database: Database,
    /// How cameras are now.
    pub status: StatusBoard,
    /// How this server is.
    pub board: Board,
    /// Its numbers.
    pub registry: Registry,
    /// Streams, and who watches and publishes.
    pub live: live::Context,
    /// HLS.
    pub hls: live::hls::Service,
    /// Parts over WebSockets.
    pub socket: live::socket::Service,
    /// M-JPEG.
    pub mjpeg: live::mjpeg::Service,
    /// WebRTC.
    pub webrtc: live::webrtc::Service,
    /// Snapshots.
    pub snapshots: live::snapshot::Service,
    /// The first camera of the configuration as it is now, for `/live.m3u8`.
    pub first_camera: tokio::sync::watch::Receiver<Option<base::CameraId>>,
    /// When the server started.
    pub started: Wall,
    /// Who asks.
    pub gate: access::Gate,
    /// People of the embedded store.
    pub accounts: Accounts,
    /// The audit trail.
    pub trail: Recorder,
    /// Signs the trail's end.
    pub signer: Signer,
    /// The configuration of paths that the control API changes.
    pub kept: control::Kept,
    /// By which a person erases a segment.
    pub remover: storage::retention::Remover,
    /// Settings.
    pub settings: Settings,
}

/// The routes' state. Cloning shares it; one count, since each layer clones it for each request.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// What routes share.
pub(crate) struct Shared {
    parts: Parts,
    metrics: metrics::Metrics,
    limits: limit::Limits,
    oidc_waiting: routes::oidc::Waiting,
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl std::ops::Deref for Shared {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// The front door, ready to be served.
#[derive(Clone)]
pub struct Server {
    routers: Arc<[(Door, Router)]>,
    gate: serve::Gate,
    connections: serve::Metrics,
}

impl Server {
    /// Puts the routes together; what must be tidied up meanwhile is done by a task of `scope`.
    ///
    /// # Errors
    /// When the registry has this room's numbers already.
    pub fn new(parts: Parts, scope: &Scope) -> Result<Self, prometheus::Error> {
        let connections = serve::Metrics::new(&parts.registry)?;
        let proxies = parts.settings.trusted_proxies.clone();
        let gate = serve::Gate::new(serve::Bounds { proxies, ..serve::Bounds::default() });
        let app = App(Arc::new(Shared {
            metrics: metrics::Metrics::new(&parts.registry)?,
            limits: limit::Limits::new(parts.settings.rates),
            oidc_waiting: routes::oidc::Waiting::default(),
            parts,
        }));
        limit::keep_small(app.clone(), scope);
        let routers = Door::ALL.map(|door| (door, layered(&app, door)));
        Ok(Self { routers: routers.into(), gate, connections })
    }

    /// Serves a listener until `stop`; then stops accepting, and leaves when requests have finished
    /// or ten seconds have passed. The task belongs to `scope`.
    pub fn serve(&self, listener: serve::Listener, scope: &Scope, stop: CancellationToken) {
        let counted = (self.gate.clone(), self.connections.clone(), serve::Patience::default());
        let wanted = Door::of(listener.name);
        let router = self.routers.iter().find(|(door, _)| *door == wanted);
        let router = router.map(|(_, router)| router.clone()).unwrap_or_default();
        scope.spawn("http", serve::run(listener, router, counted, stop));
    }
}

/// The routes of a door with all that surrounds them.
fn layered(app: &App, door: Door) -> Router {
    let router = routes::of(door)
        .fallback(routes::fallback)
        .method_not_allowed_fallback(routes::method_not_allowed)
        // The last is the outermost.
        .layer(axum::middleware::from_fn_with_state(app.clone(), authenticate::authenticate));
    let router = match door {
        // No page of another site may read what is set up here.
        Door::Control | Door::Metrics => router,
        _ => cors::around(router, app),
    };
    router
        .layer(DefaultBodyLimit::max(app.settings.max_body))
        .layer(axum::middleware::from_fn_with_state(app.clone(), serve::secure))
        .layer(axum::middleware::from_fn_with_state(app.clone(), front::front))
        .with_state(app.clone())
}

/// The description of the API (OpenAPI 3.1) as JSON.
#[must_use]
pub fn openapi() -> String {
    routes::openapi().to_pretty_json().unwrap_or_default()
}

/// The description of the control API (OpenAPI 3.1) as JSON.
#[must_use]
pub fn control_openapi() -> String {
    routes::control::description()
}

#[cfg(test)]
mod tests;
