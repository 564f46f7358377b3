//! Payloads of pictures: H.264 in mode 1 (RFC 6184 section 6.3) and H.265 (RFC 7798 section 4.4).
//!
//! The two differ in the length of a NAL unit's header and in the names of the wrappings; what is
//! wrapped, and when, is the same.

use std::ops::Range;

use bytes::{BufMut, Bytes};

use super::{PAYLOAD_LEN_MAX, Payload};
use crate::{h264, h265};

const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const AP: u8 = 48;
const FU: u8 = 49;

/// An H.264 access unit (length-prefixed NAL units) as payloads. `sets` are sent before it: give them
/// with key frames. Where it holds sets itself, its own are sent in place of those of the same kind.
#[must_use]
pub fn h264(access_unit: &Bytes, sets: &[&Bytes]) -> Vec<Payload> {
    pack(Codec::H264, access_unit, sets)
}

/// [`h264()`] for H.265.
#[must_use]
pub fn h265(access_unit: &Bytes, sets: &[&Bytes]) -> Vec<Payload> {
    pack(Codec::H265, access_unit, sets)
}

#[derive(Clone, Copy)]
enum Codec {
    H264,
    H265,
}

impl Codec {
    fn kind(self, unit: &[u8]) -> u8 {
        match self {
            Self::H264 => h264::nal::kind(unit),
            Self::H265 => h265::nal::kind(unit),
        }
    }

    fn is_set(self, unit: &[u8]) -> bool {
        let kind = self.kind(unit);
        match self {
            Self::H264 => matches!(kind, h264::nal::SPS | h264::nal::PPS),
            Self::H265 => matches!(kind, h265::nal::VPS | h265::nal::SPS | h265::nal::PPS),
        }
    }

    fn is_delimiter(self, unit: &[u8]) -> bool {
        match self {
            Self::H264 => self.kind(unit) == h264::nal::AUD,
            Self::H265 => self.kind(unit) == h265::nal::AUD,
        }
    }

    /// The header of a packet that holds several units, which are parameter sets: of the highest
    /// importance, and of the lowest layer and sub-layer.
    const fn aggregation(self) -> &'static [u8] {
        match self {
            Self::H264 => &[STAP_A | 0x60],
            Self::H265 => &[AP << 1, 1],
        }
    }

    /// A unit's fragment header with neither start nor end set, how long it is without its last byte,
    /// and what the fragments share out.
    fn fragment(self, unit: &[u8]) -> Option<([u8; 3], usize, &[u8])> {
        match (self, unit) {
            (Self::H264, [first, rest @ ..]) => {
                Some(([first & 0xe0 | FU_A, first & 0x1f, 0], 1, rest))
            }
            (Self::H265, [first, second, rest @ ..]) => {
                Some(([first & 0x81 | FU << 1, *second, first >> 1 & 0x3f], 2, rest))
            }
            _ => None,
        }
    }
}

fn pack(codec: Codec, access_unit: &Bytes, sets: &[&Bytes]) -> Vec<Payload> {
    let units = || h264::nal::shared_units(access_unit).filter(|unit| !unit.is_empty());
    let own: Vec<Bytes> = units().filter(|unit| codec.is_set(unit)).collect();
    let is_given = |set: &&&Bytes| !own.iter().any(|own| codec.kind(own) == codec.kind(set));
    let mut first: Vec<Bytes> = sets.iter().filter(is_given).map(|set| (**set).clone()).collect();
    first.extend_from_slice(&own);
    // A picture's sets are decoded in the order of their kinds.
    first.sort_by_key(|set| codec.kind(set));

    let mut packer = Packer { codec, buffer: Vec::new(), parts: Vec::new() };
    packer.aggregate(&first);
    // Sets went in front, and delimiters carry nothing over RTP.
    for unit in units().filter(|unit| !codec.is_set(unit) && !codec.is_delimiter(unit)) {
        packer.single(unit, access_unit.len());
    }
    packer.finish()
}

/// What is made of an access unit: one piece of memory for all that must be written anew.
struct Packer {
    codec: Codec,
    buffer: Vec<u8>,
    parts: Vec<Part>,
}

/// A payload.
enum Part {
    /// A unit as it is.
    Shared(Bytes),
    /// Written to the buffer.
    Made(Range<usize>),
}

impl Packer {
    /// All sets in one packet where there are several and they fit.
    fn aggregate(&mut self, sets: &[Bytes]) {
        let head = self.codec.aggregation();
        let len = head.len() + sets.iter().map(|set| set.len() + 2).sum::<usize>();
        if sets.len() < 2 || len > PAYLOAD_LEN_MAX {
            return sets.iter().for_each(|set| self.single(set.clone(), set.len()));
        }
        let start = self.buffer.len();
        self.buffer.reserve(len);
        self.buffer.put_slice(head);
        for set in sets {
            self.buffer.put_u16(u16::try_from(set.len()).unwrap_or(u16::MAX));
            self.buffer.put_slice(set);
        }
        self.parts.push(Part::Made(start..self.buffer.len()));
    }

    /// One unit: as it is where it fits, else in fragments. `whole` is the length of all units together.
    fn single(&mut self, unit: Bytes, whole: usize) {
        if unit.len() <= PAYLOAD_LEN_MAX {
            return self.parts.push(Part::Shared(unit));
        }
        let Some((mut header, last_at, rest)) = self.codec.fragment(&unit) else { return };
        let chunks = rest.chunks(PAYLOAD_LEN_MAX - last_at - 1);
        let last = chunks.len().saturating_sub(1);
        if self.buffer.capacity() < self.buffer.len() + unit.len() {
            // Room for all fragments of all units: each has at most 3 bytes before it.
            self.buffer.reserve(whole + 3 * (whole / (PAYLOAD_LEN_MAX - 3) + 2));
        }
        let kind = header.get(last_at).copied().unwrap_or_default();
        for (index, chunk) in chunks.enumerate() {
            let start = if index == 0 { 0x80 } else { 0 };
            let end = if index == last { 0x40 } else { 0 };
            if let Some(byte) = header.get_mut(last_at) {
                *byte = start | end | kind;
            }
            let at = self.buffer.len();
            self.buffer.put_slice(header.get(..=last_at).unwrap_or_default());
            self.buffer.put_slice(chunk);
            self.parts.push(Part::Made(at..self.buffer.len()));
        }
    }

    fn finish(self) -> Vec<Payload> {
        let buffer = Bytes::from(self.buffer);
        let shared = |part| match part {
            Part::Shared(unit) => Payload::new(unit),
            Part::Made(range) => Payload::new(buffer.slice(range)),
        };
        let mut out: Vec<Payload> = self.parts.into_iter().map(shared).collect();
        if let Some(last) = out.last_mut() {
            last.marker = true;
        }
        out
    }
}

#[cfg(test)]
mod tests;
