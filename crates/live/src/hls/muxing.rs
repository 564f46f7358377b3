//! A muxer with its task. The task writes it, requests read it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::task::Scope;
use base::{Clock, StreamPath, SystemClock};
use bytes::Bytes;
use hub::{Event, Subscriber};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::blocking::{Progress, Turn};
use super::egress::Muxer;
use super::viewers::Viewers;
use super::{Config, Error, Format};
use crate::Context;
use crate::open::Missing;
use crate::sessions::{Counters, Doing, Entry, Facts, Protocol};

/// How often it is looked who has left.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A request waits this many target durations for a playlist (section 6.2.5.2).
const WAIT_TARGETS: u32 = 3;

/// A playlist as it was when the muxer was there.
type Written = Option<(Progress, Arc<str>)>;

pub(super) struct Running {
    pub(super) muxer: Mutex<Muxer>,
    /// How far the muxer is; whoever waits looks at it.
    progress: watch::Sender<Progress>,
    /// Playlists as they were last written: whole and delta.
    written: Mutex<[Written; 2]>,
    pub(super) viewers: Viewers,
    last_request: Mutex<Instant>,
    entry: Entry,
    /// Bytes given since they were last told to the hub.
    sent: AtomicU64,
    pub(super) scope: Scope,
}

impl Running {
    pub(super) fn new(live: &Context, config: &Config, path: &StreamPath, format: Format) -> Self {
        let facts = Facts {
            doing: Doing::Idle,
            path: Some(path.clone()),
            last_request: SystemClock.wall(),
            ..Facts::default()
        };
        let first = u64::try_from(SystemClock.wall().as_secs()).unwrap_or(0);
        Self {
            muxer: Mutex::new(Muxer::new(config.clone(), format, first)),
            progress: watch::Sender::default(),
            written: Mutex::default(),
            viewers: Viewers::new(live.sessions.clone(), path.clone()),
            last_request: Mutex::new(Instant::now()),
            entry: live.sessions.open(Protocol::HlsMuxer, None, facts),
            sent: AtomicU64::new(0),
            scope: live.scope.child_on(live.pool.for_key(path.as_str())),
        }
    }

    /// Somebody asks.
    pub(super) fn touch(&self) {
        *self.last_request.lock() = Instant::now();
        self.entry.tell(|facts| facts.last_request = SystemClock.wall());
    }

    /// Counts what was given.
    pub(super) fn sent(&self, len: u64) {
        self.sent.fetch_add(len, Ordering::Relaxed);
        Counters::add(&self.entry.counters.outbound_bytes, len);
    }

    /// Follows the stream until nobody asks any more, or its source has been missing for too long.
    pub(super) async fn run(
        &self,
        mut reader: Subscriber,
        mut missing: Missing,
        idle_after: Duration,
    ) {
        let token = self.scope.token();
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut events = Vec::new();
        while self.last_request.lock().elapsed() < idle_after && !missing.is_over() {
            tokio::select! {
                () = token.cancelled() => return,
                _ = look.tick() => self.viewers.leave_idle(idle_after, Instant::now()),
                event = reader.next() => events.push(event),
            }
            // What the ring holds comes at once.
            reader.drain(&mut events);
            events.iter().for_each(|event| missing.note(event));
            self.take(events.drain(..));
            reader.sent(self.sent.swap(0, Ordering::Relaxed));
        }
    }

    fn take(&self, events: impl Iterator<Item = Event>) {
        let mut muxer = self.muxer.lock();
        for event in events {
            match event {
                Event::Unit(unit) => {
                    muxer.push(unit);
                }
                Event::Tracks(tracks) => muxer.describe(&tracks),
                Event::Skipped(_) => muxer.interrupt(),
                Event::Ended => muxer.flush(),
            }
        }
        let now = muxer.progress();
        drop(muxer);
        self.progress.send_if_modified(|known| {
            let changed = *known != now;
            *known = now;
            changed
        });
    }

    /// Waits at most `limit` until there is something to play.
    pub(super) async fn wait_until_ready(&self, limit: Duration) -> Result<(), Error> {
        let mut progress = self.progress.subscribe();
        let ready = progress.wait_for(|now| now.ready || now.refused);
        let is_refused = match tokio::time::timeout(limit, ready).await {
            Ok(Ok(now)) => now.refused,
            _ => return Err(Error::NotStarted),
        };
        match is_refused {
            true => Err(Error::NothingToCarry(self.muxer.lock().omitted().to_vec())),
            false => Ok(()),
        }
    }

    /// What becomes of a request now.
    pub(super) fn turn(&self, turn: impl Fn(&Progress) -> Turn) -> Turn {
        turn(&self.progress.borrow())
    }

    /// Waits until it is a request's turn; false when that takes too long.
    pub(super) async fn wait_for(&self, turn: impl Fn(&Progress) -> Turn, limit: Duration) -> bool {
        let mut progress = self.progress.subscribe();
        let limit = limit.max(progress.borrow().target * WAIT_TARGETS);
        let its_turn = progress.wait_for(|now| turn(now) != Turn::Wait);
        matches!(tokio::time::timeout(limit, its_turn).await, Ok(Ok(_)))
    }

    /// The media playlist, written once for all who ask for it.
    pub(super) fn media(&self, is_delta: bool) -> Arc<str> {
        let now = *self.progress.borrow();
        let mut written = self.written.lock();
        let [whole, delta] = &mut *written;
        let slot = if is_delta { delta } else { whole };
        match slot {
            Some((at, text)) if *at == now => Arc::clone(text),
            _ => {
                let text: Arc<str> = self.muxer.lock().media(is_delta).into();
                *slot = Some((now, Arc::clone(&text)));
                text
            }
        }
    }

    /// A part that may have to be waited for; `None` when it is not there in time, or no more.
    pub(super) async fn part(&self, number: u64, limit: Duration) -> Option<Bytes> {
        if self.turn(|now| now.part(number)) == Turn::Wait {
            self.wait_for(|now| now.part(number), limit).await;
        }
        self.muxer.lock().part(number)
    }
}
