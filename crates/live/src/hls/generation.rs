//! What follows one description of a stream: units gathered by track and cut at key frames.

use std::time::Duration;

use base::Wall;
use media::mp4::{Run, Sample};
use media::{AccessUnit, Ticks, Track, Tracks};

use super::Config;

/// A segment is cut at any picture once it is this long: the group is too long for a playlist.
const LONGEST: Duration = Duration::from_secs(60);

pub(super) struct Generation {
    tracks: Tracks,
    lanes: Vec<Lane>,
    lead: usize,
    /// The decode time that the first picture gets.
    first_time_us: i64,
    /// Media and wall time of the first picture.
    zero_us: Option<i64>,
    zero_wall: Wall,
    segment_start_us: i64,
}

struct Lane {
    track: Track,
    newest: Option<AccessUnit>,
    /// Those of this segment whose successor is known.
    units: Vec<AccessUnit>,
}

/// What lies between two cuts.
pub(super) struct Cut {
    pub(super) duration: Duration,
    pub(super) start: Wall,
    /// Added to media times to give decode times, in microseconds.
    pub(super) shift_us: i64,
    lanes: Vec<CutLane>,
}

struct CutLane {
    track: Track,
    units: Vec<AccessUnit>,
    /// Decode time of the unit behind the last.
    end: Ticks,
}

impl Generation {
    /// Nothing yet; `None` when there are no tracks.
    pub(super) fn new(tracks: &Tracks, first_time_us: i64) -> Option<Self> {
        let lead_id = tracks.lead()?.id;
        let lane = |track: &Track| Lane { track: track.clone(), newest: None, units: Vec::new() };
        Some(Self {
            tracks: tracks.clone(),
            lanes: tracks.all().iter().map(lane).collect(),
            lead: tracks.all().iter().position(|track| track.id == lead_id)?,
            first_time_us,
            zero_us: None,
            zero_wall: Wall::default(),
            segment_start_us: 0,
        })
    }

    pub(super) const fn tracks(&self) -> &Tracks {
        &self.tracks
    }

    /// Takes a unit. What is before it, when it begins a new segment; it is part of the next.
    pub(super) fn push(&mut self, unit: AccessUnit, config: &Config) -> Option<Cut> {
        let index = self.lanes.iter().position(|lane| lane.track.id == unit.track)?;
        let cut = index == self.lead && self.is_due(&unit, config);
        self.take(index, unit);
        if cut { self.cut() } else { None }
    }

    /// True when the unit, of the leading track, begins a new segment.
    fn is_due(&self, unit: &AccessUnit, config: &Config) -> bool {
        let Some(lane) = self.lanes.get(self.lead) else { return false };
        if self.zero_us.is_none() {
            return false;
        }
        let at_us = lane.track.timescale.to_micros(unit.dts);
        let length = span(at_us - self.segment_start_us);
        (unit.key && length >= config.segment) || length >= LONGEST
    }

    fn take(&mut self, index: usize, unit: AccessUnit) {
        let is_lead = index == self.lead;
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let at_us = lane.track.timescale.to_micros(unit.dts);
        if is_lead {
            let zero_us = *self.zero_us.get_or_insert_with(|| {
                self.segment_start_us = at_us;
                self.zero_wall = unit.arrived_wall;
                at_us
            });
            // The least delayed arrival tells when the first picture was taken; it is settled when
            // the first segment is cut.
            if self.segment_start_us == zero_us {
                self.zero_wall = self.zero_wall.min(unit.arrived_wall.plus_micros(zero_us - at_us));
            }
        }
        if self.zero_us.is_some()
            && let Some(last) = lane.newest.replace(unit)
        {
            lane.units.push(last);
        }
    }

    /// The decode time at which the next segment begins.
    pub(super) fn time_us(&self) -> i64 {
        self.first_time_us + self.segment_start_us - self.zero_us.unwrap_or(self.segment_start_us)
    }

    /// Ends the segment before the newest unit of the leading track.
    fn cut(&mut self) -> Option<Cut> {
        let lead = self.lanes.get(self.lead)?;
        let next_us = lead.track.timescale.to_micros(lead.newest.as_ref()?.dts);
        let zero_us = self.zero_us?;
        let lanes = self.lanes.iter_mut().filter_map(|lane| {
            Some(CutLane {
                track: lane.track.clone(),
                units: std::mem::take(&mut lane.units),
                end: lane.newest.as_ref()?.dts,
            })
        });
        let cut = Cut {
            duration: span(next_us - self.segment_start_us),
            start: self.zero_wall.plus_micros(self.segment_start_us - zero_us),
            shift_us: self.first_time_us - zero_us,
            lanes: lanes.filter(|lane| !lane.units.is_empty()).collect(),
        };
        self.segment_start_us = next_us;
        Some(cut)
    }
}

impl Cut {
    /// The units by track, as a fragment has them.
    pub(super) fn runs(&self) -> Vec<Run> {
        let run = |lane: &CutLane| {
            let shift = lane.track.timescale.from_micros(self.shift_us);
            let next = lane.units.iter().skip(1).map(|unit| unit.dts).chain([lane.end]);
            let sample = |(unit, next): (&AccessUnit, Ticks)| Sample {
                duration: u32::try_from((next - unit.dts).0).unwrap_or(0),
                composition_offset: i32::try_from((unit.pts - unit.dts).0).unwrap_or(0),
                key: unit.key,
                data: unit.data.clone(),
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
    pub(super) fn units(&self) -> Vec<&AccessUnit> {
        let mut all: Vec<(i64, &AccessUnit)> = Vec::new();
        for lane in &self.lanes {
            let scale = lane.track.timescale;
            all.extend(lane.units.iter().map(|unit| (scale.to_micros(unit.dts), unit)));
        }
        all.sort_by_key(|(at_us, _)| *at_us);
        all.into_iter().map(|(_, unit)| unit).collect()
    }
}

fn span(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
