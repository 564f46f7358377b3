//! The hub and its streams: who may write a ring, and who follows it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, OnceLock, Weak};
use std::task::Waker;

use base::{CameraId, StreamPath, Wall};
use media::{AccessUnit, Tracks};
use parking_lot::Mutex;
use tokio::sync::{broadcast, watch};

use crate::admit::NotAdmitted;
use crate::change::Change;
use crate::demand::Demand;
use crate::metrics::Metrics;
use crate::paths::Rules;
use crate::publisher::Publisher;
use crate::reservation::Reservation;
use crate::ring::{Ring, RingLimits};
use crate::subscriber::Subscriber;

/// All streams by path. Cloning gives another handle to the same hub.
#[derive(Clone)]
pub struct Hub {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    streams: Mutex<HashMap<StreamPath, Weak<Stream>>>,
    limits: RingLimits,
    pub(crate) metrics: Metrics,
    resolver: OnceLock<Resolver>,
    pub(crate) rules: watch::Sender<Arc<Rules>>,
    pub(crate) cameras: Mutex<HashSet<CameraId>>,
    pub(crate) changes: broadcast::Sender<Change>,
}

/// Changes that a listener may be behind.
const CHANGES_LEN_MAX: usize = 4_096;

/// Asked for a path that nobody feeds: starts a producer, which holds a [`Demand`] when it returns.
type Resolver = Box<dyn Fn(&StreamPath) -> Result<(), NotAdmitted> + Send + Sync>;

/// One path. It exists while a publisher, a reader or a [`Demand`] holds it.
pub(crate) struct Stream {
    pub(crate) path: StreamPath,
    pub(crate) hub: Arc<Shared>,
    pub(crate) state: Mutex<State>,
    pub(crate) readers: watch::Sender<usize>,
    pub(crate) demands: AtomicUsize,
    pub(crate) viewers: AtomicUsize,
    /// The number of the publisher that feeds it; 0: none.
    pub(crate) publisher: watch::Sender<u64>,
    pub(crate) next_reader: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) sent: AtomicU64,
}

/// What the ring's lock guards. It is held for a push or a look, never across an await.
pub(crate) struct State {
    pub(crate) ring: Ring,
    pub(crate) published: bool,
    /// True while it is published or reserved.
    pub(crate) is_held: bool,
    /// Publishers so far.
    pub(crate) publishers: u64,
    pub(crate) origin: Origin,
    pub(crate) since: Wall,
    pub(crate) waiting: Vec<(u64, Waker)>,
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
    /// True when it is published, is about to be, or would be for a reader.
    pub fed: bool,
    /// Its readers, the recorder among them.
    pub readers: usize,
    /// Those of them that watch.
    pub viewers: usize,
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
        let shared = Shared {
            streams: Mutex::default(),
            limits,
            metrics,
            resolver: OnceLock::new(),
            rules: watch::Sender::default(),
            cameras: Mutex::default(),
            changes: broadcast::Sender::new(CHANGES_LEN_MAX),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Sets who is asked for paths that nobody feeds. It starts a producer, or says why not; it must not
    /// wait. Once; later calls change nothing.
    pub fn ask_for_unknown(
        &self,
        resolver: impl Fn(&StreamPath) -> Result<(), NotAdmitted> + Send + Sync + 'static,
    ) {
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
        self.take_over(path, tracks, origin, false)
    }

    pub(crate) fn take_over(
        &self,
        path: &StreamPath,
        tracks: Tracks,
        origin: Origin,
        replaces: bool,
    ) -> Result<Publisher, PathTaken> {
        self.reserve(path, origin, replaces)?.begin(tracks)
    }

    pub(crate) fn reserve(
        &self,
        path: &StreamPath,
        origin: Origin,
        replaces: bool,
    ) -> Result<Reservation, PathTaken> {
        Reservation::take(self.stream(path), origin, replaces)
    }

    /// Follows a path that exists: one that is published, or whose producer waits for a reader.
    /// `None` when nobody feeds it nor would.
    #[must_use]
    pub fn subscribe(&self, path: &StreamPath, start: Start) -> Option<Subscriber> {
        self.enter(path, start).ok()
    }

    /// [`Hub::subscribe`], saying why not.
    pub(crate) fn enter(&self, path: &StreamPath, start: Start) -> Result<Subscriber, NotAdmitted> {
        if let Some(stream) = self.fed(path) {
            let reader = Subscriber::new(stream, start);
            // Against a producer that leaves: it takes its promise back first and looks for readers then.
            fence(Ordering::SeqCst);
            if reader.stream.is_fed() {
                return Ok(reader);
            }
        }
        let resolver = self.shared.resolver.get().ok_or(NotAdmitted::NoStream)?;
        resolver(path)?;
        let stream = self.fed(path).ok_or(NotAdmitted::NoStream)?;
        Ok(Subscriber::new(stream, start))
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
        Demand::new(self.stream(path))
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
                is_held: false,
                publishers: 0,
                origin: Origin::default(),
                since: Wall::default(),
                waiting: Vec::new(),
            }),
            readers: watch::Sender::new(0),
            demands: AtomicUsize::new(0),
            viewers: AtomicUsize::new(0),
            publisher: watch::Sender::new(0),
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
        self.state.lock().is_held || self.demands.load(Ordering::SeqCst) > 0
    }

    fn describe(&self) -> StreamState {
        let state = self.state.lock();
        StreamState {
            path: self.path.clone(),
            published: state.published,
            origin: state.published.then(|| (state.origin.clone(), state.since)),
            fed: state.is_held || self.demands.load(Ordering::Relaxed) > 0,
            readers: *self.readers.borrow(),
            viewers: self.viewers.load(Ordering::Relaxed),
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
