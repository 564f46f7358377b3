//! Units in, segments and playlists out. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use base::Wall;
use bytes::{Bytes, BytesMut};
use media::m3u8::{self, Media, Multivariant};
use media::mp4::{self, Run, Sample};
use media::{AccessUnit, Ticks, Track, Tracks};

use super::Config;

/// Segments that have left the playlist and can still be fetched by who read it before.
const SEGMENTS_BEHIND: usize = 4;
/// After a loss decode times go on this much later: players that do not look at discontinuities, and
/// sound that led the pictures, must not go back.
const PAUSE_MICROS: i64 = 500_000;
/// Initialisation segments that are kept: of the parameters that the window may still need.
const INITS_MAX: usize = 4;
/// Decode times begin here, so that sound that leads the first picture has a time of its own.
const FIRST_TIME_MICROS: i64 = 10_000_000;
/// A segment is cut at any picture once it is this long: the group is too long for a playlist.
const LONGEST: Duration = Duration::from_secs(60);

/// One path's segments.
pub(super) struct Muxer {
    config: Config,
    generation: u64,
    run: Option<Generation>,
    inits: VecDeque<(u64, Bytes)>,
    window: VecDeque<Segment>,
    next_number: u64,
    discontinuities_gone: u64,
    discontinuity: bool,
    /// Where the next description's decode times begin.
    next_time_us: i64,
}

/// What follows one description of the stream.
struct Generation {
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
    base_dts: Ticks,
    samples: Vec<Sample>,
}

struct Segment {
    number: u64,
    generation: u64,
    duration: Duration,
    start: Wall,
    bytes: Bytes,
    discontinuity: bool,
}

impl Muxer {
    pub(super) const fn new(config: Config) -> Self {
        Self {
            config,
            generation: 0,
            run: None,
            inits: VecDeque::new(),
            window: VecDeque::new(),
            next_number: 0,
            discontinuities_gone: 0,
            discontinuity: false,
            next_time_us: FIRST_TIME_MICROS,
        }
    }

    /// A new description: what follows does not continue what came before.
    pub(super) fn describe(&mut self, tracks: &Tracks) {
        self.run = None;
        let Ok(init) = mp4::init_segment(tracks) else { return };
        let lead_id = tracks.lead().map(|track| track.id);
        let Some(lead) = tracks.all().iter().position(|track| Some(track.id) == lead_id) else {
            return;
        };
        self.discontinuity = !self.window.is_empty();
        self.generation += 1;
        self.inits.push_back((self.generation, init));
        if self.inits.len() > INITS_MAX {
            self.inits.pop_front();
        }
        let lane = |track: &Track| Lane {
            track: track.clone(),
            newest: None,
            base_dts: Ticks(0),
            samples: Vec::new(),
        };
        self.run = Some(Generation {
            tracks: tracks.clone(),
            lanes: tracks.all().iter().map(lane).collect(),
            lead,
            first_time_us: self.next_time_us,
            zero_us: None,
            zero_wall: Wall::default(),
            segment_start_us: 0,
        });
    }

    /// Units are missing: what is begun is dropped, the next one is a key frame.
    pub(super) fn interrupt(&mut self) {
        if let Some(run) = self.run.take() {
            self.describe(&run.tracks);
        }
    }

    /// Takes a unit. True when a segment was finished by it.
    pub(super) fn push(&mut self, unit: AccessUnit) -> bool {
        let Some(run) = &mut self.run else { return false };
        let Some(index) = run.lanes.iter().position(|lane| lane.track.id == unit.track) else {
            return false;
        };
        let cut = index == run.lead && run.is_due(&unit, &self.config);
        run.take(index, unit);
        cut && self.finish_segment()
    }

    fn finish_segment(&mut self) -> bool {
        let Some(run) = &mut self.run else { return false };
        let Some((duration, start, bytes)) = run.cut(self.next_number) else { return false };
        self.next_time_us = run.time_us() + PAUSE_MICROS;
        let discontinuity = std::mem::take(&mut self.discontinuity);
        let (number, generation) = (self.next_number, self.generation);
        self.window.push_back(Segment {
            number,
            generation,
            duration,
            start,
            bytes,
            discontinuity,
        });
        self.next_number += 1;
        while self.window.len() > self.config.segments + SEGMENTS_BEHIND {
            self.window.pop_front();
        }
        // What has just left the playlist takes its discontinuity along.
        let left = self.window.len().checked_sub(self.config.segments + 1);
        let left = left.and_then(|index| self.window.get(index));
        self.discontinuities_gone += u64::from(left.is_some_and(|segment| segment.discontinuity));
        true
    }

    /// True when there is something to play.
    pub(super) fn is_ready(&self) -> bool {
        !self.window.is_empty()
    }

    /// The media playlist of the newest `segments` (all that the settings keep, when `None`).
    pub(super) fn media(&self) -> String {
        let skip = self.window.len().saturating_sub(self.config.segments);
        let segments: Vec<m3u8::Segment> =
            self.window.iter().skip(skip).map(Segment::entry).collect();
        let sequence = self.window.get(skip).map_or(0, |segment| segment.number);
        // The longest that is still known, so that the target hardly ever changes.
        let target = self.window.iter().map(|segment| segment.duration).max().unwrap_or_default();
        let discontinuity_sequence = self.discontinuities_gone;
        let target = target.max(self.config.segment);
        Media { sequence, discontinuity_sequence, target, segments: &segments, ended: false }
            .write()
    }

    /// The multivariant playlist, which names the media playlist `uri`.
    pub(super) fn multivariant(&self, uri: &str) -> Option<String> {
        let tracks = &self.run.as_ref()?.tracks;
        let video = tracks.video().map(|track| &track.parameters);
        let resolution = video.and_then(media::Parameters::size);
        let frame_rate = video.and_then(media::Parameters::frame_rate);
        let frame_rate = frame_rate.map(|(scale, ticks)| f64::from(scale) / f64::from(ticks));
        let peak = |segment: &Segment| {
            let millis = u64::try_from(segment.duration.as_millis()).unwrap_or(u64::MAX).max(1);
            segment.bytes.len() as u64 * 8_000 / millis
        };
        let bandwidth = self.window.iter().map(peak).max().unwrap_or(0);
        let codecs = tracks.rfc6381();
        Some(Multivariant { uri, codecs: &codecs, bandwidth, resolution, frame_rate }.write())
    }

    /// An initialisation segment by its name's number.
    pub(super) fn init(&self, generation: u64) -> Option<Bytes> {
        self.inits.iter().find(|(known, _)| *known == generation).map(|(_, bytes)| bytes.clone())
    }

    /// A segment by its number.
    pub(super) fn segment(&self, number: u64) -> Option<Bytes> {
        self.window
            .iter()
            .find(|segment| segment.number == number)
            .map(|segment| segment.bytes.clone())
    }
}

impl Segment {
    fn entry(&self) -> m3u8::Segment {
        m3u8::Segment {
            uri: format!("seg{}.m4s", self.number),
            duration: self.duration,
            start: self.start,
            init: format!("init{}.mp4", self.generation),
            discontinuity: self.discontinuity,
        }
    }
}

impl Generation {
    /// True when the unit, of the leading track, begins a new segment.
    fn is_due(&self, unit: &AccessUnit, config: &Config) -> bool {
        let Some(lane) = self.lanes.get(self.lead) else { return false };
        if self.zero_us.is_none() {
            return false;
        }
        let at_us = lane.track.timescale.to_micros(unit.dts);
        let length =
            Duration::from_micros(u64::try_from(at_us - self.segment_start_us).unwrap_or(0));
        (unit.key && length >= config.segment) || length >= LONGEST
    }

    fn take(&mut self, index: usize, unit: AccessUnit) {
        let is_lead = index == self.lead;
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let scale = lane.track.timescale;
        let at_us = scale.to_micros(unit.dts);
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
        let Some(zero_us) = self.zero_us else { return };
        if let Some(last) = lane.newest.replace(unit) {
            if lane.samples.is_empty() {
                lane.base_dts = last.dts - scale.from_micros(zero_us - self.first_time_us);
            }
            let next = lane.newest.as_ref().map_or(last.dts, |next| next.dts);
            lane.samples.push(Sample {
                duration: u32::try_from((next - last.dts).0).unwrap_or(0),
                composition_offset: i32::try_from((last.pts - last.dts).0).unwrap_or(0),
                key: last.key,
                data: last.data,
            });
        }
    }

    /// The decode time at which the next segment begins.
    fn time_us(&self) -> i64 {
        self.first_time_us + self.segment_start_us - self.zero_us.unwrap_or(self.segment_start_us)
    }

    /// Ends the segment before the newest unit of the leading track.
    fn cut(&mut self, number: u64) -> Option<(Duration, Wall, Bytes)> {
        let lead = self.lanes.get(self.lead)?;
        let next_us = lead.track.timescale.to_micros(lead.newest.as_ref()?.dts);
        let runs: Vec<Run> = self
            .lanes
            .iter_mut()
            .filter(|lane| !lane.samples.is_empty())
            .map(|lane| Run {
                track: lane.track.id,
                base_dts: lane.base_dts.max(Ticks(0)),
                samples: std::mem::take(&mut lane.samples),
            })
            .collect();
        let sequence = u32::try_from(number % u64::from(u32::MAX)).unwrap_or(0) + 1;
        let fragment = mp4::fragment(sequence, &runs).ok()?;
        let mut bytes = BytesMut::with_capacity(usize::try_from(fragment.len).unwrap_or(0));
        bytes.extend_from_slice(&fragment.header);
        fragment.payload.iter().for_each(|part| bytes.extend_from_slice(part));
        let start = self.zero_wall.plus_micros(self.segment_start_us - self.zero_us?);
        let duration =
            Duration::from_micros(u64::try_from(next_us - self.segment_start_us).unwrap_or(0));
        self.segment_start_us = next_us;
        Some((duration, start, bytes.freeze()))
    }
}
