//! Pictures of H.264 (RFC 6184 section 5) and H.265 (RFC 7798 section 4): single units, aggregates and
//! fragments joined to access units with lengths of 4 bytes.
//!
//! A unit ends with the marker or with another time, whichever comes. What comes ahead of a picture
//! without a slice of its own (parameter sets that a camera marks as units) belongs to the next.

use bytes::Bytes;

use super::{Coding, Frame, Refused, UNIT_LEN_MAX};
use crate::h264::{self, H264Parameters};
use crate::h265::{self, H265Parameters};
use crate::rtp::packet::Packet;
use crate::{Parameters, h264::nal};

/// A buffer that once held a large picture is given back.
const KEPT_MAX: usize = 256 << 10;

/// Bytes before a NAL unit in an access unit.
const LENGTH: usize = 4;

pub(super) struct Pictures {
    coding: Coding,
    known: Vec<Bytes>,
    /// The unit so far; kept between units, so that a unit costs one allocation of its size.
    unit: Vec<u8>,
    /// Its parameter sets, which go in front.
    sets: Vec<u8>,
    /// One of them is none of the known.
    has_new_set: bool,
    timestamp: Option<u32>,
    /// Where the length of the fragmented NAL unit stands that goes on.
    fragmented: Option<usize>,
    has_slice: bool,
    /// A part is missing or unreadable.
    damaged: bool,
    /// The first NAL unit must be one that begins an access unit: what precedes it was not seen.
    unsure: bool,
}

/// What a payload is.
enum Form {
    Single,
    Aggregate,
    Fragment,
}

impl Pictures {
    pub(super) const fn new(coding: Coding) -> Self {
        Self {
            coding,
            known: Vec::new(),
            unit: Vec::new(),
            sets: Vec::new(),
            has_new_set: false,
            timestamp: None,
            fragmented: None,
            has_slice: false,
            damaged: false,
            unsure: true,
        }
    }

    pub(super) fn know(&mut self, sets: Vec<&Bytes>) {
        self.known = sets.into_iter().cloned().collect();
    }

    pub(super) fn push(
        &mut self,
        packet: &Packet,
        lost: bool,
        out: &mut Vec<Frame>,
    ) -> Result<(), Refused> {
        if lost {
            self.damaged |= self.timestamp.is_some();
            self.unsure |= self.timestamp.is_none();
        }
        if self.timestamp.is_some_and(|time| time != packet.timestamp) {
            if self.has_slice || self.damaged || self.fragmented.is_some() {
                self.finish(out);
            }
            self.unsure |= lost;
        }
        self.timestamp = Some(packet.timestamp);
        let result = if self.damaged { Ok(()) } else { self.take(&packet.payload) };
        self.damaged |= result.is_err();
        if packet.marker && (self.has_slice || self.damaged) {
            self.finish(out);
        }
        result
    }

    fn finish(&mut self, out: &mut Vec<Frame>) {
        let whole = !self.damaged && self.fragmented.is_none() && self.has_slice;
        if let Some(timestamp) = self.timestamp.take().filter(|_| whole) {
            // All or none: who sends the unit on replaces the known sets by those within.
            let data = match self.has_new_set {
                true => Bytes::from([&self.sets[..], &self.unit].concat()),
                false => Bytes::copy_from_slice(&self.unit),
            };
            out.push(Frame { timestamp, data, lost: 0 });
        }
        self.clear();
    }

    fn clear(&mut self) {
        self.unit.clear();
        self.sets.clear();
        if self.unit.capacity() > KEPT_MAX {
            self.unit = Vec::new();
        }
        (self.timestamp, self.fragmented) = (None, None);
        (self.has_slice, self.damaged, self.unsure) = (false, false, false);
        self.has_new_set = false;
    }

    fn take(&mut self, payload: &[u8]) -> Result<(), Refused> {
        let form = form(self.coding, payload)?;
        if self.fragmented.is_some() && !matches!(form, Form::Fragment) {
            return Err(Refused::Malformed("a unit within a fragmented one"));
        }
        match (form, self.coding) {
            (Form::Single, _) => self.whole(payload),
            (Form::Aggregate, Coding::H265) => self.aggregate(payload.get(2..).unwrap_or_default()),
            (Form::Aggregate, _) => self.aggregate(payload.get(1..).unwrap_or_default()),
            (Form::Fragment, Coding::H265) => {
                let [first, second, fragment, rest @ ..] = payload else {
                    return Err(Refused::Malformed("a fragment without content"));
                };
                let header = [first & 0x81 | (fragment & 0x3f) << 1, *second];
                self.fragment(*fragment, &header, rest)
            }
            (Form::Fragment, _) => {
                let [first, fragment, rest @ ..] = payload else {
                    return Err(Refused::Malformed("a fragment without content"));
                };
                self.fragment(*fragment, &[first & 0xe0 | fragment & 0x1f], rest)
            }
        }
    }

    fn aggregate(&mut self, mut rest: &[u8]) -> Result<(), Refused> {
        while !rest.is_empty() {
            let Some((unit, after)) = nal::split_short(rest) else {
                return Err(Refused::Malformed("an aggregate that is cut short"));
            };
            if !matches!(form(self.coding, unit)?, Form::Single) {
                return Err(Refused::Malformed("an aggregate within an aggregate"));
            }
            self.whole(unit)?;
            rest = after;
        }
        Ok(())
    }

    fn whole(&mut self, unit: &[u8]) -> Result<(), Refused> {
        self.check_begin(unit);
        // Delimiters and filler carry nothing.
        if self.is_empty_word(unit) {
            return Ok(());
        }
        let len = u32::try_from(unit.len()).map_err(|_| Refused::TooLarge)?.to_be_bytes();
        self.make_room(unit.len() + LENGTH)?;
        let is_set = is_set(self.coding, unit);
        self.has_new_set |= is_set && !self.is_known(unit);
        self.has_slice |= is_slice(self.coding, unit);
        let to = if is_set { &mut self.sets } else { &mut self.unit };
        to.extend_from_slice(&len);
        to.extend_from_slice(unit);
        Ok(())
    }

    fn fragment(&mut self, bits: u8, header: &[u8], rest: &[u8]) -> Result<(), Refused> {
        let (start, end) = (bits & 0x80 != 0, bits & 0x40 != 0);
        if start {
            if self.fragmented.is_some() {
                return Err(Refused::Malformed("a fragmented unit without its end"));
            }
            let head = [header, rest.get(..1).unwrap_or_default()].concat();
            self.check_begin(&head);
            let at = self.unit.len();
            self.append(&[0; LENGTH])?;
            self.append(header)?;
            self.fragmented = Some(at);
            self.has_slice |= is_slice(self.coding, header);
        }
        let Some(at) = self.fragmented else {
            if std::mem::take(&mut self.unsure) {
                self.damaged = true;
                return Ok(());
            }
            return Err(Refused::Malformed("a fragment without its start"));
        };
        self.append(rest)?;
        if end {
            self.fragmented = None;
            let len = u32::try_from(self.unit.len() - at - LENGTH).unwrap_or(u32::MAX);
            if let Some(place) = self.unit.get_mut(at..at + LENGTH) {
                place.copy_from_slice(&len.to_be_bytes());
            }
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.make_room(bytes.len())?;
        self.unit.extend_from_slice(bytes);
        Ok(())
    }

    fn make_room(&self, len: usize) -> Result<(), Refused> {
        let fits = self.unit.len() + self.sets.len() + len <= UNIT_LEN_MAX;
        fits.then_some(()).ok_or(Refused::TooLarge)
    }

    /// After a loss between two access units nobody can tell what was lost but by how the next begins.
    fn check_begin(&mut self, unit: &[u8]) {
        if std::mem::take(&mut self.unsure) && !begins(self.coding, unit) {
            self.damaged = true;
        }
    }

    fn is_empty_word(&self, unit: &[u8]) -> bool {
        match self.coding {
            Coding::H265 => matches!(h265::nal::kind(unit), h265::nal::AUD | 36..=38),
            _ => matches!(nal::kind(unit), nal::AUD | 10..=12),
        }
    }

    /// The header's importance apart, which encoders change.
    fn is_known(&self, unit: &[u8]) -> bool {
        let same = |set: &Bytes| match self.coding {
            Coding::H265 => set[..] == *unit,
            _ => nal::kind(set) == nal::kind(unit) && set.get(1..) == unit.get(1..),
        };
        self.known.iter().any(same)
    }
}

fn form(coding: Coding, payload: &[u8]) -> Result<Form, Refused> {
    let (Some(first), true) = (payload.first(), payload.len() >= header_len(coding)) else {
        return Err(Refused::Malformed("empty"));
    };
    if first & 0x80 != 0 {
        return Err(Refused::Malformed("the forbidden bit is set"));
    }
    Ok(match (coding, kind(coding, payload)) {
        (Coding::H265, 0..48) | (Coding::H264, 1..24) => Form::Single,
        (Coding::H265, 48) | (Coding::H264, 24) => Form::Aggregate,
        (Coding::H265, 49) | (Coding::H264, 28) => Form::Fragment,
        _ => return Err(Refused::Malformed("an interleaved or unknown packet")),
    })
}

const fn header_len(coding: Coding) -> usize {
    if matches!(coding, Coding::H265) { 2 } else { 1 }
}

fn kind(coding: Coding, unit: &[u8]) -> u8 {
    if coding == Coding::H265 { h265::nal::kind(unit) } else { nal::kind(unit) }
}

fn is_slice(coding: Coding, unit: &[u8]) -> bool {
    if coding == Coding::H265 {
        return h265::nal::is_slice(unit);
    }
    (1..=nal::IDR).contains(&nal::kind(unit))
}

fn is_set(coding: Coding, unit: &[u8]) -> bool {
    match coding {
        Coding::H265 => matches!(h265::nal::kind(unit), 32..=34),
        _ => matches!(nal::kind(unit), nal::SPS | nal::PPS),
    }
}

/// True for a NAL unit that stands first in an access unit (ITU-T H.264 7.4.1.2.3, H.265 7.4.2.4.4):
/// what precedes a picture, or its first slice.
fn begins(coding: Coding, unit: &[u8]) -> bool {
    // first_mb_in_slice is 0, first_slice_segment_in_pic_flag is 1: the first bit of a slice's header.
    let is_first = || unit.get(header_len(coding)).is_some_and(|byte| byte & 0x80 != 0);
    match (coding, kind(coding, unit)) {
        (Coding::H265, 0..32) | (Coding::H264, 1 | 2 | 5) => is_first(),
        (Coding::H265, kind) => matches!(kind, 32..=35 | 39),
        (_, kind) => matches!(kind, 6..=9),
    }
}

pub(super) fn parameters_in(coding: Coding, key_frame: &[u8]) -> Option<Parameters> {
    let find = |wanted| h264::nal::units(key_frame).find(|unit| kind(coding, unit) == wanted);
    if coding == Coding::H265 {
        let (vps, sps) = (find(h265::nal::VPS)?, find(h265::nal::SPS)?);
        let made = H265Parameters::from_sets(vps, sps, find(h265::nal::PPS)?);
        return made.ok().map(Parameters::H265);
    }
    let made = H264Parameters::from_sets(find(nal::SPS)?, find(nal::PPS)?);
    made.ok().map(Parameters::H264)
}
