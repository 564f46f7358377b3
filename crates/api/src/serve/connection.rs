//! One connection, from its first byte to its end. Its task belongs to the accept loop.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::body::{Appetite, Offered};
use super::socket::{Opening, Taking};
use super::{Arrival, Patience, tls};

/// Bytes of a request's line and headers together; more is 431.
const HEAD_LEN_MAX: usize = 64 << 10;
const STREAMS_MAX: u32 = 100;
const YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What the connections of a listener share.
pub(crate) struct Door {
    router: Router,
    listener: &'static str,
    acceptor: Option<TlsAcceptor>,
    http: Builder<TokioExecutor>,
    patience: Patience,
    stop: CancellationToken,
}

impl Door {
    pub(crate) fn new(
        (router, listener): (Router, &'static str),
        certificate: Option<&tls::Certificate>,
        patience: Patience,
        stop: CancellationToken,
    ) -> Self {
        let acceptor = certificate
            .map(|certificate| TlsAcceptor::from(certificate.server_config(&["h2", "http/1.1"])));
        Self { router, listener, acceptor, http: http(patience), patience, stop }
    }

    /// Serves a client until it leaves, stalls, or the server stops. `held` lives as long as the
    /// socket does.
    pub(crate) async fn serve<K: Send + Unpin + 'static>(
        self: Arc<Self>,
        socket: TcpStream,
        peer: SocketAddr,
        held: K,
    ) {
        let socket = Taking::new(socket, self.patience.stall, held);
        let arrival = Arrival { peer, tls: self.acceptor.is_some(), listener: self.listener };
        let Some(acceptor) = &self.acceptor else { return self.speak(socket, arrival).await };
        let handshake = tokio::time::timeout(self.patience.head, acceptor.accept(socket));
        let outcome = tokio::select! {
            () = self.stop.cancelled() => return,
            outcome = handshake => outcome,
        };
        match outcome {
            Ok(Ok(stream)) => self.speak(stream, arrival).await,
            Ok(Err(error)) => tracing::debug!(%peer, err = %error, "no handshake of TLS"),
            Err(_) => tracing::debug!(%peer, "the handshake of TLS took too long"),
        }
    }

    async fn speak<S>(&self, stream: S, arrival: Arrival)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let stream = TokioIo::new(Opening::new(stream, self.patience.head));
        let appetite = Appetite::new();
        let service =
            service_fn(|request| answer(self.router.clone(), request, arrival, &appetite));
        let mut conversation = pin!(self.http.serve_connection_with_upgrades(stream, service));
        let mut lost = pin!(appetite.lost(self.patience.stall));
        let mut is_leaving = false;
        loop {
            tokio::select! {
                ended = conversation.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(peer = %arrival.peer, err = %error, "connection ended");
                    }
                    return;
                }
                () = lost.as_mut() => {
                    tracing::debug!(peer = %arrival.peer, "the client takes nothing, closed");
                    return;
                }
                () = self.stop.cancelled(), if !is_leaving => {
                    is_leaving = true;
                    conversation.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// What hyper does for each connection; its own bounds on resets of HTTP/2 streams stay.
fn http(patience: Patience) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_LEN_MAX);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(HEAD_LEN_MAX).unwrap_or(u32::MAX))
        .keep_alive_interval(patience.head * 2)
        .keep_alive_timeout(patience.head * 2);
    http
}

fn answer(
    router: Router,
    request: Request<Incoming>,
    arrival: Arrival,
    appetite: &Appetite,
) -> impl Future<Output = Result<Response<Offered>, Infallible>> + Send + use<> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(arrival.peer));
    request.extensions_mut().insert(arrival);
    let appetite = appetite.clone();
    async move {
        let mut response = router.oneshot(request).await?;
        if arrival.tls {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, YEAR);
        }
        Ok(response.map(|body| Offered::new(body, appetite)))
    }
}
