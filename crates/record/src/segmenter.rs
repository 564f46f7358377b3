//! Where a recording is cut. Pure: units in, fragments and segment borders out.
//!
//! The rules are in `docs/design/segments.md`: segments end at the first key frame at or after a
//! multiple of their duration on the wall clock, fragments last a second at most and begin at every
//! key frame, tracks are interleaved by time.

use std::collections::VecDeque;

use base::Wall;
use media::mp4::{Run, Sample};
use media::{AccessUnit, Ticks, Track, TrackId, Tracks};

use crate::wallmap::{Arrival, WallMap};

/// A fragment lasts at most this long.
const FRAGMENT_MICROS: i64 = 1_000_000;
/// A track is waited for this long before the others go on without it.
const INTERLEAVE_MICROS: i64 = 1_000_000;
/// Without a successor or a predecessor a unit is taken to last this long.
const LONE_UNIT_MICROS: i64 = 40_000;
/// The lead track's times may step this far before the run is ended as having a hole.
const HOLE_MICROS: i64 = 5_000_000;

/// A key-frame group longer than this is cut at a recovery point.
const LONG_GROUP_MICROS: i64 = 12_000_000;
/// A boundary waits this long for a key frame or recovery point.
const KEYLESS_MICROS: i64 = 60_000_000;

/// What to do next, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Begin a segment, at media time `start_us` of the run.
    Open { start: Wall, start_us: i64, tracks: Tracks },
    /// Append a fragment to the open segment, which then holds `duration_us` of media.
    Fragment { runs: Vec<Run>, duration_us: i64 },
    /// End the open segment.
    Seal { end: Wall, duration_us: i64 },
}

/// Whether a run can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Taken.
    Taken,
    /// The clocks were stepped or the media has a hole: finish this run and begin another with this
    /// unit.
    NewRun,
}

/// One recording run: from a description of tracks to its end.
pub(crate) struct Segmenter {
    segment_us: i64,
    tracks: Tracks,
    lanes: Vec<Lane>,
    lead: usize,
    not_before: Option<Wall>,
    map: Option<WallMap>,
    first_arrivals: Vec<Arrival>,
    open: Option<Open>,
    last_key_us: Option<i64>,
}

/// One track's units that wait for their successor or for the other tracks.
struct Lane {
    track: Track,
    waiting: VecDeque<AccessUnit>,
    last_duration: Option<u32>,
    newest_us: Option<i64>,
}

/// The segment that is being made.
struct Open {
    start_us: i64,
    boundary: Wall,
    end_us: i64,
    fragment: Vec<Run>,
    fragment_us: Option<i64>,
}

/// A unit whose duration is known.
struct Ready {
    lane: usize,
    unit: AccessUnit,
    at_us: i64,
    duration: u32,
}

impl Segmenter {
    /// A run of these tracks. Nothing is placed before `not_before`, the end of what is recorded.
    /// `None` when there is no track.
    pub(crate) fn new(segment_us: i64, tracks: Tracks, not_before: Option<Wall>) -> Option<Self> {
        let lead_id = tracks.lead()?.id;
        let lead = tracks.all().iter().position(|track| track.id == lead_id)?;
        let lane = |track: &Track| Lane {
            track: track.clone(),
            waiting: VecDeque::new(),
            last_duration: None,
            newest_us: None,
        };
        let lanes = tracks.all().iter().map(lane).collect();
        Some(Self {
            segment_us,
            tracks,
            lanes,
            lead,
            not_before,
            map: None,
            first_arrivals: Vec::new(),
            open: None,
            last_key_us: None,
        })
    }

    /// Takes a unit of this run.
    pub(crate) fn push(&mut self, unit: AccessUnit) -> Verdict {
        let Some((index, lane)) = find_lane(&mut self.lanes, unit.track) else {
            return Verdict::Taken;
        };
        let media_us = lane.track.timescale.to_micros(unit.dts);
        let step = lane.newest_us.map(|newest| media_us - newest);
        if index == self.lead && step.is_some_and(|step| !(0..=HOLE_MICROS).contains(&step)) {
            return Verdict::NewRun;
        }
        let arrival = Arrival { media_us, mono: unit.arrived, wall: unit.arrived_wall };
        match &mut self.map {
            Some(map) => {
                if !map.observe(arrival) {
                    return Verdict::NewRun;
                }
            }
            None => self.first_arrivals.push(arrival),
        }
        lane.newest_us = Some(media_us);
        lane.waiting.push_back(unit);
        Verdict::Taken
    }

    /// Gives out all that is complete.
    pub(crate) fn flush(&mut self, out: &mut Vec<Output>) {
        while let Some(ready) = self.next_ready(false) {
            self.place(ready, out);
        }
        self.end_fragment(out);
    }

    /// Ends the open segment at the next key frame if it holds at least `micros` of media.
    pub(crate) fn cut_soon(&mut self, micros: i64) {
        if let (Some(open), Some(map)) = (&mut self.open, &self.map)
            && open.end_us - open.start_us >= micros
        {
            open.boundary = open.boundary.min(map.wall(open.end_us));
        }
    }

    /// Gives out everything and ends the segment.
    pub(crate) fn finish(&mut self, out: &mut Vec<Output>) {
        while let Some(ready) = self.next_ready(true) {
            self.place(ready, out);
        }
        self.end_fragment(out);
        self.seal(None, out);
    }

    /// Takes the first unit in time that may go. At the `end` of a run all may, the last of each
    /// track with its predecessor's duration.
    fn next_ready(&mut self, end: bool) -> Option<Ready> {
        let (lane, at_us) = self.first_in_time()?;
        if !end && !self.others_have_passed(lane, at_us) {
            return None;
        }
        let waiting = self.lanes.get_mut(lane)?;
        let scale = waiting.track.timescale;
        let duration = match waiting.waiting.get(1) {
            Some(next) => ticks_to_u32(next.dts - waiting.waiting.front()?.dts),
            None if end => {
                let lone = || ticks_to_u32(scale.from_micros(LONE_UNIT_MICROS));
                waiting.last_duration.unwrap_or_else(lone)
            }
            None => return None,
        };
        waiting.last_duration = Some(duration);
        Some(Ready { lane, unit: waiting.waiting.pop_front()?, at_us, duration })
    }

    /// The lane whose oldest waiting unit is the earliest; the lead track wins a tie.
    fn first_in_time(&self) -> Option<(usize, i64)> {
        let oldest = |(index, lane): (usize, &Lane)| {
            let unit = lane.waiting.front()?;
            Some((lane.track.timescale.to_micros(unit.dts), index != self.lead, index))
        };
        let (at_us, _, index) = self.lanes.iter().enumerate().filter_map(oldest).min()?;
        Some((index, at_us))
    }

    /// True when no other track can still give an earlier unit, or has been waited for enough.
    fn others_have_passed(&self, lane: usize, at_us: i64) -> bool {
        let newest = self.lanes.iter().filter_map(|lane| lane.newest_us).max().unwrap_or(at_us);
        let waited_enough = newest - at_us > INTERLEAVE_MICROS;
        let passed = |other: &Lane| other.newest_us.is_some_and(|newest| newest >= at_us);
        waited_enough
            || self.lanes.iter().enumerate().all(|(index, other)| index == lane || passed(other))
    }

    fn place(&mut self, ready: Ready, out: &mut Vec<Output>) {
        let entry = ready.lane == self.lead && ready.unit.key;
        if entry {
            self.end_fragment(out);
        }
        if self.is_cut(&ready) {
            self.end_fragment(out);
            self.seal(Some(ready.at_us), out);
            self.begin(ready.at_us, out);
        } else if entry && self.open.is_none() {
            self.begin(ready.at_us, out);
        }
        if entry {
            self.last_key_us = Some(ready.at_us);
        }
        self.append(ready, out);
    }

    /// True when the segment ends before this unit: at a key frame, once its boundary has come; where key
    /// frames are too far apart, at a recovery point, and a minute later at any picture.
    fn is_cut(&self, ready: &Ready) -> bool {
        let (Some(open), Some(map)) = (&self.open, &self.map) else { return false };
        let past_us = map.wall(ready.at_us).micros_since(open.boundary);
        if ready.lane != self.lead || past_us < 0 {
            return false;
        }
        let group_us = self.last_key_us.map_or(0, |key| ready.at_us - key);
        let is_point = || {
            let lane = self.lanes.get(ready.lane);
            lane.is_some_and(|lane| lane.track.parameters.is_recovery_point(&ready.unit.data))
        };
        ready.unit.key || past_us >= KEYLESS_MICROS || (group_us > LONG_GROUP_MICROS && is_point())
    }

    fn begin(&mut self, start_us: i64, out: &mut Vec<Output>) {
        if self.map.is_none() {
            self.map = WallMap::new(&self.first_arrivals, start_us, self.not_before);
            self.first_arrivals = Vec::new();
        }
        let Some(map) = &self.map else { return };
        let start = map.wall(start_us);
        let next_boundary = (start.as_micros().div_euclid(self.segment_us) + 1) * self.segment_us;
        self.open = Some(Open {
            start_us,
            boundary: Wall::from_micros(next_boundary),
            end_us: start_us,
            fragment: Vec::new(),
            fragment_us: None,
        });
        out.push(Output::Open { start, start_us, tracks: self.tracks.clone() });
    }

    fn append(&mut self, ready: Ready, out: &mut Vec<Output>) {
        let Some(lane) = self.lanes.get(ready.lane) else { return };
        let scale = lane.track.timescale;
        // Sound from before the first picture has no segment to go to.
        let Some(open) = &mut self.open else { return };
        let end_us = scale.to_micros(ready.unit.dts + Ticks(i64::from(ready.duration)));
        let began = *open.fragment_us.get_or_insert(ready.at_us);
        if end_us - began > FRAGMENT_MICROS && !open.fragment.is_empty() {
            self.end_fragment(out);
            return self.append(ready, out);
        }
        let relative = ready.unit.dts - scale.from_micros(open.start_us);
        let offset = (ready.unit.pts - ready.unit.dts).0;
        let sample = Sample {
            data: ready.unit.data,
            duration: ready.duration,
            composition_offset: i32::try_from(offset).unwrap_or(0),
            key: ready.unit.key,
        };
        match open.fragment.iter_mut().find(|run| run.track == ready.unit.track) {
            Some(run) => run.samples.push(sample),
            None => open.fragment.push(Run {
                track: ready.unit.track,
                base_dts: relative.max(Ticks(0)),
                samples: vec![sample],
            }),
        }
        if ready.lane == self.lead {
            open.end_us = end_us;
        }
    }

    fn end_fragment(&mut self, out: &mut Vec<Output>) {
        let Some(open) = &mut self.open else { return };
        open.fragment_us = None;
        if !open.fragment.is_empty() {
            let mut runs = std::mem::take(&mut open.fragment);
            runs.sort_by_key(|run| run.track);
            out.push(Output::Fragment { runs, duration_us: open.end_us - open.start_us });
        }
    }

    /// Ends the open segment; at a cut, where the next one begins at `next_us`, the two touch.
    fn seal(&mut self, next_us: Option<i64>, out: &mut Vec<Output>) {
        let (Some(open), Some(map)) = (self.open.take(), &mut self.map) else { return };
        let duration_us = next_us.unwrap_or(open.end_us) - open.start_us;
        map.correct(duration_us);
        let end = map.wall(open.start_us + duration_us);
        out.push(Output::Seal { end, duration_us });
    }
}

fn find_lane(lanes: &mut [Lane], id: TrackId) -> Option<(usize, &mut Lane)> {
    lanes.iter_mut().enumerate().find(|(_, lane)| lane.track.id == id)
}

fn ticks_to_u32(ticks: Ticks) -> u32 {
    u32::try_from(ticks.0).unwrap_or(if ticks.0 < 0 { 0 } else { u32::MAX })
}

#[cfg(test)]
mod tests;
