//! A client's socket with deadlines: one that takes nothing, and one that never says what it speaks,
//! ends with an error.
//!
//! The deadlines live in the socket and not beside it, so that they hold after an upgrade as well.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A wait that ends: armed by the first look, disarmed by progress.
struct Deadline {
    after: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    const fn new(after: Duration) -> Self {
        Self { after, sleep: None }
    }

    /// Pending until the deadline; then the error, for ever.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let after = self.after;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(after)));
        sleep.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// The socket as the system gives it, below TLS: fails when its client takes no byte for a while.
/// `keep` is held for as long as the socket is.
pub(crate) struct Taking<S, K> {
    inner: S,
    stall: Deadline,
    _keep: K,
}

impl<S, K> Taking<S, K> {
    pub(crate) const fn new(inner: S, stall: Duration, keep: K) -> Self {
        Self { inner, stall: Deadline::new(stall), _keep: keep }
    }

    fn or_stalled<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_pending() {
            return self.stall.wait(cx);
        }
        self.stall.sleep = None;
        polled
    }
}

impl<S: AsyncRead + Unpin, K: Unpin> AsyncRead for Taking<S, K> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin, K: Unpin> AsyncWrite for Taking<S, K> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.or_stalled(polled, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.or_stalled(polled, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    // A flush of what writing did not take: it moves nothing itself, so it disarms nothing.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// What a client of HTTP/2 says first (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection, above TLS: fails when it has not said in time which HTTP it speaks. After that the
/// protocol has deadlines of its own.
pub(crate) struct Opening<S> {
    inner: S,
    /// What of the preface is still to come; empty when the protocol is known.
    awaited: &'static [u8],
    deadline: Deadline,
}

impl<S> Opening<S> {
    pub(crate) const fn new(inner: S, within: Duration) -> Self {
        Self { inner, awaited: PREFACE, deadline: Deadline::new(within) }
    }

    fn saw(&mut self, bytes: &[u8]) {
        let len = bytes.len().min(self.awaited.len());
        let (head, rest) = self.awaited.split_at(len);
        self.awaited = if bytes.starts_with(head) { rest } else { &[] };
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.saw(buf.filled().get(before..).unwrap_or_default());
        // Counted from the first look on, whatever trickles in.
        if polled.is_pending() && !self.awaited.is_empty() {
            return self.deadline.wait(cx);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
