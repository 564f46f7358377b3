//! Access units in, packets out. Pure; the caller owns the bytes.

use super::packet::{self, Cutter, DISCONTINUITY, RANDOM_ACCESS};
use super::psi::{self, Codec, PAT_PID};
use super::{Error, adts, opus, pes};
use crate::h264::nal;
use crate::{AccessUnit, Parameters, Timescale, Track, TrackId, Tracks, h265};

const PMT_PID: u16 = 0x1000;
/// A track's packets have its number added to this.
const FIRST_PID: u16 = 0x100;
/// So many fit into a map of one packet.
const TRACKS_MAX: usize = 8;
/// Tables are repeated this often, in ticks at 90 kHz.
const TABLES_EVERY: i64 = 45_000;
/// The norm wants a clock every 100 ms (section 2.7.2).
const CLOCK_EVERY: i64 = 8_100;
/// Over a longer pause the clock jumps.
const CLOCK_PAUSE_MAX: i64 = 90_000;
/// The clock is this much behind the decode times: the time in which a picture may arrive.
const CLOCK_BEHIND: i64 = 45_000;
/// The first unit's decode time, so that sound that leads the pictures, and the clock, are not below
/// zero.
const FIRST_TIME: i64 = 90_000;

/// Reordered pictures of a stream that may reorder and does not say how far.
const LIKELY_DEPTH: i64 = 2;
/// How long a picture lasts at most where the stream does not say, in ticks at 90 kHz.
const SLOW_PICTURE: i64 = 6_000;

const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// Access unit delimiters that allow every kind of picture.
const AUD_H264: [u8; 6] = [0, 0, 0, 1, 9, 0xf0];
const AUD_H265: [u8; 7] = [0, 0, 0, 1, 0x46, 1, 0x50];

/// Writes one program. Continuity counters go on over segments and descriptions, so that what one muxer
/// has written may be joined.
#[derive(Debug)]
pub struct Muxer {
    lanes: Vec<Lane>,
    lead: usize,
    omitted: Vec<Track>,
    pat: Vec<u8>,
    pmt: Vec<u8>,
    version: u8,
    counters: Counters,
    /// Added to times at 90 kHz; of the first unit, if nobody says.
    shift: Option<i64>,
    /// When tables were last due, by decode time.
    tables_at: Option<i64>,
    tables_fresh: bool,
    /// The last clock, as a decode time.
    clock_at: Option<i64>,
    discontinuity: bool,
    /// The header of the frame that is being written.
    head: Vec<u8>,
}

#[derive(Debug)]
struct Lane {
    track: Track,
    codec: Codec,
    pid: u16,
    /// By which decode times are moved ahead, so that none is later than the time of showing; known from
    /// the first key frame on.
    ahead: Option<i64>,
}

impl Lane {
    /// Sources that only know when a picture is shown begin to decode at the first show time: as many
    /// pictures too late as are reordered. This format cannot say that.
    fn ahead(&mut self, unit: &AccessUnit) -> i64 {
        let scale = self.track.timescale;
        let parameters = &self.track.parameters;
        let needed = || {
            let likely = if parameters.b_frames() { LIKELY_DEPTH } else { 0 };
            let depth = parameters.reorder_depth().map_or(likely, i64::from);
            let picture = parameters.frame_rate().map_or(SLOW_PICTURE, |(rate, ticks)| {
                i64::from(Timescale::VIDEO.hz()) * i64::from(ticks) / i64::from(rate.max(1))
            });
            let given = scale.rescale(unit.pts - unit.dts, Timescale::VIDEO).0;
            (depth * picture.clamp(0, SLOW_PICTURE * 3) - given).max(0)
        };
        match self.ahead {
            Some(ahead) => ahead,
            None if unit.key && self.codec.is_video() => *self.ahead.insert(needed()),
            None => 0,
        }
    }
}

/// By table and by track number.
#[derive(Debug)]
struct Counters {
    pat: u8,
    pmt: u8,
    tracks: [u8; 256],
}

impl Counters {
    fn of(&mut self, track: TrackId) -> &mut u8 {
        let [first, rest @ ..] = &mut self.tracks;
        usize::from(track.0).checked_sub(1).and_then(|at| rest.get_mut(at)).unwrap_or(first)
    }
}

impl Muxer {
    /// A muxer for these tracks. What cannot be carried is left out; see [`Self::omitted`].
    ///
    /// # Errors
    /// When nothing is left.
    pub fn new(tracks: &Tracks) -> Result<Self, Error> {
        let mut muxer = Self {
            lanes: Vec::new(),
            lead: 0,
            omitted: Vec::new(),
            pat: psi::pat(PMT_PID),
            pmt: Vec::new(),
            version: u8::MAX,
            counters: Counters { pat: 0, pmt: 0, tracks: [0; 256] },
            shift: None,
            tables_at: None,
            tables_fresh: false,
            clock_at: None,
            discontinuity: false,
            head: Vec::new(),
        };
        muxer.describe(tracks)?;
        muxer.discontinuity = false;
        Ok(muxer)
    }

    /// True when a track with these parameters can be carried.
    #[must_use]
    pub fn carries(parameters: &Parameters) -> bool {
        Codec::of(parameters).is_some()
    }

    /// The tracks of the description that are left out.
    #[must_use]
    pub fn omitted(&self) -> &[Track] {
        &self.omitted
    }

    /// What follows has these tracks; their times are on the same clock as before.
    ///
    /// # Errors
    /// When nothing can be carried; the muxer stays as it was.
    pub fn describe(&mut self, tracks: &Tracks) -> Result<(), Error> {
        let mut omitted = Vec::new();
        let mut lanes: Vec<Lane> = Vec::new();
        for track in tracks.all() {
            match Codec::of(&track.parameters).filter(|_| lanes.len() < TRACKS_MAX) {
                Some(codec) => {
                    let pid = FIRST_PID + u16::from(track.id.0);
                    lanes.push(Lane { track: track.clone(), codec, pid, ahead: None });
                }
                None => omitted.push(track.clone()),
            }
        }
        let lead = lanes.iter().position(|lane| lane.codec.is_video()).unwrap_or(0);
        let clock = lanes.get(lead).ok_or(Error::NothingToCarry)?.pid;
        self.version = self.version.wrapping_add(1) & 31;
        let entries = lanes.iter().map(|lane| (lane.pid, lane.codec));
        self.pmt = psi::pmt(self.version, clock, entries);
        (self.lanes, self.lead, self.omitted) = (lanes, lead, omitted);
        self.discontinue();
        Ok(())
    }

    /// What follows does not continue what came before: its clock may have jumped.
    pub fn discontinue(&mut self) {
        self.discontinuity = true;
        self.clock_at = None;
        self.tables_at = None;
        self.tables_fresh = false;
    }

    /// The media time `from_us` is written as `to_us`, in microseconds. Without this the first unit's
    /// decode time is written as one second.
    pub fn map_time(&mut self, from_us: i64, to_us: i64) {
        let at = |micros| Timescale::VIDEO.from_micros(micros).0;
        self.shift = Some(at(to_us).saturating_sub(at(from_us)));
    }

    /// Appends what a file begins with: the tables.
    pub fn begin_segment(&mut self, out: &mut Vec<u8>) {
        packet::put_section(out, PAT_PID, &mut self.counters.pat, &self.pat);
        packet::put_section(out, PMT_PID, &mut self.counters.pmt, &self.pmt);
        self.tables_fresh = true;
    }

    /// Appends an access unit, with tables and clock where they are due. A unit of no carried track and
    /// one that cannot be expressed are left out: a picture without NAL units, a frame over 8 KiB.
    pub fn write(&mut self, unit: &AccessUnit, out: &mut Vec<u8>) {
        let Some(index) = self.lanes.iter().position(|lane| lane.track.id == unit.track) else {
            return;
        };
        let ahead = self.lanes.get_mut(index).map_or(0, |lane| lane.ahead(unit));
        let Some(lane) = self.lanes.get(index) else { return };
        let Some(len) = pieces_len(lane, unit, &mut self.head) else { return };
        let scale = lane.track.timescale;
        let at = |ticks| scale.rescale(ticks, Timescale::VIDEO).0;
        let shift = *self.shift.get_or_insert(FIRST_TIME.saturating_sub(at(unit.dts)));
        let dts = at(unit.dts).saturating_add(shift - ahead);
        let pts = at(unit.pts).saturating_add(shift).max(dts);
        let is_lead = index == self.lead;
        self.tables(is_lead && unit.key && lane.codec.is_video(), dts, out);
        let adaptation = if is_lead { self.clock(dts, unit.key, out) } else { (0, None) };
        let Some(lane) = self.lanes.get(index) else { return };
        let header = pes::Header::new(lane.codec.stream_id(), len, pts, dts);
        let to = (lane.pid, self.counters.of(unit.track));
        let mut cutter = Cutter::begin(out, to, header.bytes().len() + len, adaptation);
        cutter.put(header.bytes());
        each_piece(lane, unit, &self.head, |piece| cutter.put(piece));
    }

    /// Tables before a key frame, and from time to time.
    fn tables(&mut self, key: bool, dts: i64, out: &mut Vec<u8>) {
        let due = self.tables_at.is_none_or(|at| dts.abs_diff(at) >= TABLES_EVERY.unsigned_abs());
        if (key || due) && !self.tables_fresh {
            self.begin_segment(out);
        }
        if self.tables_fresh {
            self.tables_at = Some(dts);
            self.tables_fresh = false;
        }
    }

    /// The adaptation field of a unit of the leading track. Between units that are far apart stand
    /// packets with nothing but the clock.
    fn clock(&mut self, dts: i64, key: bool, out: &mut Vec<u8>) -> (u8, Option<[u8; 6]>) {
        let lane = self.lanes.get(self.lead).map(|lane| (lane.pid, lane.track.id));
        if let (Some(last), Some((pid, track))) = (self.clock_at, lane)
            && (0..=CLOCK_PAUSE_MAX).contains(&dts.saturating_sub(last))
        {
            let mut at = last + CLOCK_EVERY;
            while at < dts {
                let counter = *self.counters.of(track);
                packet::put_clock(out, pid, counter, pes::clock(at - CLOCK_BEHIND));
                at += CLOCK_EVERY;
            }
        }
        self.clock_at = Some(dts);
        let mut flags = if key { RANDOM_ACCESS } else { 0 };
        if std::mem::take(&mut self.discontinuity) {
            flags |= DISCONTINUITY;
        }
        (flags, Some(pes::clock(dts.saturating_sub(CLOCK_BEHIND))))
    }
}

/// The length of what [`each_piece`] will give; makes the frame's header. `None`: not expressible.
fn pieces_len(lane: &Lane, unit: &AccessUnit, head: &mut Vec<u8>) -> Option<usize> {
    head.clear();
    match &lane.track.parameters {
        Parameters::Aac(aac) => {
            head.extend_from_slice(&adts::header(aac, unit.data.len())?);
        }
        Parameters::Opus(_) => opus::put_header(unit.data.len(), head)?,
        _ => {
            nal::units(&unit.data).find(|nal| !nal.is_empty())?;
        }
    }
    let mut len = 0;
    each_piece(lane, unit, head, |piece| len += piece.len());
    Some(len)
}

/// How a codec tells the type of a NAL unit.
type Kind = fn(&[u8]) -> u8;

/// The content of a PES packet, piece by piece.
fn each_piece<'a>(
    lane: &'a Lane,
    unit: &'a AccessUnit,
    head: &'a [u8],
    mut f: impl FnMut(&'a [u8]),
) {
    let (delimiter, kind): (&[u8], Kind) = match lane.codec {
        Codec::H264 => (&AUD_H264, nal::kind),
        Codec::H265 => (&AUD_H265, h265::nal::kind),
        Codec::Aac | Codec::Opus(_) => {
            f(head);
            f(&unit.data);
            return;
        }
    };
    f(delimiter);
    if unit.key {
        for set in lane.track.parameters.sets() {
            // A unit that brings its own sets keeps them.
            if !nal::units(&unit.data).any(|nal| kind(nal) == kind(set)) {
                f(&START_CODE);
                f(set);
            }
        }
    }
    let delimiter = if lane.codec == Codec::H264 { nal::AUD } else { h265::nal::AUD };
    for nal in nal::units(&unit.data).filter(|nal| !nal.is_empty() && kind(nal) != delimiter) {
        f(&START_CODE);
        f(nal);
    }
}
