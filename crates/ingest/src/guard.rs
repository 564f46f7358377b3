//! Stands between an ffmpeg child and its RTSP camera: passes all on but a redirect, which the child
//! would follow to any address. Where the camera points is told instead, to be checked.
//!
//! Takes one connection, on loopback. No task of its own: it runs while its session waits for the
//! child, and ends with it.

mod redirect;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use redirect::Scanner;

const READ_LEN: usize = 16 << 10;
/// Of a redirect, from its status on.
const HEAD_LEN_MAX: usize = 16 << 10;

/// A guard that serves while [`Guard::serve`] is awaited.
pub(crate) struct Guard {
    address: SocketAddr,
    serving: Pin<Box<dyn Future<Output = Option<Url>> + Send>>,
    is_over: bool,
}

impl Guard {
    /// Opens a port for the child of a camera that is connected to.
    pub(crate) async fn start(camera: TcpStream) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = Box::pin(async move { serve(listener, camera).await.unwrap_or(None) });
        Ok(Self { address, serving, is_over: false })
    }

    /// `url` as the child is to ask for it.
    pub(crate) fn url(&self, url: &Url) -> Url {
        let mut url = crate::address::with_host(url, self.address);
        // An address with a host takes a port.
        let _ = url.set_port(Some(self.address.port()));
        url
    }

    /// Serves until the camera points elsewhere; says where. After any other end the child ends by
    /// itself. Cancel-safe.
    pub(crate) async fn serve(&mut self) -> Url {
        if !self.is_over {
            let moved = (&mut self.serving).await;
            self.is_over = true;
            if let Some(url) = moved {
                return url;
            }
        }
        std::future::pending().await
    }
}

async fn serve(listener: TcpListener, camera: TcpStream) -> io::Result<Option<Url>> {
    let (child, _) = listener.accept().await?;
    drop(listener);
    let (mut from_camera, mut to_camera) = camera.into_split();
    let (mut from_child, to_child) = child.into_split();
    // Either's end is the other's, with what is on its way: the child reads it first.
    tokio::select! {
        moved = pass(&mut from_camera, to_child) => moved,
        copied = copy(&mut from_child, &mut to_camera) => copied.map(|_| None),
    }
}

/// Passes what the camera says on, up to a redirect.
async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    mut to: impl AsyncWrite + Unpin,
) -> io::Result<Option<Url>> {
    let (mut scanner, mut buffer) = (Scanner::default(), vec![0; READ_LEN]);
    loop {
        let len = from.read(&mut buffer).await?;
        let bytes = buffer.get(..len).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(None);
        }
        if let Some(at) = scanner.find(bytes) {
            let rest = bytes.get(at..).unwrap_or_default().to_vec();
            return Ok(location(from, rest).await);
        }
        to.write_all(bytes).await?;
    }
}

/// Reads the head of a redirect to its end. Without a place that is one, the camera has just ended.
async fn location(from: &mut (impl AsyncRead + Unpin), mut head: Vec<u8>) -> Option<Url> {
    loop {
        let place = redirect::location(&head);
        if place.is_some()
            || head.len() >= HEAD_LEN_MAX
            || from.read_buf(&mut head).await.ok()? == 0
        {
            return place;
        }
    }
}

#[cfg(test)]
mod tests;
