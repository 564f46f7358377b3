//! The right to publish a path whose description is not known yet: nobody else may, and readers wait.

use std::sync::Arc;

use base::{Clock, SystemClock};
use media::Tracks;

use crate::change::What;
use crate::publisher::{Publisher, wake};
use crate::stream::{Origin, PathTaken, Stream};

/// The right to publish a path. Dropping it gives the path back.
pub struct Reservation {
    stream: Arc<Stream>,
    number: u64,
    origin: Origin,
    has_begun: bool,
}

impl Reservation {
    /// Takes the path, also from who has it where this one `replaces`: that one's source has left then.
    pub(crate) fn take(
        stream: Arc<Stream>,
        origin: Origin,
        replaces: bool,
    ) -> Result<Self, PathTaken> {
        let mut state = stream.state.lock();
        let was_held = std::mem::replace(&mut state.is_held, true);
        if was_held && !replaces {
            drop(state);
            return Err(PathTaken(stream.path.clone()));
        }
        state.publishers += 1;
        let number = state.publishers;
        let was_published = std::mem::take(&mut state.published);
        let waiting = std::mem::take(&mut state.waiting);
        stream.publisher.send_replace(number);
        drop(state);
        wake(waiting);
        if was_published {
            stream.hub.metrics.streams.dec();
            stream.hub.announce(&stream.path, What::NotReady);
        }
        Ok(Self { stream, number, origin, has_begun: false })
    }

    /// Becomes the path's source.
    ///
    /// # Errors
    /// [`PathTaken`] when another one has taken the path meanwhile.
    pub fn begin(mut self, tracks: Tracks) -> Result<Publisher, PathTaken> {
        let stream = Arc::clone(&self.stream);
        let mut state = stream.state.lock();
        if state.publishers != self.number {
            return Err(PathTaken(stream.path.clone()));
        }
        self.has_begun = true;
        state.published = true;
        (state.origin, state.since) = (self.origin.clone(), SystemClock.wall());
        state.ring.describe(tracks);
        drop(state);
        stream.hub.metrics.streams.inc();
        stream.hub.announce(&stream.path, What::Ready(self.origin.clone()));
        Ok(Publisher { number: self.number, stream })
    }

    /// True when another one has taken the path meanwhile.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        *self.stream.publisher.borrow() != self.number
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.has_begun {
            return;
        }
        let mut state = self.stream.state.lock();
        if state.publishers == self.number {
            state.is_held = false;
        }
    }
}
