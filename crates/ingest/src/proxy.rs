//! A forward proxy for one ffmpeg child: every connection that the child makes, for redirects and
//! what playlists name too, goes through it, is looked up, checked, and made to the checked address.
//!
//! Listens on loopback; only who knows the child's key is served. No task of its own: it runs while
//! its session waits for the child, and ends with it.

mod request;
#[cfg(test)]
pub(crate) mod tests;

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base::Secret;
use base::outgoing::{Outgoing, resolve_checked};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::address;
use crate::failure::{Failure, Kind};
use request::{Request, Target};

/// Connections of a child at a time; further ones wait.
const CONNECTIONS_MAX: usize = 16;
const HEAD_LEN_MAX: usize = 16 << 10;
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// Lookup and connection. Less than the child's own patience, so that the child hears of it.
const OPEN_TIME_MAX: Duration = Duration::from_secs(8);
/// After the system has refused to accept.
const PAUSE: Duration = Duration::from_millis(100);

const UNKNOWN_CALLER: &str =
    "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"vedette\"";

/// A proxy that serves while [`Proxy::serve`] is awaited.
pub(crate) struct Proxy {
    url: Secret,
    rules: Arc<Rules>,
    serving: Pin<Box<dyn Future<Output = Failure> + Send>>,
}

/// What its conversations share.
struct Rules {
    outgoing: Arc<Outgoing>,
    /// What a caller must send as `Proxy-Authorization`.
    credential: String,
    /// Why the newest connection could not be made. Written by conversations, read by the session.
    failure: Mutex<Option<Failure>>,
}

impl Proxy {
    /// Opens a port, and makes the key to it.
    pub(crate) async fn start(outgoing: Arc<Outgoing>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let login = format!("vedette:{}", uuid::Uuid::new_v4().simple());
        let url = Secret::new(format!("http://{login}@{}", listener.local_addr()?));
        let encoded = base64_simd::STANDARD.encode_to_string(&login);
        let credential = format!("Basic {encoded}");
        let rules = Arc::new(Rules { outgoing, credential, failure: Mutex::new(None) });
        let serving = Box::pin(serve(listener, Arc::clone(&rules)));
        Ok(Self { url, rules, serving })
    }

    /// Its address with the key in it.
    pub(crate) const fn url(&self) -> &Secret {
        &self.url
    }

    /// Why the newest connection could not be made; `None` after one that could.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.rules.failure.lock().clone()
    }

    /// Serves until the child asks for what is denied; then it is of no more use. Cancel-safe:
    /// connections stay, and go on when it is awaited again.
    pub(crate) async fn serve(&mut self) -> Failure {
        (&mut self.serving).await
    }
}

async fn serve(listener: TcpListener, rules: Arc<Rules>) -> Failure {
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < CONNECTIONS_MAX => match accepted {
                Ok((client, _)) => open.push(Box::pin(converse(client, Arc::clone(&rules)))),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(Err(denied)) = open.next() => return denied,
        }
    }
}

/// One connection. The error is for what is denied: it ends the child.
async fn converse(mut client: TcpStream, rules: Arc<Rules>) -> Result<(), Failure> {
    let Ok(Ok(head)) = timeout(HEAD_TIME_MAX, read_head(&mut client)).await else { return Ok(()) };
    // Who hangs up before the answer does not want it.
    let Some(request) = Request::parse(&head) else {
        let _ = answer(&mut client, "400 Bad Request").await;
        return Ok(());
    };
    if !request.has_credential(&rules.credential) {
        let _ = answer(&mut client, UNKNOWN_CALLER).await;
        return Ok(());
    }
    let slow = || Failure::new(Kind::Timeout).with("seconds", OPEN_TIME_MAX.as_secs());
    let opened = timeout(OPEN_TIME_MAX, open(&request, &rules.outgoing)).await;
    let opened = opened.unwrap_or_else(|_| Err(slow()));
    let opened =
        opened.map_err(|failure| failure.with("host", &request.host).with("port", request.port));
    *rules.failure.lock() = opened.as_ref().err().cloned();
    match opened {
        Ok(server) => {
            let _ = exchange(client, server, request.target).await;
        }
        Err(failure) if failure.kind == Kind::AddressDenied => return Err(failure),
        Err(_) => {
            let _ = answer(&mut client, "502 Bad Gateway").await;
        }
    }
    Ok(())
}

/// Reads up to the empty line. A caller of ours sends nothing behind it before it is answered.
async fn read_head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(1 << 10);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_LEN_MAX || client.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(head)
}

async fn open(request: &Request, outgoing: &Outgoing) -> Result<TcpStream, Failure> {
    let addresses = resolve_checked(&request.host, request.port, outgoing).await?;
    address::connect(&addresses).await
}

async fn answer(client: &mut TcpStream, status: &str) -> io::Result<()> {
    let text = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    client.write_all(text.as_bytes()).await?;
    client.shutdown().await
}

async fn exchange(mut client: TcpStream, mut server: TcpStream, target: Target) -> io::Result<()> {
    match target {
        Target::Tunnel => {
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            copy_bidirectional(&mut client, &mut server).await?;
        }
        Target::Resource(head) => {
            server.write_all(&head).await?;
            let (mut from_client, mut to_client) = client.split();
            let mut more = [0; 1];
            tokio::select! {
                copied = copy(&mut server, &mut to_client) => copied?,
                // It hung up, or asks for more, which needs a connection of its own.
                _ = from_client.read(&mut more) => 0,
            };
        }
    }
    Ok(())
}
