//! Payloads of pictures: H.264 in mode 1 (RFC 6184 section 6.3) and H.265 (RFC 7798 section 4.4).
//!
//! The two differ in the length of a NAL unit's header and in the names of the wrappings; what is
//! wrapped, and when, is the same.

use bytes::{BufMut, Bytes, BytesMut};

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

    /// A unit's fragment header with neither start nor end set, and what the fragments share out.
    fn fragment(self, unit: &[u8]) -> Option<(Vec<u8>, &[u8])> {
        match (self, unit) {
            (Self::H264, [first, rest @ ..]) => {
                Some((vec![first & 0xe0 | FU_A, first & 0x1f], rest))
            }
            (Self::H265, [first, second, rest @ ..]) => {
                Some((vec![first & 0x81 | FU << 1, *second, first >> 1 & 0x3f], rest))
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

    let mut out = Vec::new();
    aggregate(codec, &first, &mut out);
    // Sets went in front, and delimiters carry nothing over RTP.
    for unit in units().filter(|unit| !codec.is_set(unit) && !codec.is_delimiter(unit)) {
        single(codec, unit, &mut out);
    }
    if let Some(last) = out.last_mut() {
        last.marker = true;
    }
    out
}

/// All sets in one packet where there are several and they fit.
fn aggregate(codec: Codec, sets: &[Bytes], out: &mut Vec<Payload>) {
    let len = codec.aggregation().len() + sets.iter().map(|set| set.len() + 2).sum::<usize>();
    if sets.len() < 2 || len > PAYLOAD_LEN_MAX {
        return sets.iter().for_each(|set| single(codec, set.clone(), out));
    }
    let mut data = BytesMut::with_capacity(len);
    data.put_slice(codec.aggregation());
    for set in sets {
        data.put_u16(u16::try_from(set.len()).unwrap_or(u16::MAX));
        data.put_slice(set);
    }
    out.push(Payload::new(data.freeze()));
}

/// One unit: as it is where it fits, else in fragments.
fn single(codec: Codec, unit: Bytes, out: &mut Vec<Payload>) {
    if unit.len() <= PAYLOAD_LEN_MAX {
        return out.push(Payload::new(unit));
    }
    let Some((mut header, rest)) = codec.fragment(&unit) else { return };
    let kind = header.pop().unwrap_or_default();
    let chunks = rest.chunks(PAYLOAD_LEN_MAX - header.len() - 1);
    let last = chunks.len().saturating_sub(1);
    for (index, chunk) in chunks.enumerate() {
        let start = if index == 0 { 0x80 } else { 0 };
        let end = if index == last { 0x40 } else { 0 };
        let mut data = BytesMut::with_capacity(header.len() + 1 + chunk.len());
        data.put_slice(&header);
        data.put_u8(start | end | kind);
        data.put_slice(chunk);
        out.push(Payload::new(data.freeze()));
    }
}

#[cfg(test)]
mod tests;
