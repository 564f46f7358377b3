//! The hook by which a wanted path asks its producer to start.

use std::sync::Arc;

use crate::stream::Stream;

/// A producer's promise to feed a path when somebody reads it. While one is held the path exists
/// and can be subscribed to, published or not.
pub struct Demand(pub(crate) Arc<Stream>);

impl Demand {
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
        *self.0.readers.borrow()
    }

    async fn wait_until(&self, holds: impl Fn(usize) -> bool) {
        let mut readers = self.0.readers.subscribe();
        // The sender lives in the stream that this demand holds, so it cannot close meanwhile.
        let _ = readers.wait_for(|count| holds(*count)).await;
    }
}

impl Drop for Demand {
    fn drop(&mut self) {
        self.0.demands.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
}
