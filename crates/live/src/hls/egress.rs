//! Units in, segments and playlists out. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use base::Wall;
use bytes::Bytes;
use media::m3u8::{self, Media, Multivariant};
use media::{AccessUnit, Tracks};

use super::generation::{Cut, Generation};
use super::package::Packager;
use super::{Config, Format};

/// Segments that have left the playlist and can still be fetched by who read it before.
const SEGMENTS_BEHIND: usize = 4;
/// After a loss decode times go on this much later: players that do not look at discontinuities, and
/// sound that led the pictures, must not go back.
const PAUSE_MICROS: i64 = 500_000;
/// Decode times begin here, so that sound that leads the first picture has a time of its own.
const FIRST_TIME_MICROS: i64 = 10_000_000;

/// One path's segments in one format.
pub(super) struct Muxer {
    config: Config,
    format: Format,
    packager: Packager,
    run: Option<Generation>,
    /// Codecs of the last description that are left out.
    omitted: Vec<&'static str>,
    /// The last description has nothing that can be carried.
    refused: bool,
    window: VecDeque<Segment>,
    next_number: u64,
    discontinuities_gone: u64,
    discontinuity: bool,
    /// Where the next description's decode times begin.
    next_time_us: i64,
}

struct Segment {
    number: u64,
    init: Option<String>,
    duration: Duration,
    start: Wall,
    bytes: Bytes,
    discontinuity: bool,
}

impl Muxer {
    pub(super) const fn new(config: Config, format: Format) -> Self {
        Self {
            config,
            format,
            packager: Packager::new(format),
            run: None,
            omitted: Vec::new(),
            refused: false,
            window: VecDeque::new(),
            next_number: 0,
            discontinuities_gone: 0,
            discontinuity: false,
            next_time_us: FIRST_TIME_MICROS,
        }
    }

    /// A new description: what follows does not continue what came before. What HLS does not carry is
    /// left out.
    pub(super) fn describe(&mut self, tracks: &Tracks) {
        let (carried, omitted) = self.format.split(tracks);
        self.omitted = omitted;
        self.begin(&carried);
        self.refused = self.run.is_none();
    }

    fn begin(&mut self, carried: &Tracks) {
        let run = Generation::new(carried, self.next_time_us);
        self.run = run.filter(|_| self.packager.describe(carried).is_some());
        self.discontinuity = !self.window.is_empty();
    }

    /// Units are missing: what is begun is dropped, the next one is a key frame.
    pub(super) fn interrupt(&mut self) {
        if let Some(run) = self.run.take() {
            self.begin(run.tracks());
        }
    }

    /// Takes a unit. True when a segment was finished by it.
    pub(super) fn push(&mut self, unit: AccessUnit) -> bool {
        let cut = self.run.as_mut().and_then(|run| run.push(unit, &self.config));
        cut.is_some_and(|cut| self.finish_segment(&cut))
    }

    fn finish_segment(&mut self, cut: &Cut) -> bool {
        let Some(run) = &self.run else { return false };
        self.next_time_us = run.time_us() + PAUSE_MICROS;
        let number = self.next_number;
        let Some(bytes) = self.packager.segment(number, cut) else { return false };
        self.window.push_back(Segment {
            number,
            init: self.packager.init_name(),
            duration: cut.duration,
            start: cut.start,
            bytes,
            discontinuity: std::mem::take(&mut self.discontinuity),
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

    /// True when the stream has nothing that can be carried, and had nothing before.
    pub(super) fn is_refused(&self) -> bool {
        self.refused && self.window.is_empty()
    }

    /// Codecs that are left out.
    pub(super) fn omitted(&self) -> &[&'static str] {
        &self.omitted
    }

    /// The media playlist of the newest `segments` (all that the settings keep, when `None`).
    pub(super) fn media(&self) -> String {
        let skip = self.window.len().saturating_sub(self.config.segments);
        let ending = self.packager.ending();
        let segments: Vec<m3u8::Segment> =
            self.window.iter().skip(skip).map(|segment| segment.entry(ending)).collect();
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
        let tracks = self.run.as_ref()?.tracks();
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
        self.packager.init(generation)
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
    fn entry(&self, ending: &str) -> m3u8::Segment {
        m3u8::Segment {
            uri: format!("seg{}.{ending}", self.number),
            duration: self.duration,
            start: self.start,
            init: self.init.clone(),
            discontinuity: self.discontinuity,
        }
    }
}
