//! Listeners as good and bad clients meet them, over real sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Extension;
use axum::routing::{get, post};
use base::{Clock, SystemClock};
use prometheus::Registry;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;

const SOON: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(60);
/// No test waits longer for what should come.
const DEADLINE: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    metrics: Metrics,
    /// Requests that wait in `/wait`, and what lets them go.
    arrived: Arc<Notify>,
    release: Arc<Semaphore>,
    /// The certificate, where TLS is spoken.
    roots: Option<Arc<ClientConfig>>,
    _folder: tempfile::TempDir,
}

struct Wanted {
    patience: Patience,
    bounds: Bounds,
    tls: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        let patience = Patience { head: LONG, stall: LONG };
        Self { patience, bounds: Bounds::default(), tls: false }
    }
}

fn router(arrived: Arc<Notify>, release: Arc<Semaphore>) -> Router {
    let waits = move || async move {
        arrived.notify_one();
        release.acquire().await.unwrap().forget();
        "waited"
    };
    let endless = || async {
        let chunks = futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from_static(&[7; 65_536]))
        });
        Body::from_stream(chunks)
    };
    let arrival = |Extension(arrival): Extension<Arrival>| async move {
        format!("{} {}", arrival.tls, arrival.peer.ip())
    };
    Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/wait", get(waits))
        .route("/endless", get(endless))
        .route("/arrival", get(arrival))
        .route("/panic", get(|| async { panic!("on purpose") as &'static str }))
        .route("/body", post(|body: Bytes| async move { body.len().to_string() }))
        .layer(axum::middleware::from_fn(|request, next| paced(request, SOON, next)))
}

fn trusting(cert: &std::path::Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(cert).unwrap()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Arc::new(config.unwrap().with_root_certificates(roots).with_no_client_auth())
}

async fn start(wanted: Wanted) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let source = tls::Source::SelfSigned {
        folder: folder.path().join("tls"),
        names: vec!["localhost".to_owned()],
    };
    let certificate =
        wanted.tls.then(|| tls::Certificate::open(source.clone(), SystemClock.wall()).unwrap());
    let roots = certificate.is_some().then(|| trusting(&source.cert()));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let metrics = Metrics::new(&Registry::new()).unwrap();
    let (arrived, release) = (Arc::<Notify>::default(), Arc::new(Semaphore::new(0)));
    let router = router(Arc::clone(&arrived), Arc::clone(&release));
    let stop = CancellationToken::new();
    let shared = (Gate::new(wanted.bounds), metrics.clone(), wanted.patience);
    let listener = Listener { name: "test", socket, tls: certificate };
    let task = tokio::spawn(run(listener, router, shared, stop.clone()));
    Running { address, stop, task, metrics, arrived, release, roots, _folder: folder }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn connect_tls(&self) -> tokio_rustls::client::TlsStream<TcpStream> {
        let connector = TlsConnector::from(self.roots.clone().unwrap());
        let name = ServerName::try_from("localhost").unwrap();
        connector.connect(name, self.connect().await).await.unwrap()
    }

    /// What the server says to these bytes until it closes.
    async fn said_to(&self, bytes: &[u8]) -> String {
        let mut socket = self.connect().await;
        socket.write_all(bytes).await.unwrap();
        until_closed(&mut socket).await
    }

    async fn wait_open(&self, count: i64) {
        let open = self.metrics.open.with_label_values(&["test"]);
        let reached = async {
            while open.get() != count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, reached).await.expect("that many connections");
    }
}

async fn until_closed(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut said = Vec::new();
    // A reset is an end too.
    let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut said)).await.expect("an end");
    String::from_utf8_lossy(&said).into_owned()
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    until_closed(stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_end_while_a_handler_may_take_its_time() {
    let patience = Patience { head: SOON, stall: LONG };
    let running = start(Wanted { patience, ..Wanted::default() }).await;
    let mut waiting = running.connect().await;
    // Short enough to be taken for the beginning of something else.
    waiting.write_all(b"GET /wait HTTP/1.0\r\n\r\n").await.unwrap();
    running.arrived.notified().await;
    for slow in ["", "G", "GET /hello HTTP/1.1\r\nhost: a\r\nx: ", "PRI * HTTP/2.0\r\n\r\nSM", "PR"]
    {
        let said = running.said_to(slow.as_bytes()).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{slow}: {said}");
    }
    running.release.add_permits(1);
    assert!(until_closed(&mut waiting).await.ends_with("waited"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stands_still_is_given_up_and_others_are_read() {
    let running = start(Wanted::default()).await;
    let head = "POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n";
    let said = running.said_to(format!("{head}abc").as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    let mut socket = running.connect().await;
    let whole = head.replace("\r\nhost", "\r\nconnection: close\r\nhost") + "abcdefghij";
    socket.write_all(whole.as_bytes()).await.unwrap();
    assert!(until_closed(&mut socket).await.ends_with("\r\n\r\n10"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_head_is_431_and_garbage_behind_a_request_ends_the_connection() {
    let running = start(Wanted::default()).await;
    let mut endless = b"GET /hello HTTP/1.1\r\nx: ".to_vec();
    endless.resize(64 << 10, b'a');
    let said = running.said_to(&endless).await;
    assert!(said.starts_with("HTTP/1.1 431"), "{said}");
    let said =
        running.said_to(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n\x00\xff\x01 ?\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("HTTP/1.1 400"), "{said}");
    assert!(ask(&mut running.connect().await, "/hello").await.ends_with("hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_closed() {
    let patience = Patience { head: LONG, stall: SOON };
    let running = start(Wanted { patience, ..Wanted::default() }).await;
    let mut socket = running.connect().await;
    socket.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    // It has begun, and then nothing more is read.
    socket.read_u8().await.unwrap();
    running.wait_open(0).await;
}

/// A frame of HTTP/2 (RFC 9113, section 4.1) on stream 0 or 1.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, u8::try_from(payload.len()).unwrap(), kind, flags, 0, 0, 0, stream];
    out.extend_from_slice(payload);
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_http2_that_keeps_its_window_shut_is_closed() {
    let patience = Patience { head: LONG, stall: SOON };
    let running = start(Wanted { patience, ..Wanted::default() }).await;
    for path in ["/endless", "/hello"] {
        let mut socket = running.connect().await;
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        // SETTINGS_INITIAL_WINDOW_SIZE is 0: the socket is read, and no data may come.
        bytes.extend(frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
        // GET over http, as static entries of HPACK; path and authority are literals.
        let mut head = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
        head.extend_from_slice(path.as_bytes());
        head.extend_from_slice(&[0x41, 1, b'a']);
        bytes.extend(frame(1, 0x5, 1, &head));
        socket.write_all(&bytes).await.unwrap();
        let mut said = Vec::new();
        let ended = tokio::time::timeout(DEADLINE, socket.read_to_end(&mut said)).await;
        assert!(ended.is_ok(), "{path}");
        // The head came: a frame of kind HEADERS on stream 1.
        let has_head = said.windows(9).any(|at| at[3] == 1 && at[5..9] == [0, 0, 0, 1]);
        assert!(has_head, "{path}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_over_the_bound_are_closed_at_once_and_counted() {
    let bounds = Bounds { per_proxy: 3, ..Bounds::default() };
    let running = start(Wanted { bounds, ..Wanted::default() }).await;
    let mut idle = Vec::new();
    for count in 1..=3 {
        idle.push(running.connect().await);
        running.wait_open(count).await;
    }
    assert_eq!(until_closed(&mut running.connect().await).await, "");
    assert_eq!(running.metrics.refused.with_label_values(&["test"]).get(), 1);
    idle.pop();
    running.wait_open(2).await;
    assert!(ask(&mut running.connect().await, "/hello").await.ends_with("hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_idle_connections_do_not_stop_a_request() {
    let running = start(Wanted::default()).await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(running.connect().await);
    }
    assert!(ask(&mut running.connect().await, "/hello").await.ends_with("hello"));
    drop(idle);
    running.wait_open(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_told_to_handlers_and_clients_and_is_not_spoken_in_the_clear() {
    let running = start(Wanted { tls: true, ..Wanted::default() }).await;
    let said = ask(&mut running.connect_tls().await, "/arrival").await;
    assert!(said.ends_with("true 127.0.0.1"), "{said}");
    assert!(said.contains("strict-transport-security: max-age=31536000\r\n"), "{said}");
    let said = ask(&mut running.connect().await, "/hello").await;
    assert!(!said.contains("HTTP/"), "{said}");
    let clear = start(Wanted::default()).await;
    let said = ask(&mut clear.connect().await, "/arrival").await;
    assert!(said.ends_with("false 127.0.0.1") && !said.contains("strict-transport"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_that_do_not_go_on_end() {
    let patience = Patience { head: SOON, stall: LONG };
    let running = start(Wanted { patience, tls: true, ..Wanted::default() }).await;
    assert_eq!(running.said_to(b"").await, "");
    // The beginning of a ClientHello.
    assert_eq!(running.said_to(&[0x16, 3, 1, 2, 0, 1]).await, "");
    // A handshake, and then nothing.
    let mut silent = running.connect_tls().await;
    assert_eq!(until_closed(&mut silent).await, "");
    running.wait_open(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_a_request_finish_and_closes_idle_connections() {
    let running = start(Wanted::default()).await;
    let mut idle = running.connect().await;
    let mut waiting = running.connect().await;
    waiting.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    running.arrived.notified().await;
    running.wait_open(2).await;
    running.stop.cancel();
    assert_eq!(until_closed(&mut idle).await, "");
    assert!(TcpStream::connect(running.address).await.is_err());
    running.release.add_permits(1);
    assert!(until_closed(&mut waiting).await.ends_with("waited"));
    tokio::time::timeout(DEADLINE, running.task).await.expect("the loop leaves").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_ends_only_its_own_connection() {
    let running = start(Wanted::default()).await;
    assert_eq!(ask(&mut running.connect().await, "/panic").await, "");
    assert!(ask(&mut running.connect().await, "/hello").await.ends_with("hello"));
    running.wait_open(0).await;
}
