//! A reader of a path: a place in its ring, and what it is told there.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use base::StreamPath;

use crate::change::What;
use crate::ring::Found;
use crate::stream::{Event, Start, State, Stream};

/// A reader: a cursor in a path's ring. It holds no units.
pub struct Subscriber {
    pub(crate) stream: Arc<Stream>,
    pub(crate) id: u64,
    place: Place,
    generation: u64,
    ended_told: bool,
    pub(crate) is_viewer: bool,
}

/// Where a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Waiting for the first key frame at or after this number.
    Entry(u64),
    /// At this number.
    At(u64),
}

impl Subscriber {
    pub(crate) fn new(stream: Arc<Stream>, start: Start) -> Self {
        let state = stream.state.lock();
        let from = match start {
            _ if !state.published => state.ring.end(),
            Start::Group => state.ring.last_entry().unwrap_or_else(|| state.ring.end()),
            Start::Oldest => state.ring.next_entry(0),
            Start::Next => state.ring.end(),
        };
        // A reader that begins with no source has nothing to be told the end of.
        let ended_told = !state.published;
        drop(state);
        let id = stream.next_reader.fetch_add(1, Ordering::Relaxed);
        stream.readers.send_modify(|count| *count += 1);
        stream.hub.metrics.readers.inc();
        Self { stream, id, place: Place::Entry(from), generation: 0, ended_told, is_viewer: false }
    }

    /// The next event; waits for it. Cancel-safe: an event is taken only when it is returned.
    pub async fn next(&mut self) -> Event {
        poll_fn(|context| {
            let stream = Arc::clone(&self.stream);
            let mut state = stream.state.lock();
            if let Some(event) = self.take(&state) {
                return Poll::Ready(event);
            }
            match state.waiting.iter_mut().find(|(id, _)| *id == self.id) {
                Some((_, waker)) => waker.clone_from(context.waker()),
                None => state.waiting.push((self.id, context.waker().clone())),
            }
            Poll::Pending
        })
        .await
    }

    /// Appends to `out` all events that are there now, and does not wait: a reader that looks at
    /// intervals costs the source nothing.
    pub fn drain(&mut self, out: &mut Vec<Event>) {
        let stream = Arc::clone(&self.stream);
        let state = stream.state.lock();
        while let Some(event) = self.take(&state) {
            out.push(event);
        }
    }

    /// Counts bytes that were sent to whoever this reader reads for.
    pub fn sent(&self, bytes: u64) {
        self.stream.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The path that is followed.
    #[must_use]
    pub fn path(&self) -> &StreamPath {
        &self.stream.path
    }

    fn take(&mut self, state: &State) -> Option<Event> {
        let cursor = match self.place {
            Place::At(cursor) => cursor,
            Place::Entry(from) => {
                let entry = state.ring.next_entry(from);
                self.place = Place::Entry(entry);
                if !state.ring.is_entry(entry) {
                    return self.take_end(state);
                }
                self.place = Place::At(entry);
                entry
            }
        };
        match state.ring.at(cursor) {
            Found::Nothing => self.take_end(state),
            Found::Overtaken { next, missed } => {
                self.place = Place::Entry(next);
                self.stream.hub.metrics.skipped.inc_by(missed);
                Some(Event::Skipped(missed))
            }
            Found::Unit(unit, generation) if generation == self.generation => {
                self.place = Place::At(cursor + 1);
                Some(Event::Unit(unit.clone()))
            }
            Found::Unit(_, generation) => self.enter(state, cursor, generation),
        }
    }

    /// A unit of another description is next: tell it, and go on at a key frame.
    fn enter(&mut self, state: &State, cursor: u64, generation: u64) -> Option<Event> {
        if !state.ring.is_entry(cursor) {
            self.place = Place::Entry(cursor);
            return self.take(state);
        }
        self.generation = generation;
        self.ended_told = false;
        let tracks = state.ring.description(generation);
        Some(Event::Tracks(tracks.expect("a description is kept while its units are").clone()))
    }

    fn take_end(&mut self, state: &State) -> Option<Event> {
        if state.published || self.ended_told {
            return None;
        }
        self.ended_told = true;
        Some(Event::Ended)
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.stream.state.lock().waiting.retain(|(id, _)| *id != self.id);
        self.stream.readers.send_modify(|count| *count -= 1);
        self.stream.hub.metrics.readers.dec();
        if self.is_viewer {
            self.stream.viewers.fetch_sub(1, Ordering::Relaxed);
            self.stream.hub.announce(&self.stream.path, What::Unread(self.id));
        }
    }
}
