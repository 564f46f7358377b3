//! What a reader gets of its stream: access units of the hub become its packets. Pure but for the hub's
//! handle: events and time in, packets out.

use std::collections::VecDeque;
use std::time::Duration;

use base::Mono;
use hub::{Event, Subscriber};
use media::{AccessUnit, TrackId, Tracks};

use super::clock::Clock;
use super::lane::{Lane, Packet};
use crate::edge::Edge;

/// A reader that skips so often within [`SKIPS_WITHIN`] is ended.
const SKIPS_MAX: usize = 5;
const SKIPS_WITHIN: Duration = Duration::from_secs(60);
/// Bytes of the first group that are sent at once, and a unit.
const AT_ONCE: usize = 96 << 10;

/// A reader that plays.
pub(super) struct Reader {
    pub(super) subscriber: Subscriber,
    tracks: Tracks,
    edge: Edge,
    /// What the ring held at the start, or while the reader was too slow.
    backlog: VecDeque<Event>,
    clock: Clock,
    lag_max: Duration,
    /// Units are left out until a key frame.
    waits_for_key: bool,
    skips: VecDeque<Mono>,
    /// The source is lost since.
    lost_at: Option<Mono>,
    /// Units of the first group may be old.
    first: usize,
}

/// What came of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Units that were left out because the reader is too slow.
    pub(super) skipped: u64,
    /// Pictures that RTP cannot carry.
    pub(super) unsendable: u64,
    /// A skip began.
    pub(super) skips: bool,
    /// Why the reader must be ended.
    pub(super) end: Option<Ended>,
}

/// Why a reader is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It skipped again and again.
    TooSlow,
    /// The stream's codecs are others than it was told.
    Changed,
}

impl Reader {
    /// A reader at the live edge of what `subscriber` holds. `tracks` is the description that the peer
    /// was given.
    pub(super) fn new(mut subscriber: Subscriber, tracks: Tracks, lag_max: Duration) -> Self {
        let mut backlog = Vec::new();
        subscriber.drain(&mut backlog);
        let units = backlog.iter().filter_map(|event| match event {
            Event::Unit(unit) => Some(unit),
            _ => None,
        });
        let newest = backlog.iter().rev().find_map(|event| match event {
            Event::Tracks(tracks) => Some(tracks.clone()),
            _ => None,
        });
        let tracks = newest.unwrap_or(tracks);
        let edge = Edge::of(&tracks, units.clone());
        let mut clock = Clock::default();
        for unit in units {
            let scale = tracks.get(unit.track).map(|track| track.timescale);
            let _ = scale.map(|scale| clock.note(scale.to_micros(unit.dts), unit));
        }
        clock.settle();
        Self {
            subscriber,
            edge,
            clock,
            lag_max,
            waits_for_key: false,
            skips: VecDeque::new(),
            lost_at: None,
            first: backlog.len(),
            backlog: backlog.into(),
            tracks,
        }
    }

    /// Finds the tracks of the lanes in what the stream is now.
    pub(super) fn meet(&self, lanes: &mut [Lane]) -> bool {
        meet(&self.tracks, lanes)
    }

    /// The media time of the first packet, microseconds; `None` when nothing is there yet.
    pub(super) fn first_micros(&self) -> Option<i64> {
        self.backlog.iter().find_map(|event| {
            let Event::Unit(unit) = event else { return None };
            let scale = self.tracks.get(unit.track)?.timescale;
            let (_, pts) = self.edge.place(&self.tracks, unit)?;
            Some(scale.to_micros(pts))
        })
    }

    /// Some of what the ring held at the start, as packets in `out`.
    pub(super) fn take_backlog(
        &mut self,
        now: Mono,
        lanes: &mut [Lane],
        out: &mut Vec<Packet>,
    ) -> Taken {
        let mut all = Taken::default();
        while out.iter().map(Packet::len).sum::<usize>() < AT_ONCE {
            let Some(event) = self.backlog.pop_front() else { break };
            let taken = self.take(now, event, lanes, out);
            self.first = self.first.saturating_sub(1);
            all.skipped += taken.skipped;
            all.unsendable += taken.unsendable;
            all.skips |= taken.skips;
            all.end = all.end.or(taken.end);
        }
        all
    }

    /// True when something is there without waiting.
    pub(super) fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// How long the source has been lost.
    pub(super) fn lost_for(&self, now: Mono) -> Option<Duration> {
        self.lost_at.map(|at| now.since(at))
    }

    /// An event of the hub, as packets in `out`.
    pub(super) fn take(
        &mut self,
        now: Mono,
        event: Event,
        lanes: &mut [Lane],
        out: &mut Vec<Packet>,
    ) -> Taken {
        match event {
            Event::Unit(unit) => self.take_unit(now, &unit, lanes, out),
            Event::Tracks(tracks) => {
                self.lost_at = None;
                let fits = meet(&tracks, lanes);
                // That of the first group is what clock and edge were made with.
                if self.first == 0 {
                    self.clock.renew();
                    self.edge = Edge::default();
                }
                self.tracks = tracks;
                Taken { end: (!fits).then_some(Ended::Changed), ..Taken::default() }
            }
            Event::Skipped(missed) => self.skip(now, missed),
            Event::Ended => {
                self.lost_at = Some(now);
                Taken::default()
            }
        }
    }

    /// Notes that the reader missed units.
    fn skip(&mut self, now: Mono, missed: u64) -> Taken {
        while self.skips.front().is_some_and(|at| now.since(*at) > SKIPS_WITHIN) {
            self.skips.pop_front();
        }
        self.skips.push_back(now);
        let end = (self.skips.len() >= SKIPS_MAX).then_some(Ended::TooSlow);
        Taken { skipped: missed, skips: true, end, ..Taken::default() }
    }

    fn take_unit(
        &mut self,
        now: Mono,
        unit: &AccessUnit,
        lanes: &mut [Lane],
        out: &mut Vec<Packet>,
    ) -> Taken {
        let is_late = self.first == 0 && now.since(unit.arrived) > self.lag_max;
        if self.waits_for_key {
            let is_entry = unit.key && self.tracks.lead().is_some_and(|lead| lead.id == unit.track);
            if is_late || !is_entry {
                return Taken { skipped: 1, ..Taken::default() };
            }
            self.waits_for_key = false;
        } else if is_late {
            self.waits_for_key = true;
            return self.skip(now, 1);
        }
        let is_sent = self.send(now, unit, lanes, out);
        Taken { unsendable: u64::from(!is_sent), ..Taken::default() }
    }

    /// False for a picture that RTP cannot carry.
    fn send(
        &mut self,
        now: Mono,
        unit: &AccessUnit,
        lanes: &mut [Lane],
        out: &mut Vec<Packet>,
    ) -> bool {
        let Some(track) = self.tracks.get(unit.track) else { return true };
        let Some((dts, pts)) = self.edge.place(&self.tracks, unit) else { return true };
        if self.first == 0
            && let Some(shift) = self.clock.note(track.timescale.to_micros(dts), unit)
        {
            lanes.iter_mut().for_each(|lane| lane.shift(shift));
        }
        let Some(lane) = lanes.iter_mut().find(|lane| lane.track == Some(unit.track)) else {
            return true;
        };
        let payloads = unit.payloads(&track.parameters);
        lane.pack(pts, payloads, out);
        let micros = track.timescale.to_micros(dts);
        out.extend(lane.report(now, micros, self.clock.wall(micros)));
        !(payloads.is_empty() && lane.is_video())
    }

    /// The last words of all lanes.
    pub(super) fn bye(&self, lanes: &[Lane], out: &mut Vec<Packet>) {
        let micros = self.clock.newest();
        out.extend(lanes.iter().map(|lane| lane.bye(micros, self.clock.wall(micros))));
    }
}

/// Gives each lane its track of `tracks`; false when a lane of pictures, or the only one, has none.
fn meet(tracks: &Tracks, lanes: &mut [Lane]) -> bool {
    let mut taken: Vec<TrackId> = Vec::new();
    let lead = tracks.lead().map(|lead| lead.id);
    for lane in lanes.iter_mut() {
        lane.track = lane.find(tracks, &taken);
        taken.extend(lane.track);
    }
    // Sound may come and go; without the pictures that were set up there is nothing to watch.
    let has_pictures = lanes.iter().any(Lane::is_video);
    let any = lanes.iter().any(|lane| lane.track.is_some());
    let with_lead = lanes.iter().any(|lane| lane.track.is_some() && lane.track == lead);
    if has_pictures { with_lead } else { any }
}

#[cfg(test)]
mod tests;
