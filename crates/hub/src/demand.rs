//! The hook by which a wanted path asks its producer to start.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use crate::stream::Stream;

/// A producer's promise to feed a path when somebody reads it. While one is held the path exists
/// and can be subscribed to, published or not.
pub struct Demand {
    stream: Arc<Stream>,
    is_held: bool,
}

impl Demand {
    pub(crate) fn new(stream: Arc<Stream>) -> Self {
        stream.demands.fetch_add(1, Ordering::SeqCst);
        Self { stream, is_held: true }
    }

    /// Returns when the path has a reader. Cancel-safe.
    pub async fn wanted(&self) {
        self.wait_until(|readers| readers > 0).await;
    }

    /// Returns when the path has no reader. Cancel-safe.
    pub async fn unwanted(&self) {
        self.wait_until(|readers| readers == 0).await;
    }

    /// Readers now.
    #[must_use]
    pub fn readers(&self) -> usize {
        *self.stream.readers.borrow()
    }

    /// Takes the promise back unless somebody reads, and says whether it did: no reader is left with a
    /// promise that is gone.
    pub fn leave(&mut self) -> bool {
        if !std::mem::take(&mut self.is_held) {
            return true;
        }
        self.stream.demands.fetch_sub(1, Ordering::SeqCst);
        // Against a reader that comes: it counts itself first and looks for promises then.
        fence(Ordering::SeqCst);
        if self.readers() > 0 {
            self.stream.demands.fetch_add(1, Ordering::SeqCst);
            self.is_held = true;
        }
        !self.is_held
    }

    async fn wait_until(&self, holds: impl Fn(usize) -> bool) {
        let mut readers = self.stream.readers.subscribe();
        // The sender lives in the stream that this demand holds, so it cannot close meanwhile.
        let _ = readers.wait_for(|count| holds(*count)).await;
    }
}

impl Drop for Demand {
    fn drop(&mut self) {
        if self.is_held {
            self.stream.demands.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
