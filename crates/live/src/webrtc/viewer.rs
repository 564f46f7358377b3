//! One viewer: what it is given of its stream, and when it has to go.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::Standing;
use base::StreamPath;
use hub::{Event, Hub, Start, Subscriber};
use media::{AccessUnit, Tracks};

use super::attempts::{Attempts, Reached};
use super::lane::{Lane, Packed, Timeline};
use super::peer::{Happened, Outbox, Peer};
use super::socket::Incoming;
use super::{Config, Metrics, demux};
use crate::edge::Edge;
use crate::sessions::{Counters, Entry};

/// A group is not given again sooner than this after the last time.
const RESTART_EVERY: Duration = Duration::from_millis(400);
/// Of a group that comes at once, as much goes out together; receivers' buffers are no larger.
const BURST_BYTES: u64 = 96 << 10;
const BURST_EVERY: Duration = Duration::from_millis(2);
/// A viewer is looked at this often, whatever happens.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Skips within [`SKIPS_WITHIN`] after which a viewer is ended.
const SKIPS_MAX: u32 = 15;
const SKIPS_WITHIN: Duration = Duration::from_secs(60);

/// What a viewer needs of its room while it is served.
pub(super) struct Serving<'a> {
    pub hub: &'a Hub,
    pub config: &'a Config,
    pub metrics: &'a Metrics,
    pub outbox: &'a mut Outbox,
    pub packed: &'a mut Packed,
}

/// One viewer.
pub(super) struct Viewer {
    pub session: u64,
    pub entry: Entry,
    pub standing: Option<Arc<Standing>>,
    pub attempts: Attempts,
    pub path: StreamPath,
    pub start: Start,
    pub peer: Peer,
    pub lanes: Vec<Lane>,
    pub tracks: Tracks,
    /// Its place among the stream's viewers.
    pub admitted: Subscriber,
    /// Reads the stream once the peer is connected.
    pub reader: Option<Subscriber>,
    pub state: State,
}

/// What changes while a viewer watches.
pub(super) struct State {
    born: Instant,
    timeline: Timeline,
    edge: Edge,
    waiting: VecDeque<AccessUnit>,
    events: Vec<Event>,
    happened: Vec<Happened>,
    is_connected: bool,
    is_new_to_group: bool,
    entered: Option<Instant>,
    wants_key_frame: bool,
    source_lost: Option<Instant>,
    is_skipping: bool,
    skips: (Instant, u32),
    reached: Reached,
    gone: Option<&'static str>,
    look_at: Instant,
}

impl State {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            born: now,
            timeline: Timeline::default(),
            edge: Edge::default(),
            waiting: VecDeque::new(),
            events: Vec::new(),
            happened: Vec::new(),
            is_connected: false,
            is_new_to_group: false,
            entered: None,
            wants_key_frame: false,
            source_lost: None,
            is_skipping: false,
            skips: (now, 0),
            reached: Reached::Answered,
            gone: None,
            look_at: now,
        }
    }
}

impl Viewer {
    /// When it must be looked at.
    pub(super) fn deadline(&self) -> Instant {
        self.peer.deadline.min(self.state.look_at)
    }

    /// True when it is given media.
    pub(super) const fn is_connected(&self) -> bool {
        self.state.is_connected
    }

    /// Takes a datagram of its peer.
    pub(super) fn receive(&mut self, now: Instant, incoming: &Incoming) {
        self.peer.receive(now, incoming, &self.entry.counters);
        let transport: &'static str = incoming.protocol.into();
        if self.state.reached == Reached::Answered {
            self.reach(Reached::Heard, transport);
        }
        if self.state.reached == Reached::Connected && demux::is_rtcp(&incoming.data) {
            self.reach(Reached::Playing, transport);
        }
    }

    fn reach(&mut self, reached: Reached, transport: &'static str) {
        self.state.reached = reached;
        self.attempts.tell(&self.entry.id, |attempt| {
            (attempt.reached, attempt.transport) = (reached, Some(transport));
        });
    }

    /// Gives it what is there; `Some`: why it has to go.
    pub(super) fn serve(&mut self, now: Instant, with: &mut Serving<'_>) -> Option<&'static str> {
        if let Some(why) = self.over(now, with.config) {
            return Some(why);
        }
        if self.state.is_connected {
            if std::mem::take(&mut self.state.wants_key_frame) {
                with.metrics.restarts.inc();
                self.enter(now, with.hub, Start::Group);
            }
            self.take(now, with);
            self.give(now, with);
        }
        if self.peer.deadline <= now {
            self.poll(now, with);
        }
        if self.state.look_at <= now {
            self.tell_candidates();
        }
        let most = if self.state.waiting.is_empty() { LOOK_EVERY } else { BURST_EVERY };
        self.state.look_at = now + most;
        self.state.gone
    }

    fn may_restart(&self, now: Instant) -> bool {
        let entered = self.state.entered;
        entered.is_none_or(|at| now.saturating_duration_since(at) >= RESTART_EVERY)
    }

    fn over(&self, now: Instant, config: &Config) -> Option<&'static str> {
        let since = |at: Instant| now.saturating_duration_since(at);
        if self.entry.end.is_cancelled() {
            return Some("it was ended by hand");
        }
        if self.standing.as_ref().is_some_and(|standing| standing.ended().is_cancelled()) {
            return Some("the right to watch has ended");
        }
        if !self.state.is_connected && since(self.state.born) > config.connect_timeout {
            return Some("the peer did not connect");
        }
        if since(self.peer.heard) > config.silence_max {
            return Some("the peer is silent");
        }
        let lost = self.state.source_lost?;
        (since(lost) > config.reader_grace).then_some("the source is gone")
    }

    /// Stands at the newest group, or before the next one.
    fn enter(&mut self, now: Instant, hub: &Hub, start: Start) {
        if let Some(reader) = hub.subscribe(&self.path, start) {
            self.reader = Some(reader);
        }
        self.state.waiting.clear();
        self.state.is_new_to_group = start == Start::Group;
        self.state.edge = Edge::default();
        self.state.entered = Some(now);
    }

    /// Takes what the ring has.
    fn take(&mut self, now: Instant, with: &mut Serving<'_>) {
        let mut events = std::mem::take(&mut self.state.events);
        if let Some(reader) = &mut self.reader {
            reader.drain(&mut events);
        }
        for event in events.drain(..) {
            match event {
                Event::Tracks(tracks) => self.describe(tracks, with.packed),
                Event::Unit(unit) => self.state.waiting.push_back(unit),
                Event::Skipped(missed) => {
                    self.missed(missed, with.metrics);
                    self.count_skip(now);
                }
                Event::Ended => self.state.source_lost = Some(now),
            }
        }
        self.state.events = events;
        if self.state.is_new_to_group && !self.state.waiting.is_empty() {
            self.state.is_new_to_group = false;
            self.state.edge = Edge::of(&self.tracks, &self.state.waiting);
        }
    }

    fn describe(&mut self, tracks: Tracks, packed: &mut Packed) {
        self.state.source_lost = None;
        // Whoever enters a group anew is told what it knows: times go on.
        if !self.state.is_new_to_group || tracks != self.tracks {
            self.state.timeline.doubt();
        }
        if tracks == self.tracks {
            return;
        }
        packed.clear();
        for lane in &mut self.lanes {
            let is_video = lane.is_video;
            let mut all = tracks.all().iter();
            if !all.any(|track| track.parameters.is_video() == is_video && lane.follow(track)) {
                self.state.gone = Some("the stream has other codecs now");
            }
        }
        self.tracks = tracks;
        self.state.edge = Edge::default();
    }

    fn missed(&self, count: u64, metrics: &Metrics) {
        Counters::add(&self.entry.counters.outbound_frames_discarded, count);
        metrics.skipped.inc_by(count);
    }

    fn count_skip(&mut self, now: Instant) {
        let (since, count) = &mut self.state.skips;
        if now.saturating_duration_since(*since) > SKIPS_WITHIN {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        if *count > SKIPS_MAX {
            self.state.gone = Some("the viewer is too slow");
        }
    }

    /// Sends what waits, a burst at a time.
    fn give(&mut self, now: Instant, with: &mut Serving<'_>) {
        let mut bytes = 0;
        while bytes < BURST_BYTES {
            let Some(unit) = self.state.waiting.pop_front() else { break };
            if self.is_skipped(now, &unit) {
                self.missed(1, with.metrics);
                continue;
            }
            let Some(lane) = self.lanes.iter_mut().find(|lane| lane.track == unit.track) else {
                continue;
            };
            let Some((_, pts)) = self.state.edge.place(&self.tracks, &unit) else { continue };
            let time = (now, &mut self.state.timeline);
            bytes += lane.send((&unit, pts), time, (with.packed, &mut self.peer));
            self.poll(now, with);
        }
        if bytes > 0 {
            self.admitted.sent(bytes);
        }
    }

    /// A viewer whose connection is full is given nothing before the next key frame.
    fn is_skipped(&mut self, now: Instant, unit: &AccessUnit) -> bool {
        let is_entry = unit.key && self.tracks.lead().is_some_and(|lead| lead.id == unit.track);
        if self.peer.is_choked && !self.state.is_skipping {
            self.state.is_skipping = true;
            self.count_skip(now);
        }
        if is_entry && self.state.is_skipping {
            self.state.is_skipping = false;
            self.peer.is_choked = false;
        }
        self.state.is_skipping
    }

    fn poll(&mut self, now: Instant, with: &mut Serving<'_>) {
        let mut happened = std::mem::take(&mut self.state.happened);
        self.peer.poll(now, (with.outbox, &self.entry.counters), &mut happened);
        for one in happened.drain(..) {
            match one {
                Happened::Connected => self.connected(now, with.hub),
                // Peers ask again while they need one; right after a group they only have not seen it yet.
                Happened::KeyFrameWanted => self.state.wants_key_frame = self.may_restart(now),
                Happened::Gone(why) => self.state.gone = Some(why),
                Happened::Rtp(_) => {}
            }
        }
        self.state.happened = happened;
    }

    fn connected(&mut self, now: Instant, hub: &Hub) {
        self.state.is_connected = true;
        self.state.reached = Reached::Connected;
        self.attempts.tell(&self.entry.id, |attempt| attempt.reached = Reached::Connected);
        self.entry.tell(|facts| facts.is_established = true);
        self.enter(now, hub, self.start);
        // Served again at once.
        self.peer.deadline = now;
    }

    /// Says goodbye, and leaves a note why.
    pub(super) fn leave(mut self, why: &'static str, with: &mut Serving<'_>) {
        if !self.state.is_connected {
            with.metrics.unconnected.inc();
        }
        self.attempts.tell(&self.entry.id, |attempt| attempt.ended = Some(why));
        self.peer.close(with.outbox, &self.entry.counters);
        tracing::debug!(session = %self.entry.id, stream = %self.path, reason = why, "viewer left");
    }

    /// Tells the board which candidates are in use, once they are known.
    fn tell_candidates(&self) {
        if let Some((local, remote)) = self.peer.candidates_in_use() {
            self.entry.tell(|facts| {
                if facts.remote_candidate != remote {
                    (facts.local_candidate, facts.remote_candidate) = (local, remote);
                }
            });
        }
    }
}
