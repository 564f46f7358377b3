//! Accepts connections, with bounds, and hands each to the runtime of its stream.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use access::random;
use base::task::Scope;
use rtsp::Nonces;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::connection::{Connection, Run};
use super::door::{Door, Parts};
use super::limits::{Limits, Pass};
use super::metrics::Metrics;
use super::socket::{self, Socket};
use super::udp::Pair;
use crate::Context;

/// Out of descriptors or memory: trying at once would only spin.
const REST: Duration = Duration::from_millis(200);

/// Bound sockets.
#[derive(Default)]
pub struct Listeners {
    /// For RTSP.
    pub rtsp: Vec<TcpListener>,
    /// For RTSP over TLS, with what is needed for it.
    pub rtsps: Vec<(TcpListener, Arc<ServerConfig>)>,
    /// For RTP and RTCP, on neighbouring ports: one pair for each family of addresses.
    pub udp: Vec<(std::net::UdpSocket, std::net::UdpSocket)>,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket.
    #[error("UDP sockets of the RTSP server: {0}")]
    Socket(#[from] io::Error),
    /// The operating system gives no random numbers.
    #[error(transparent)]
    NoRandom(#[from] random::NoRandom),
}

/// What all connections share.
pub(super) struct Shared {
    pub(super) context: Context,
    pub(super) config: Config,
    pub(super) door: Door,
    pub(super) metrics: Metrics,
    pub(super) nonces: Nonces,
    pub(super) stop: CancellationToken,
    pairs: Vec<Pair>,
    limits: Limits,
}

impl Shared {
    /// The sockets for a peer that knows this server by `local`.
    pub(super) fn pair(&self, local: Option<IpAddr>) -> Option<&Pair> {
        let is_ipv6 = local.is_some_and(|address| address.is_ipv6());
        self.pairs.iter().find(|pair| pair.is_ipv6() == is_ipv6)
    }
}

/// The RTSP server. Its tasks belong to the context's scope.
pub struct Server;

impl Server {
    /// Accepts on `listeners` until the context's scope ends.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn start(
        context: Context,
        config: Config,
        listeners: Listeners,
        door: Parts,
        metrics: Metrics,
    ) -> Result<(), Error> {
        let pairs = listeners.udp.into_iter().map(|(rtp, rtcp)| Pair::new(rtp, rtcp));
        let pairs: Vec<Pair> = pairs.collect::<Result<_, _>>()?;
        let scope = context.scope.clone();
        let shared = Arc::new(Shared {
            limits: Limits::new(config.bounds),
            door: Door::new(door),
            nonces: Nonces::new(random::bytes()?),
            stop: scope.token(),
            context: Context { scope: scope.child(), ..context },
            config,
            metrics,
            pairs: pairs.clone(),
        });
        for pair in pairs {
            scope.spawn("rtsp-udp", pair.receive(scope.token()));
        }
        for listener in listeners.rtsp {
            start(&scope, "rtsp", accept(Arc::clone(&shared), listener, None));
        }
        for (listener, tls) in listeners.rtsps {
            let acceptor = Some(TlsAcceptor::from(tls));
            start(&scope, "rtsps", accept(Arc::clone(&shared), listener, acceptor));
        }
        Ok(())
    }
}

fn start(scope: &Scope, name: &str, task: impl Future<Output = ()> + Send + 'static) {
    scope.spawn(name, task);
}

async fn accept(shared: Arc<Shared>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
            Some(ended) = connections.join_next() => {
                tell_panic(ended);
                continue;
            }
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(err = %error, "connection not accepted");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let Some(pass) = shared.limits.enter(peer.ip()) else {
            shared.metrics.turned_away.inc();
            continue;
        };
        shared.metrics.connections.inc();
        socket::prepare(&socket);
        connections.spawn(serve(Arc::clone(&shared), (socket, peer), tls.clone(), pass));
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        tell_panic(ended);
    }
}

fn tell_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection's task panicked");
    }
}

/// One connection, from here to where its stream lives.
async fn serve(
    shared: Arc<Shared>,
    (socket, peer): (TcpStream, SocketAddr),
    tls: Option<TlsAcceptor>,
    pass: Pass,
) {
    let local = socket.local_addr().ok().map(|address| address.ip());
    let is_tls = tls.is_some();
    let socket = match tls {
        None => Socket::Plain(socket),
        Some(acceptor) => {
            let patience = shared.config.patience.first;
            let shaken = tokio::time::timeout(patience, acceptor.accept(socket)).await;
            let Ok(Ok(socket)) = shaken else { return };
            Socket::Tls(Box::new(socket))
        }
    };
    let pool = Arc::clone(&shared.context.pool);
    let mut connection = Box::new(Connection::new(shared, (socket, is_tls), (peer, local), pass));
    match connection.run().await {
        Run::Ended(end) => connection.leave(end).await,
        Run::Moves => {
            let Some(path) = connection.path.clone() else { return };
            connection.is_home = true;
            let there = pool.for_key(path.as_str()).spawn(async move {
                if let Run::Ended(end) = connection.run().await {
                    connection.leave(end).await;
                }
            });
            tell_panic(there.await);
        }
    }
}
