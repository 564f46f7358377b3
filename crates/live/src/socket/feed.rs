//! A stream's newest parts, and the group since the last key frame. One task writes them, tiles read them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use base::StreamPath;
use base::task::Scope;
use bytes::Bytes;
use hub::{Event, Subscriber};
use media::{AccessUnit, Tracks, mp4};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Init, Piece, Sent};
use crate::edge::Edge;
use crate::hls::generation::{Generation, Output, Part};
use crate::hls::{Config, Error, Format, fragment};
use crate::open::Missing;

/// Parts that are kept for those who take them late.
const KEPT: Duration = Duration::from_secs(2);
const KEPT_MAX: usize = 512;
/// How often it is looked whether the source has been gone for too long.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A group beyond this is not kept: who comes then waits for the next key frame.
const GROUP_BYTES_MAX: usize = 16 << 20;
/// Sound alone comes in parts of this length; pictures have one each.
const SOUND_PART: Duration = Duration::from_millis(100);
/// Decode times begin here, so that what leads the first picture has a time of its own.
const FIRST_TIME_MICROS: i64 = 10_000_000;
/// After a loss decode times go on this much later.
const PAUSE_MICROS: i64 = 500_000;

/// A stream as it is given to tiles.
pub(super) struct Feed {
    pub(super) path: StreamPath,
    state: Mutex<State>,
    /// Counts changes.
    changed: watch::Sender<u64>,
    /// Bytes given since they were last told to the hub.
    pub(super) sent: AtomicU64,
    gone: CancellationToken,
    /// Cancels [`Feed::gone`] with the last tile.
    _guard: DropGuard,
    scope: OnceLock<Scope>,
}

#[derive(Default)]
struct State {
    /// Counts descriptions and losses: whoever was told of another one begins anew.
    run: u64,
    init: Option<Result<Arc<Init>, Error>>,
    generation: Option<(Generation, Tracks)>,
    outputs: Vec<Output>,
    next_time_us: i64,
    group: Vec<AccessUnit>,
    group_len: usize,
    parts: VecDeque<(Duration, Piece)>,
    /// Number of the first part that is kept; never goes back.
    first: u64,
    is_waiting: bool,
    is_over: bool,
}

/// How far a tile is.
#[derive(Debug, Default)]
pub(super) struct Place {
    run: u64,
    /// The next part; `None`: it begins with the group.
    next: Option<u64>,
    told_waiting: bool,
}

/// Follows the stream until the last tile has gone, or its source has been missing for too long.
pub(super) async fn run(
    feed: Weak<Feed>,
    (mut reader, mut missing): (Subscriber, Missing),
    gone: CancellationToken,
    end: CancellationToken,
) {
    let mut events = Vec::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            () = gone.cancelled() => return,
            () = end.cancelled() => return,
            _ = look.tick() => {}
            event = reader.next() => events.push(event),
        }
        reader.drain(&mut events);
        events.iter().for_each(|event| missing.note(event));
        let Some(feed) = feed.upgrade() else { return };
        reader.sent(feed.sent.swap(0, Ordering::Relaxed));
        if !events.is_empty() {
            feed.take(events.drain(..));
        }
        if missing.is_over() {
            return feed.end();
        }
    }
}

impl Feed {
    pub(super) fn new(path: StreamPath) -> Self {
        let gone = CancellationToken::new();
        let state = State { next_time_us: FIRST_TIME_MICROS, ..State::default() };
        Self {
            path,
            state: Mutex::new(state),
            changed: watch::Sender::new(0),
            sent: AtomicU64::new(0),
            _guard: gone.clone().drop_guard(),
            gone,
            scope: OnceLock::new(),
        }
    }

    pub(super) fn gone(&self) -> CancellationToken {
        self.gone.clone()
    }

    /// Keeps the scope of its task.
    pub(super) fn keep(&self, scope: Scope) {
        // Set once, by who made it.
        let _ = self.scope.set(scope);
    }

    /// There is nothing more: who has read all is told so, and whoever comes begins a new feed.
    fn end(&self) {
        self.state.lock().is_over = true;
        self.changed.send_modify(|count| *count += 1);
    }

    pub(super) fn is_over(&self) -> bool {
        self.state.lock().is_over
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(super) fn take(&self, events: impl Iterator<Item = Event>) {
        let mut state = self.state.lock();
        for event in events {
            match event {
                Event::Tracks(tracks) => state.describe(&tracks),
                Event::Unit(unit) => state.push(unit),
                Event::Skipped(_) => state.interrupt(),
                Event::Ended => state.is_waiting = true,
            }
        }
        drop(state);
        self.changed.send_modify(|count| *count += 1);
    }

    /// True once there is a description and a key frame; an error when nothing can be carried.
    pub(super) fn has_begun(&self) -> Result<bool, Error> {
        let state = self.state.lock();
        match &state.init {
            _ if state.is_over => Err(Error::NotStarted),
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(_)) => Ok(!state.parts.is_empty()),
            None => Ok(false),
        }
    }

    /// What is next at a place, and moves it on; `None`: nothing yet.
    pub(super) fn next(&self, place: &mut Place) -> Option<Result<Sent, Error>> {
        let state = self.state.lock();
        if state.is_over {
            return Some(Err(Error::NotStarted));
        }
        if state.is_waiting && state.is_read(place) {
            let is_news = !std::mem::replace(&mut place.told_waiting, true);
            return is_news.then_some(Ok(Sent::Waiting));
        }
        if place.run != state.run {
            let init = state.init.clone()?;
            *place = Place { run: state.run, ..Place::default() };
            return Some(init.map(Sent::Init));
        }
        let Some(next) = place.next else {
            let first = state.first_part()?;
            place.next = Some(state.first + state.parts.len() as u64);
            drop(state);
            // Made outside of the lock: it may be long.
            return piece_of(0, &first).map(|piece| Ok(Sent::Piece(piece)));
        };
        let index = next.checked_sub(state.first).and_then(|index| usize::try_from(index).ok());
        match index {
            Some(index) => {
                let (_, piece) = state.parts.get(index)?;
                place.next = Some(next + 1);
                Some(Ok(Sent::Piece(piece.clone())))
            }
            None => {
                place.next = None;
                Some(Ok(Sent::Skipped))
            }
        }
    }
}

impl State {
    fn describe(&mut self, tracks: &Tracks) {
        let (carried, omitted) = Format::Fmp4.split(tracks);
        let init = mp4::init_segment(&carried).map_err(|_| Error::NothingToCarry(omitted.clone()));
        let size = carried.video().and_then(|video| video.parameters.size());
        let codecs = carried.rfc6381();
        self.init = Some(init.map(|bytes| Arc::new(Init { codecs, size, omitted, bytes })));
        self.begin(&carried);
    }

    /// Units are missing: what follows is told like a new description.
    fn interrupt(&mut self) {
        if let Some((_, tracks)) = self.generation.take() {
            self.begin(&tracks);
        }
    }

    fn begin(&mut self, carried: &Tracks) {
        let part = if carried.video().is_some() { Duration::ZERO } else { SOUND_PART };
        let config = Config { part, ..Config::default() };
        if let Some((generation, _)) = &self.generation {
            self.next_time_us = generation.time_us() + PAUSE_MICROS;
        }
        let generation = Generation::new(carried, &config, true, self.next_time_us);
        self.generation = generation.map(|generation| (generation, carried.clone()));
        self.first += self.parts.len() as u64;
        self.parts.clear();
        self.clear_group();
        self.run += 1;
        self.is_waiting = false;
    }

    fn clear_group(&mut self) {
        self.group.clear();
        self.group_len = 0;
    }

    fn push(&mut self, unit: AccessUnit) {
        let Some((generation, _)) = &mut self.generation else { return };
        generation.push(unit, &mut self.outputs);
        for output in std::mem::take(&mut self.outputs) {
            if let Output::Part(part) = output {
                self.add(&part);
            }
        }
    }

    fn add(&mut self, part: &Part) {
        let number = self.first + self.parts.len() as u64;
        let Some(piece) = piece_of(number, part) else { return };
        self.remember(part, piece.bytes.len());
        self.parts.push_back((part.duration, piece));
        let mut kept: Duration = self.parts.iter().map(|(duration, _)| *duration).sum();
        while self.parts.len() > KEPT_MAX || (kept > KEPT && self.parts.len() > 1) {
            kept -= self.parts.pop_front().map_or(Duration::ZERO, |(duration, _)| duration);
            self.first += 1;
        }
    }

    fn remember(&mut self, part: &Part, len: usize) {
        if part.independent {
            self.clear_group();
        } else if self.group.is_empty() {
            return;
        }
        self.group_len += len;
        if self.group_len > GROUP_BYTES_MAX {
            return self.clear_group();
        }
        self.group.extend(part.units().into_iter().cloned());
    }

    /// True when a place has nothing left to be given.
    fn is_read(&self, place: &Place) -> bool {
        let end = self.first + self.parts.len() as u64;
        place.run == self.run && place.next == Some(end)
    }

    /// The group since the last key frame, squeezed to the live edge.
    fn first_part(&self) -> Option<Part> {
        let (generation, tracks) = self.generation.as_ref()?;
        let edge = Edge::of(tracks, &self.group);
        let place = |unit: &AccessUnit| {
            let (dts, pts) = edge.place(tracks, unit)?;
            Some(AccessUnit { dts, pts, ..unit.clone() })
        };
        generation.part_of(self.group.iter().filter_map(place).collect())
    }
}

fn piece_of(number: u64, part: &Part) -> Option<Piece> {
    let bytes: Bytes = fragment(number, &part.runs())?;
    Some(Piece { newest: part.newest, key: part.independent, bytes })
}
