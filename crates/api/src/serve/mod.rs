//! How the front door is listened on: accept loops with bounds, TLS, and deadlines for clients that
//! are slow on purpose or gone.
//!
//! A loop's task belongs to the scope that is given; the tasks of its connections belong to the loop
//! and leave with it. Knows no route.

mod body;
mod connection;
mod gate;
mod metrics;
mod redirect;
mod socket;
pub mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::ErrorKind;
use http::{StatusCode, header};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::problem::Problem;
use connection::Door;
pub(crate) use gate::{Bounds, Gate};
pub(crate) use metrics::Metrics;
use redirect::Redirect;

/// How long requests may take to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
const WARN_EVERY: Duration = Duration::from_secs(60);
/// Out of descriptors or memory: trying at once would only spin.
const REST: Duration = Duration::from_millis(200);

/// The listener to which the routes of administrators can be moved.
pub const ADMIN: &str = "admin";
/// The listener of health and numbers alone, without signing in.
pub const STATUS: &str = "status";

/// A bound socket, and what is spoken on it.
pub struct Listener {
    /// Its name in logs and numbers: `http`, `https`, or [`ADMIN`] and [`STATUS`], which serve their part
    /// only.
    pub name: &'static str,
    /// The socket.
    pub socket: TcpListener,
    /// The certificate, where TLS is spoken.
    pub tls: Option<tls::Certificate>,
}

/// How a request came; stands in its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) peer: SocketAddr,
    pub(crate) tls: bool,
    /// The name of the listener.
    pub(crate) listener: &'static str,
}

/// How long clients may take. Those of the tests are shorter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a TLS handshake, for the first bytes, and for a request's head.
    pub(crate) head: Duration,
    /// Without a byte taken.
    pub(crate) stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), stall: Duration::from_secs(60) }
    }
}

/// Without a byte of a request's body that its handler waits for.
pub(crate) const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// Accepts until `stop`; returns when all connections have left, ten seconds later at most.
pub(crate) async fn run(
    listener: Listener,
    router: Router,
    (gate, metrics, patience): (Gate, Metrics, Patience),
    stop: CancellationToken,
) {
    let name = listener.name;
    let door = Arc::new(Door::new((router, name), listener.tls.as_ref(), patience, stop.clone()));
    let open = metrics.open.with_label_values(&[name]);
    let refused = metrics.refused.with_label_values(&[name]);
    let mut connections = JoinSet::new();
    let mut warned = Rarely::default();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.socket.accept() => accepted,
            Some(ended) = connections.join_next() => {
                tell_panic(ended);
                continue;
            }
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rest_after(&error, name, &mut warned).await;
                continue;
            }
        };
        let Some(pass) = gate.enter(peer.ip()) else {
            refused.inc();
            if let Some(times) = warned.now() {
                tracing::warn!(listener = name, %peer, times, "too many connections, closed at once");
            }
            continue;
        };
        prepare(&socket);
        let held = (pass, Counted::new(open.clone()));
        connections.spawn(Arc::clone(&door).serve(socket, peer, held));
    }
    drop(listener);
    let leave = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, leave).await.is_err() {
        tracing::warn!(listener = name, "requests did not finish in time");
    }
}

/// A client that is gone without a word is found by the system's own probes.
fn prepare(socket: &TcpStream) {
    let probes = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10));
    // Neither is needed: a socket that refuses them is served without.
    let _ = socket2::SockRef::from(socket).set_tcp_keepalive(&probes);
    let _ = socket.set_nodelay(true);
}

async fn rest_after(error: &std::io::Error, listener: &'static str, warned: &mut Rarely) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    // That client is gone; the next may be accepted.
    if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        return;
    }
    if let Some(times) = warned.now() {
        tracing::error!(listener, err = %error, times, "no connection can be accepted");
    }
    tokio::time::sleep(REST).await;
}

fn tell_panic(ended: Result<(), tokio::task::JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        tracing::error!("a request panicked, its connection is closed");
    }
}

/// Says when something that may happen often is worth a line.
#[derive(Default)]
struct Rarely {
    last: Option<Instant>,
    times: u64,
}

impl Rarely {
    /// How often it happened since the last line, when it is time for one.
    fn now(&mut self) -> Option<u64> {
        self.times += 1;
        if self.last.is_some_and(|last| last.elapsed() < WARN_EVERY) {
            return None;
        }
        self.last = Some(Instant::now());
        Some(std::mem::take(&mut self.times))
    }
}

/// Counts a connection for as long as it lives.
struct Counted(prometheus::IntGauge);

impl Counted {
    fn new(gauge: prometheus::IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The layer below the front: sends to TLS who must come over it, and gives up bodies that stand
/// still.
pub(crate) async fn secure(State(app): State<App>, request: Request, next: Next) -> Response {
    let arrival = request.extensions().get::<Arrival>().copied();
    match arrival.and_then(|arrival| redirect::redirect(arrival, &request, &app.settings)) {
        Some(Redirect::To(status, location)) => {
            let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, NO_STORE)];
            return (status, headers).into_response();
        }
        Some(Redirect::NoHost) => {
            return Problem::new(ErrorKind::Invalid, "invalid_host").into_response();
        }
        None => {}
    }
    paced(request, BODY_PATIENCE, next).await
}

const NO_STORE: http::HeaderValue = http::HeaderValue::from_static("no-store");

async fn paced(request: Request, patience: Duration, next: Next) -> Response {
    let is_late = Arc::new(AtomicBool::new(false));
    let late = Arc::clone(&is_late);
    let request = request.map(|inner| Body::new(body::Paced::new(inner, patience, late)));
    let response = next.run(request).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if failed && is_late.load(std::sync::atomic::Ordering::Relaxed) {
        return Problem::with_status(StatusCode::REQUEST_TIMEOUT, "body_timeout")
            .header(header::CONNECTION, "close")
            .into_response();
    }
    response
}

#[cfg(test)]
mod tests;
