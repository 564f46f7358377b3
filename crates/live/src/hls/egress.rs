//! Units in, segments, parts and playlists out. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use base::Wall;
use bytes::Bytes;
use media::m3u8::{self, LowLatency, Media, Multivariant};
use media::{AccessUnit, Tracks};

use super::blocking::Progress;
use super::generation::{Generation, Output, Part};
use super::package::Packager;
use super::{Config, Format};

/// Segments that have left the playlist and can still be fetched by who read it before.
const SEGMENTS_BEHIND: usize = 4;
/// After a loss decode times go on this much later: players that do not look at discontinuities, and
/// sound that led the pictures, must not go back.
const PAUSE_MICROS: i64 = 500_000;
/// Decode times begin here, so that sound that leads the first picture has a time of its own.
const FIRST_TIME_MICROS: i64 = 10_000_000;
/// Parts are named in a playlist up to so many target durations before its end (section 4.4.4.9).
const PARTS_NAMED_TARGETS: u32 = 3;
/// Stands in playlists behind each address, where a session's query goes. No address holds it.
pub(super) const QUERY: char = '\u{1a}';

/// One path's segments in one format.
pub(super) struct Muxer {
    config: Config,
    format: Format,
    packager: Packager,
    run: Option<Generation>,
    outputs: Vec<Output>,
    /// Codecs of the last description that are left out.
    omitted: Vec<&'static str>,
    /// The last description has nothing that can be carried.
    refused: bool,
    window: VecDeque<Segment>,
    /// The segment that has not ended, once it has a part.
    open: Option<Segment>,
    next_segment: u64,
    next_part: u64,
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
    parts: Vec<Piece>,
    discontinuity: bool,
}

/// A part of a segment.
struct Piece {
    number: u64,
    duration: Duration,
    independent: bool,
    bytes: Bytes,
}

impl Muxer {
    /// Nothing yet. Numbers of segments, parts and initialisation segments begin at `first`: where that is the
    /// time in seconds, those of a muxer are never those of one before it, which players may still know and
    /// caches still hold. Discontinuities are counted from 0: hls.js goes through all there have been.
    pub(super) const fn new(config: Config, format: Format, first: u64) -> Self {
        Self {
            config,
            format,
            packager: Packager::new(format, first),
            run: None,
            outputs: Vec::new(),
            omitted: Vec::new(),
            refused: false,
            window: VecDeque::new(),
            open: None,
            next_segment: first,
            // Parts may be as short as a picture.
            next_part: first.saturating_mul(1_000),
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
        self.end_run();
        self.begin(&carried);
        self.refused = self.run.is_none();
    }

    fn begin(&mut self, carried: &Tracks) {
        let parts = self.format == Format::Fmp4;
        let run = Generation::new(carried, &self.config, parts, self.next_time_us);
        self.run = run.filter(|_| self.packager.describe(carried).is_some());
        self.discontinuity = !self.window.is_empty();
    }

    /// Units are missing: what was begun ends here, the next one is a key frame.
    pub(super) fn interrupt(&mut self) {
        if let Some(tracks) = self.run.as_ref().map(|run| run.tracks().clone()) {
            self.end_run();
            self.begin(&tracks);
        }
    }

    /// Nothing comes for now: gives out what was gathered.
    pub(super) fn flush(&mut self) {
        if let Some(run) = self.run.as_mut().filter(|_| self.format == Format::Fmp4) {
            run.flush(&mut self.outputs);
        }
        self.take_outputs();
    }

    fn end_run(&mut self) {
        if let Some(run) = self.run.as_mut() {
            run.flush(&mut self.outputs);
            self.next_time_us = run.time_us() + PAUSE_MICROS;
        }
        self.take_outputs();
        let duration = self.open.as_ref().map(|open| open.parts_duration());
        duration.into_iter().for_each(|duration| self.end_segment(duration));
        self.run = None;
    }

    /// Takes a unit. True when something was completed by it.
    pub(super) fn push(&mut self, unit: AccessUnit) -> bool {
        let Some(run) = &mut self.run else { return false };
        run.push(unit, &mut self.outputs);
        !self.outputs.is_empty() && self.take_outputs()
    }

    fn take_outputs(&mut self) -> bool {
        let mut outputs = std::mem::take(&mut self.outputs);
        let changed = !outputs.is_empty();
        for output in outputs.drain(..) {
            match output {
                Output::Part(part) => self.add_part(&part),
                Output::Segment { duration } => self.end_segment(duration),
            }
        }
        self.outputs = outputs;
        changed
    }

    fn add_part(&mut self, part: &Part) {
        let number = self.next_part;
        let Some(bytes) = self.packager.part(number, part) else { return };
        self.next_part += 1;
        let open = self.open.get_or_insert_with(|| Segment {
            number: self.next_segment,
            init: self.packager.init_name(),
            duration: Duration::ZERO,
            start: part.segment_start,
            parts: Vec::new(),
            discontinuity: std::mem::take(&mut self.discontinuity),
        });
        let (duration, independent) = (part.duration, part.independent);
        open.parts.push(Piece { number, duration, independent, bytes });
    }

    fn end_segment(&mut self, duration: Duration) {
        let Some(open) = self.open.take() else { return };
        self.window.push_back(Segment { duration, ..open });
        self.next_segment += 1;
        while self.window.len() > self.config.segments + SEGMENTS_BEHIND {
            self.window.pop_front();
        }
        // What has just left the playlist takes its discontinuity along.
        let left = self.window.len().checked_sub(self.config.segments + 1);
        let left = left.and_then(|index| self.window.get(index));
        self.discontinuities_gone += u64::from(left.is_some_and(|segment| segment.discontinuity));
    }

    /// How far it is.
    pub(super) fn progress(&self) -> Progress {
        let parts_len = |segment: &Segment| segment.parts.len() as u64;
        Progress {
            ready: !self.window.is_empty(),
            refused: self.refused && self.window.is_empty(),
            next_segment: self.next_segment,
            last_parts: self.window.back().map_or(0, parts_len),
            open_parts: self.open.as_ref().map_or(0, parts_len),
            next_part: self.next_part,
            part_target: self.part_target(),
            target: self.target(),
        }
    }

    /// Codecs that are left out.
    pub(super) fn omitted(&self) -> &[&'static str] {
        &self.omitted
    }

    fn all(&self) -> impl Iterator<Item = &Segment> {
        self.window.iter().chain(&self.open)
    }

    /// The longest that is still known, so that the target hardly ever changes.
    fn target(&self) -> Duration {
        let longest = self.window.iter().map(|segment| segment.duration).max().unwrap_or_default();
        longest.max(self.config.segment)
    }

    fn part_target(&self) -> Duration {
        let parts = self.all().flat_map(|segment| &segment.parts);
        let longest = parts.map(|part| part.duration).max().unwrap_or(self.config.part);
        // A playlist has milliseconds.
        let millis = longest.as_micros().div_ceil(1_000);
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    /// The media playlist of the newest segments, with a [`QUERY`] behind each address.
    pub(super) fn media(&self, is_delta: bool) -> String {
        let skip = self.window.len().saturating_sub(self.config.segments);
        let target = self.target();
        let low_latency = self.format == Format::Fmp4;
        let mut segments: Vec<m3u8::Segment> =
            self.window.iter().skip(skip).map(|segment| self.entry(segment)).collect();
        let named = if low_latency { target * PARTS_NAMED_TARGETS } else { Duration::ZERO };
        name_parts(segments.iter_mut().zip(self.window.iter().skip(skip)), named);
        let low_latency = low_latency.then(|| LowLatency {
            part_target: self.part_target(),
            open: self.open.as_ref().map(|open| m3u8::Segment {
                parts: open.parts.iter().map(Piece::entry).collect(),
                ..self.entry(open)
            }),
            next: format!("part{}.m4s{QUERY}", self.next_part),
            is_delta,
        });
        let sequence = self.window.get(skip).map_or(self.next_segment, |segment| segment.number);
        let discontinuity_sequence = self.discontinuities_gone;
        let (segments, ended) = (&segments[..], false);
        Media { sequence, discontinuity_sequence, target, segments, ended, low_latency }.write()
    }

    fn entry(&self, segment: &Segment) -> m3u8::Segment {
        m3u8::Segment {
            uri: format!("seg{}.{}{QUERY}", segment.number, self.packager.ending()),
            duration: segment.duration,
            start: segment.start,
            init: segment.init.as_ref().map(|init| format!("{init}{QUERY}")),
            discontinuity: segment.discontinuity,
            parts: Vec::new(),
        }
    }

    /// The multivariant playlist.
    pub(super) fn multivariant(&self) -> Option<String> {
        let tracks = self.run.as_ref()?.tracks();
        let video = tracks.video().map(|track| &track.parameters);
        let resolution = video.and_then(media::Parameters::size);
        let frame_rate = video.and_then(media::Parameters::frame_rate);
        let frame_rate = frame_rate.map(|(scale, ticks)| f64::from(scale) / f64::from(ticks));
        let peak = |segment: &Segment| {
            let millis = u64::try_from(segment.duration.as_millis()).unwrap_or(u64::MAX).max(1);
            let len: usize = segment.parts.iter().map(|part| part.bytes.len()).sum();
            len as u64 * 8_000 / millis
        };
        let bandwidth = self.window.iter().map(peak).max().unwrap_or(0);
        let (uri, codecs) = (&*format!("main_stream.m3u8{QUERY}"), &*tracks.rfc6381());
        Some(Multivariant { uri, codecs, bandwidth, resolution, frame_rate }.write())
    }

    /// An initialisation segment by its name's number.
    pub(super) fn init(&self, generation: u64) -> Option<Bytes> {
        self.packager.init(generation)
    }

    /// A segment that has ended by its number, in pieces.
    pub(super) fn segment(&self, number: u64) -> Option<Vec<Bytes>> {
        let segment = self.window.iter().find(|segment| segment.number == number)?;
        Some(segment.parts.iter().map(|part| part.bytes.clone()).collect())
    }

    /// A part by its number.
    pub(super) fn part(&self, number: u64) -> Option<Bytes> {
        let mut parts = self.all().flat_map(|segment| &segment.parts);
        parts.find(|part| part.number == number).map(|part| part.bytes.clone())
    }
}

/// Names the parts of segments that begin less than `within` before the end of the last.
fn name_parts<'a>(
    segments: impl DoubleEndedIterator<Item = (&'a mut m3u8::Segment, &'a Segment)> + ExactSizeIterator,
    within: Duration,
) {
    let mut behind = Duration::ZERO;
    for (entry, segment) in segments.rev() {
        behind += segment.duration;
        if behind > within {
            return;
        }
        entry.parts = segment.parts.iter().map(Piece::entry).collect();
    }
}

impl Segment {
    fn parts_duration(&self) -> Duration {
        self.parts.iter().map(|part| part.duration).sum()
    }
}

impl Piece {
    fn entry(&self) -> m3u8::Part {
        m3u8::Part {
            uri: format!("part{}.m4s{QUERY}", self.number),
            duration: self.duration,
            independent: self.independent,
        }
    }
}
