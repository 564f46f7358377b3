//! What follows one description of a stream: units gathered by track, closed into parts, and cut into
//! segments at key frames. Pure.
//!
//! A part is closed when its last picture is there, not when the next one comes: how long that picture
//! lasts is predicted, and the next part begins where it really begins.

use std::time::Duration;

use base::Wall;
use media::mp4::{Run, Sample};
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, Tracks};

use super::Config;
use super::sets::with_sets;

/// A segment is cut at any picture once it is this long: the group is too long for a playlist.
const LONGEST_MICROS: i64 = 60_000_000;
/// How long a picture or a frame of sound is believed to last before two are there.
const LIKELY_MICROS: i64 = 40_000;
/// Sound without pictures is not gathered beyond this many frames.
const FRAMES_MAX: usize = 4_096;

pub(crate) struct Generation {
    tracks: Tracks,
    lanes: Vec<Lane>,
    lead: usize,
    /// Parts last about this long; `None`: as long as their segment.
    part_micros: Option<i64>,
    segment_micros: i64,
    /// The decode time that the first picture gets.
    first_time_us: i64,
    /// Media and wall time of the first picture.
    zero_us: Option<i64>,
    zero_wall: Wall,
    /// The least delay with which a picture of this segment arrived, against `zero_wall`.
    delay_us: Option<i64>,
    segment_start_us: i64,
    part_start_us: i64,
    /// Pictures since the last key frame, and in the group before.
    group_len: u32,
    last_group_len: u32,
}

struct Lane {
    track: Track,
    /// Those of the part that is being gathered.
    units: Vec<AccessUnit>,
    /// Decode time of the newest unit.
    newest: Option<Ticks>,
    /// How long one lasts.
    lasts: Ticks,
    /// Where the unit behind the newest is, or is expected.
    end: Ticks,
}

/// What a unit completes.
pub(crate) enum Output {
    /// A part.
    Part(Part),
    /// The segment that all parts since the last one make.
    Segment {
        /// From its first picture to the first of the next.
        duration: Duration,
    },
}

/// The units of a part.
pub(crate) struct Part {
    pub(crate) duration: Duration,
    /// Wall time of the first picture of its segment.
    pub(crate) segment_start: Wall,
    /// When its newest picture arrived.
    pub(crate) newest: Wall,
    /// It begins with a key frame.
    pub(crate) independent: bool,
    /// Added to media times to give decode times, in microseconds.
    pub(crate) shift_us: i64,
    lanes: Vec<PartLane>,
}

struct PartLane {
    track: Track,
    units: Vec<AccessUnit>,
    /// Decode time of the unit behind the last: known or expected.
    end: Ticks,
}

impl Generation {
    /// Nothing yet; `None` when there are no tracks. Without `parts` a part is a whole segment.
    pub(crate) fn new(
        tracks: &Tracks,
        config: &Config,
        parts: bool,
        first_time_us: i64,
    ) -> Option<Self> {
        let lead_id = tracks.lead()?.id;
        Some(Self {
            tracks: tracks.clone(),
            lanes: tracks.all().iter().map(Lane::new).collect(),
            lead: tracks.all().iter().position(|track| track.id == lead_id)?,
            part_micros: parts.then(|| micros(config.part)),
            segment_micros: micros(config.segment),
            first_time_us,
            zero_us: None,
            zero_wall: Wall::default(),
            delay_us: None,
            segment_start_us: 0,
            part_start_us: 0,
            group_len: 0,
            last_group_len: 0,
        })
    }

    pub(crate) const fn tracks(&self) -> &Tracks {
        &self.tracks
    }

    /// The decode time behind all that was given.
    pub(crate) fn time_us(&self) -> i64 {
        let end = self.lanes.get(self.lead).and_then(Lane::end_us);
        self.first_time_us + self.zero_us.zip(end).map_or(0, |(zero, end)| end - zero)
    }

    /// Takes a unit, and adds to `out` what it completes: the segment before it, the part that it ends.
    pub(crate) fn push(&mut self, unit: AccessUnit, out: &mut Vec<Output>) {
        let Some(index) = self.lanes.iter().position(|lane| lane.track.id == unit.track) else {
            return;
        };
        if index != self.lead {
            if let Some(lane) = self.lanes.get_mut(index).filter(|_| self.zero_us.is_some()) {
                lane.take(unit);
            }
            return;
        }
        let Some(at_us) = self.lanes.get(index).map(|lane| lane.micros(unit.dts)) else { return };
        self.settle(at_us, unit.arrived_wall);
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.measure(unit.dts);
        }
        self.end_before(at_us, unit.key, out);
        self.group_len = if unit.key { 1 } else { self.group_len.saturating_add(1) };
        if let Some(lane) = self.lanes.get_mut(index) {
            if lane.units.is_empty() {
                self.part_start_us = at_us;
            }
            lane.take(unit);
        }
        if self.is_part_whole() {
            out.extend(self.close_part().map(Output::Part));
        }
    }

    /// Closes what is gathered, as if nothing came after it.
    pub(crate) fn flush(&mut self, out: &mut Vec<Output>) {
        out.extend(self.close_part().map(Output::Part));
    }

    /// A part of these units, whose times may not be those that they came with. Each lasts until the next of
    /// its track.
    pub(crate) fn part_of(&self, units: Vec<AccessUnit>) -> Option<Part> {
        let lead = self.lanes.get(self.lead)?.track.id;
        let last = units.iter().rfind(|unit| unit.track == lead)?;
        let mut part = Part {
            duration: Duration::ZERO,
            segment_start: last.arrived_wall,
            newest: last.arrived_wall,
            independent: true,
            shift_us: self.first_time_us - self.zero_us?,
            lanes: Vec::new(),
        };
        for lane in &self.lanes {
            let of_lane = |unit: &&AccessUnit| unit.track == lane.track.id;
            let units: Vec<_> = units.iter().filter(of_lane).cloned().collect();
            if let Some(last) = units.last() {
                let end = last.dts + lane.lasts;
                part.lanes.push(PartLane { track: lane.track.clone(), units, end });
            }
        }
        Some(part)
    }

    /// Where the first picture lies, and when it was taken: the least delayed arrival tells, and is
    /// settled when the first segment is cut. Later it follows the camera's clock slowly.
    fn settle(&mut self, at_us: i64, arrived: Wall) {
        let zero_us = *self.zero_us.get_or_insert_with(|| {
            (self.segment_start_us, self.part_start_us) = (at_us, at_us);
            self.zero_wall = arrived;
            at_us
        });
        let delay = arrived.plus_micros(zero_us - at_us).micros_since(self.zero_wall);
        self.delay_us = Some(self.delay_us.map_or(delay, |known| known.min(delay)));
        if self.segment_start_us == zero_us && delay < 0 {
            self.zero_wall = self.zero_wall.plus_micros(delay);
            self.delay_us = Some(0);
        }
    }

    /// Ends what lies before a unit of the leading track at `at_us`.
    fn end_before(&mut self, at_us: i64, key: bool, out: &mut Vec<Output>) {
        let length = at_us - self.segment_start_us;
        let is_due = (key && length >= self.segment_micros) || length >= LONGEST_MICROS;
        if key {
            self.last_group_len = self.group_len;
        }
        let is_late = self.part_micros.is_some_and(|part| at_us - self.part_start_us >= part);
        if is_due || is_late {
            out.extend(self.close_part().map(Output::Part));
        }
        if is_due && length > 0 {
            out.push(Output::Segment { duration: span(length) });
            self.segment_start_us = at_us;
            let delay = self.delay_us.take().unwrap_or_default();
            self.zero_wall = self.zero_wall.plus_micros(delay / 16);
        }
    }

    /// True when the part should not wait for another picture: that would be further from its length,
    /// or, as the groups have been so far, begins the next segment.
    fn is_part_whole(&self) -> bool {
        let Some(part) = self.part_micros else { return false };
        let Some(lane) = self.lanes.get(self.lead) else { return false };
        let Some(end_us) = lane.end_us().filter(|_| !lane.units.is_empty()) else { return false };
        let lasts = lane.micros(lane.lasts);
        let key_is_next = self.group_len == self.last_group_len
            && end_us - self.segment_start_us >= self.segment_micros;
        key_is_next || end_us - self.part_start_us >= part - lasts / 2
    }

    fn close_part(&mut self) -> Option<Part> {
        let zero_us = self.zero_us?;
        let lead = self.lanes.get(self.lead)?;
        let (first, last) = (lead.units.first()?, lead.units.last()?);
        let part = Part {
            duration: span(lead.end_us()? - lead.micros(first.dts)),
            segment_start: self.zero_wall.plus_micros(self.segment_start_us - zero_us),
            newest: last.arrived_wall,
            independent: first.key,
            shift_us: self.first_time_us - zero_us,
            lanes: Vec::new(),
        };
        let lanes = self.lanes.iter_mut().filter(|lane| !lane.units.is_empty());
        let lanes = lanes.map(Lane::close).collect();
        Some(Part { lanes, ..part })
    }
}

impl Lane {
    fn new(track: &Track) -> Self {
        Self {
            track: track.clone(),
            units: Vec::new(),
            newest: None,
            end: Ticks(0),
            lasts: lasts(&track.parameters, track.timescale),
        }
    }

    fn micros(&self, at: Ticks) -> i64 {
        self.track.timescale.to_micros(at)
    }

    /// Learns how long the newest unit lasted from where the next one is. After a pause it is believed
    /// to have lasted not much longer than those before.
    fn measure(&mut self, next: Ticks) {
        if let Some(newest) = self.newest.filter(|newest| *newest < next) {
            self.lasts = (next - newest).min(Ticks(self.lasts.0.saturating_mul(4)));
            self.end = newest + self.lasts;
        }
        self.newest = Some(next);
    }

    fn take(&mut self, unit: AccessUnit) {
        if self.newest != Some(unit.dts) {
            self.measure(unit.dts);
        }
        if self.units.len() >= FRAMES_MAX {
            self.units.clear();
        }
        self.end = unit.dts + self.lasts;
        self.units.push(unit);
    }

    fn end_us(&self) -> Option<i64> {
        self.newest.map(|_| self.micros(self.end))
    }

    fn close(&mut self) -> PartLane {
        let units = std::mem::take(&mut self.units);
        PartLane { track: self.track.clone(), units, end: self.end }
    }
}

/// How long a unit lasts as far as its parameters say.
fn lasts(parameters: &Parameters, scale: Timescale) -> Ticks {
    let rate = parameters.frame_rate().filter(|(rate, _)| *rate > 0);
    let picture = rate.map(|(rate, ticks)| i64::from(ticks) * 1_000_000 / i64::from(rate));
    scale.from_micros(picture.unwrap_or(LIKELY_MICROS).clamp(1_000, 1_000_000))
}

impl Part {
    /// The units by track, as a fragment has them.
    pub(crate) fn runs(&self) -> Vec<Run> {
        let run = |lane: &PartLane| {
            let shift = lane.track.timescale.from_micros(self.shift_us);
            let next = lane.units.iter().skip(1).map(|unit| unit.dts).chain([lane.end]);
            let sample = |(unit, next): (&AccessUnit, Ticks)| Sample {
                duration: u32::try_from((next - unit.dts).0).unwrap_or(0),
                composition_offset: i32::try_from((unit.pts - unit.dts).0).unwrap_or(0),
                key: unit.key,
                data: with_sets(&lane.track.parameters, unit),
            };
            let first = lane.units.first().map_or(lane.end, |unit| unit.dts);
            Run {
                track: lane.track.id,
                base_dts: (first + shift).max(Ticks(0)),
                samples: lane.units.iter().zip(next).map(sample).collect(),
            }
        };
        self.lanes.iter().map(run).collect()
    }

    /// All units in the order of their decode times.
    pub(crate) fn units(&self) -> Vec<&AccessUnit> {
        let mut all: Vec<(i64, &AccessUnit)> = Vec::new();
        for lane in &self.lanes {
            let scale = lane.track.timescale;
            all.extend(lane.units.iter().map(|unit| (scale.to_micros(unit.dts), unit)));
        }
        all.sort_by_key(|(at_us, _)| *at_us);
        all.into_iter().map(|(_, unit)| unit).collect()
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(LONGEST_MICROS)
}

fn span(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
