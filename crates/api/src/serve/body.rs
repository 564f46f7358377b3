//! Bodies with a pace: a request's that stands still ends with an error; an answer's tells whether
//! its client takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use bytes::Buf;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// A request's body that fails when nothing of it comes for a while. Time in which its handler does
/// not ask for more does not count.
pub(crate) struct Paced {
    inner: Body,
    patience: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    is_late: Arc<AtomicBool>,
}

impl Paced {
    /// `is_late` becomes true when the body has failed for its slowness.
    pub(crate) const fn new(inner: Body, patience: Duration, is_late: Arc<AtomicBool>) -> Self {
        Self { inner, patience, sleep: None, is_late }
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            this.sleep = None;
            return Poll::Ready(frame);
        }
        let patience = this.patience;
        let sleep = this.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(sleep.as_mut().poll(cx));
        this.is_late.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut)))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Whether a client takes what it asked for. HTTP/2 has windows of its own: one may be shut while the
/// socket takes everything, so the socket does not tell. Clones are the same.
#[derive(Clone)]
pub(crate) struct Appetite(Arc<Shared>);

struct Shared {
    began: Instant,
    /// Pieces of answers that wait to be sent.
    waiting: AtomicUsize,
    /// When a byte was last taken or a piece began to wait, milliseconds since `began`.
    moved_ms: AtomicU64,
}

impl Appetite {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            began: Instant::now(),
            waiting: AtomicUsize::new(0),
            moved_ms: AtomicU64::new(0),
        }))
    }

    fn moved(&self) {
        let ms = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.moved_ms.store(ms, Ordering::Relaxed);
    }

    fn offer(&self, bytes: Bytes) -> Piece {
        // Not moved by a second piece: then a client that asks and never takes would go on for ever.
        if self.0.waiting.fetch_add(1, Ordering::Relaxed) == 0 {
            self.moved();
        }
        Piece { bytes, appetite: self.clone() }
    }

    /// Returns when something waits, and nothing was taken for `patience`.
    pub(crate) async fn lost(&self, patience: Duration) {
        loop {
            let moved = Duration::from_millis(self.0.moved_ms.load(Ordering::Relaxed));
            let idle = self.0.began.elapsed().saturating_sub(moved);
            let is_waiting = self.0.waiting.load(Ordering::Relaxed) > 0;
            if is_waiting && idle >= patience {
                return;
            }
            let rest = if is_waiting { patience.saturating_sub(idle) } else { patience };
            tokio::time::sleep(rest.max(Duration::from_millis(1))).await;
        }
    }
}

/// A piece of an answer on its way.
pub(crate) struct Piece {
    bytes: Bytes,
    appetite: Appetite,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.appetite.moved();
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.appetite.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer's body whose pieces tell an [`Appetite`] how they go.
pub(crate) struct Offered {
    inner: Body,
    appetite: Appetite,
}

impl Offered {
    pub(crate) const fn new(inner: Body, appetite: Appetite) -> Self {
        Self { inner, appetite }
    }
}

impl HttpBody for Offered {
    type Data = Piece;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, axum::Error>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        Poll::Ready(
            frame
                .map(|frame| frame.map(|frame| frame.map_data(|bytes| this.appetite.offer(bytes)))),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
