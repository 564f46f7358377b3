//! The one source of a path: writes its ring, and leaves it when dropped.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use media::{AccessUnit, Tracks};

use crate::change::What;
use crate::stream::Stream;

/// The one source of a path.
pub struct Publisher {
    pub(crate) stream: Arc<Stream>,
    pub(crate) number: u64,
}

impl Publisher {
    /// Returns when another publisher has taken the path: what is pushed from then on goes nowhere.
    /// Cancel-safe.
    pub async fn replaced(&self) {
        let mut publisher = self.stream.publisher.subscribe();
        // The sender lives in the stream that this publisher holds, so it cannot close meanwhile.
        let _ = publisher.wait_for(|number| *number != self.number).await;
    }

    /// True when another publisher has taken the path.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        *self.stream.publisher.borrow() != self.number
    }

    /// Gives a unit to all readers. Never waits.
    pub fn push(&self, unit: AccessUnit) {
        let metrics = &self.stream.hub.metrics;
        metrics.units.inc();
        metrics.bytes.inc_by(unit.data.len() as u64);
        self.stream.received.fetch_add(unit.data.len() as u64, Ordering::Relaxed);
        let mut state = self.stream.state.lock();
        if state.publishers != self.number {
            return;
        }
        let change = state.ring.push(unit);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        metrics.ring_bytes.add(i64::try_from(change).unwrap_or(0));
        wake(waiting);
    }

    /// Changes the description of what follows; readers go on at the next key frame.
    pub fn describe(&self, tracks: Tracks) {
        let mut state = self.stream.state.lock();
        if state.publishers == self.number {
            state.ring.describe(tracks);
        }
    }

    /// True while the newest key-frame group does not fit the ring.
    #[must_use]
    pub fn long_gop(&self) -> bool {
        self.stream.state.lock().ring.long_group()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let mut state = self.stream.state.lock();
        if state.publishers != self.number {
            return;
        }
        (state.published, state.is_held) = (false, false);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.stream.hub.metrics.streams.dec();
        self.stream.hub.announce(&self.stream.path, What::NotReady);
        wake(waiting);
    }
}

pub(crate) fn wake(waiting: Vec<(u64, Waker)>) {
    for (_, waker) in waiting {
        waker.wake();
    }
}
