//! Hub, publisher and subscriber: who may write a ring, and who follows it.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Poll, Waker};

use base::{Clock, StreamPath, SystemClock, Wall};
use media::{AccessUnit, Tracks};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::demand::Demand;
use crate::metrics::Metrics;
use crate::ring::{Found, Ring, RingLimits};

/// All streams by path. Cloning gives another handle to the same hub.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    streams: Mutex<HashMap<StreamPath, Weak<Stream>>>,
    limits: RingLimits,
    metrics: Metrics,
    resolver: OnceLock<Resolver>,
}

/// Asked for a path that nobody feeds: starts a producer, which holds a [`Demand`] when it returns true.
type Resolver = Box<dyn Fn(&StreamPath) -> bool + Send + Sync>;

/// One path. It exists while a publisher, a reader or a [`Demand`] holds it.
pub(crate) struct Stream {
    path: StreamPath,
    hub: Arc<Shared>,
    state: Mutex<State>,
    pub(crate) readers: watch::Sender<usize>,
    pub(crate) demands: AtomicUsize,
    next_reader: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
}

/// What the ring's lock guards. It is held for a push or a look, never across an await.
struct State {
    ring: Ring,
    published: bool,
    origin: Origin,
    since: Wall,
    waiting: Vec<(u64, Waker)>,
}

/// Who feeds a path, as the control API names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `rtspSource`, `rtspSession`, `webRTCSession`, ...
    pub kind: &'static str,
    /// Of the session, where it is one.
    pub id: String,
}

/// Another publisher feeds the path.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is already being published")]
pub struct PathTaken(pub StreamPath);

/// Where a new reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the newest key frame held: the group so far comes at once. For viewers.
    Group,
    /// At the next key frame that is published. For recorders that must not repeat anything.
    Next,
    /// At the oldest key frame held. For HLS and pre-roll.
    Oldest,
}

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The description of the units that follow. Always the first event, and again when it changes
    /// or when a new source took the path over.
    Tracks(Tracks),
    /// The next unit.
    Unit(AccessUnit),
    /// The reader was too slow: this many units are missing, and it goes on at a key frame.
    Skipped(u64),
    /// The source is gone; all it gave has been read. Units may follow later, after `Tracks`.
    Ended,
}

/// A stream as others see it.
#[derive(Clone, Debug)]
pub struct StreamState {
    /// Its path.
    pub path: StreamPath,
    /// True while a source feeds it.
    pub published: bool,
    /// Who feeds it, and since when.
    pub origin: Option<(Origin, Wall)>,
    /// True when it is published or would be for a reader.
    pub fed: bool,
    /// Its readers, the recorder among them.
    pub readers: usize,
    /// Bytes of access units that were published.
    pub received: u64,
    /// Bytes that readers said they had sent.
    pub sent: u64,
    /// The current description.
    pub tracks: Option<Tracks>,
    /// Bytes held.
    pub ring_bytes: usize,
    /// True while the newest key-frame group does not fit the ring.
    pub long_gop: bool,
}

impl Hub {
    /// An empty hub.
    #[must_use]
    pub fn new(limits: RingLimits, metrics: Metrics) -> Self {
        let (streams, resolver) = (Mutex::default(), OnceLock::new());
        Self { shared: Arc::new(Shared { streams, limits, metrics, resolver }) }
    }

    /// Sets who is asked for paths that nobody feeds. It starts a producer and returns true, or returns
    /// false; it must not wait. Once; later calls change nothing.
    pub fn ask_for_unknown(&self, resolver: impl Fn(&StreamPath) -> bool + Send + Sync + 'static) {
        // Set by the composition, which does so once.
        let _ = self.shared.resolver.set(Box::new(resolver));
    }

    /// Becomes the source of a path. Dropping the publisher leaves the path.
    ///
    /// # Errors
    /// [`PathTaken`] while another source feeds the path; a retry helps once that one has left.
    pub fn publish(&self, path: &StreamPath, tracks: Tracks) -> Result<Publisher, PathTaken> {
        self.publish_from(path, tracks, Origin::default())
    }

    /// [`Hub::publish`], saying who.
    ///
    /// # Errors
    /// As [`Hub::publish`].
    pub fn publish_from(
        &self,
        path: &StreamPath,
        tracks: Tracks,
        origin: Origin,
    ) -> Result<Publisher, PathTaken> {
        let stream = self.stream(path);
        let mut state = stream.state.lock();
        if state.published {
            return Err(PathTaken(path.clone()));
        }
        state.published = true;
        (state.origin, state.since) = (origin, SystemClock.wall());
        state.ring.describe(tracks);
        drop(state);
        self.shared.metrics.streams.inc();
        Ok(Publisher { stream })
    }

    /// Follows a path that exists: one that is published, or whose producer waits for a reader.
    /// `None` when nobody feeds it nor would.
    #[must_use]
    pub fn subscribe(&self, path: &StreamPath, start: Start) -> Option<Subscriber> {
        let stream = self.fed(path).or_else(|| {
            let resolver = self.shared.resolver.get()?;
            resolver(path).then(|| self.fed(path)).flatten()
        })?;
        Some(Subscriber::new(stream, start))
    }

    /// A path that is published or has a producer waiting.
    fn fed(&self, path: &StreamPath) -> Option<Arc<Stream>> {
        let stream = self.shared.streams.lock().get(path).and_then(Weak::upgrade)?;
        stream.is_fed().then_some(stream)
    }

    /// Follows a path whether or not anybody feeds it yet.
    #[must_use]
    pub fn follow(&self, path: &StreamPath, start: Start) -> Subscriber {
        Subscriber::new(self.stream(path), start)
    }

    /// Promises to feed a path when it has readers.
    #[must_use]
    pub fn demand(&self, path: &StreamPath) -> Demand {
        let stream = self.stream(path);
        stream.demands.fetch_add(1, Ordering::Relaxed);
        Demand(stream)
    }

    /// A path's state; `None` when it does not exist.
    #[must_use]
    pub fn state(&self, path: &StreamPath) -> Option<StreamState> {
        let stream = self.shared.streams.lock().get(path).and_then(Weak::upgrade)?;
        Some(stream.describe())
    }

    /// All paths that exist, in the order of their names.
    #[must_use]
    pub fn list(&self) -> Vec<StreamState> {
        let streams: Vec<_> =
            self.shared.streams.lock().values().filter_map(Weak::upgrade).collect();
        let mut out: Vec<_> = streams.iter().map(|stream| stream.describe()).collect();
        out.sort_by(|a, b| a.path.cmp(&b.path));
        out
    }

    fn stream(&self, path: &StreamPath) -> Arc<Stream> {
        let mut streams = self.shared.streams.lock();
        if let Some(stream) = streams.get(path).and_then(Weak::upgrade) {
            return stream;
        }
        let ring = Ring::new(self.shared.limits);
        let stream = Arc::new(Stream {
            path: path.clone(),
            hub: Arc::clone(&self.shared),
            state: Mutex::new(State {
                ring,
                published: false,
                origin: Origin::default(),
                since: Wall::default(),
                waiting: Vec::new(),
            }),
            readers: watch::Sender::new(0),
            demands: AtomicUsize::new(0),
            next_reader: AtomicU64::new(0),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        });
        streams.insert(path.clone(), Arc::downgrade(&stream));
        stream
    }
}

impl Stream {
    fn is_fed(&self) -> bool {
        self.state.lock().published || self.demands.load(Ordering::Relaxed) > 0
    }

    fn describe(&self) -> StreamState {
        let state = self.state.lock();
        StreamState {
            path: self.path.clone(),
            published: state.published,
            origin: state.published.then(|| (state.origin.clone(), state.since)),
            fed: state.published || self.demands.load(Ordering::Relaxed) > 0,
            readers: *self.readers.borrow(),
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            tracks: state.ring.current().cloned(),
            ring_bytes: state.ring.bytes(),
            long_gop: state.ring.long_group(),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let held = i64::try_from(self.state.get_mut().ring.bytes()).unwrap_or(i64::MAX);
        self.hub.metrics.ring_bytes.sub(held);
        let mut streams = self.hub.streams.lock();
        // A successor may already stand under the same path.
        if streams.get(&self.path).is_some_and(|weak| weak.strong_count() == 0) {
            streams.remove(&self.path);
        }
    }
}

/// The one source of a path.
pub struct Publisher {
    stream: Arc<Stream>,
}

impl Publisher {
    /// Gives a unit to all readers. Never waits.
    pub fn push(&self, unit: AccessUnit) {
        let metrics = &self.stream.hub.metrics;
        metrics.units.inc();
        metrics.bytes.inc_by(unit.data.len() as u64);
        self.stream.received.fetch_add(unit.data.len() as u64, Ordering::Relaxed);
        let mut state = self.stream.state.lock();
        let change = state.ring.push(unit);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        metrics.ring_bytes.add(i64::try_from(change).unwrap_or(0));
        wake(waiting);
    }

    /// Changes the description of what follows; readers go on at the next key frame.
    pub fn describe(&self, tracks: Tracks) {
        self.stream.state.lock().ring.describe(tracks);
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
        state.published = false;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.stream.hub.metrics.streams.dec();
        wake(waiting);
    }
}

fn wake(waiting: Vec<(u64, Waker)>) {
    for (_, waker) in waiting {
        waker.wake();
    }
}

/// A reader: a cursor in a path's ring. It holds no units.
pub struct Subscriber {
    stream: Arc<Stream>,
    id: u64,
    place: Place,
    generation: u64,
    ended_told: bool,
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
    fn new(stream: Arc<Stream>, start: Start) -> Self {
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
        Self { stream, id, place: Place::Entry(from), generation: 0, ended_told }
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
    }
}
