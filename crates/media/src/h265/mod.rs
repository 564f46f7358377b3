//! H.265 parameters and NAL units (ITU-T H.265; ISO/IEC 14496-15 section 8 for the record in files).

pub mod nal;
pub mod sei;
mod sets;

use std::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};
use sets::{PROFILE_LEN, Sps};

/// Parameter sets larger than this are no camera's.
const SET_LEN_MAX: usize = 16 << 10;
/// NAL units of a record that are looked at.
const RECORD_UNITS_MAX: usize = 64;

/// Bytes that are not what a decoder needs.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The configuration record is cut short or of another version.
    #[error("not an HEVC decoder configuration record")]
    Record,
    /// It lacks a parameter set, or has too large ones.
    #[error("no usable video, sequence and picture parameter sets")]
    Sets,
    /// The sequence parameter set cannot be read, or its picture has no size.
    #[error("unreadable sequence parameter set: {0}")]
    Sps(String),
}

/// What a decoder must know of an H.265 track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct H265Parameters {
    /// `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 section 8.3.3.1), NAL lengths of 4 bytes.
    pub hvcc: Bytes,
    /// Width in pixels after cropping.
    pub width: u16,
    /// Height in pixels after cropping.
    pub height: u16,
    /// Frames a second by the video parameter set, as numerator and denominator.
    pub frame_rate: Option<(u32, u32)>,
    /// Pictures that may be decoded before one and shown after it.
    pub reorder_depth: u8,
    /// `general_profile_space` to `general_level_idc`.
    profile: [u8; PROFILE_LEN],
    vps: Bytes,
    sps: Bytes,
    pps: Bytes,
}

impl H265Parameters {
    /// Reads a configuration record as RTSP clients and MP4 files have it.
    ///
    /// # Errors
    /// When it is no record, lacks a parameter set, or the picture has no size.
    pub fn from_hvcc(record: &[u8]) -> Result<Self, Error> {
        if record.first() != Some(&1) {
            return Err(Error::Record);
        }
        let units = record_units(record).ok_or(Error::Record)?;
        let first = |wanted| units.iter().copied().find(|unit| nal::kind(unit) == wanted);
        let (vps, sps, pps) = (first(nal::VPS), first(nal::SPS), first(nal::PPS));
        let (Some(vps), Some(sps), Some(pps)) = (vps, sps, pps) else { return Err(Error::Sets) };
        Self::from_sets(vps, sps, pps)
    }

    /// Makes the parameters of the three sets, each a NAL unit without start code or length.
    ///
    /// # Errors
    /// [`Error::Sets`] when one is missing or over 16 KiB, [`Error::Sps`] when the second is unreadable.
    pub fn from_sets(vps: &[u8], sps: &[u8], pps: &[u8]) -> Result<Self, Error> {
        for (set, kind) in [(vps, nal::VPS), (sps, nal::SPS), (pps, nal::PPS)] {
            if nal::kind(set) != kind || set.len() > SET_LEN_MAX {
                return Err(Error::Sets);
            }
        }
        let read = Sps::read(sps)?;
        Ok(Self {
            hvcc: record(&read, [vps, sps, pps]),
            width: read.width,
            height: read.height,
            frame_rate: sets::frame_rate(vps),
            reorder_depth: read.reorder_depth,
            profile: read.profile,
            vps: Bytes::copy_from_slice(vps),
            sps: Bytes::copy_from_slice(sps),
            pps: Bytes::copy_from_slice(pps),
        })
    }

    /// The video parameter set, a NAL unit.
    #[must_use]
    pub const fn vps(&self) -> &Bytes {
        &self.vps
    }

    /// The sequence parameter set, a NAL unit.
    #[must_use]
    pub const fn sps(&self) -> &Bytes {
        &self.sps
    }

    /// The picture parameter set, a NAL unit.
    #[must_use]
    pub const fn pps(&self) -> &Bytes {
        &self.pps
    }

    /// The profile's name (ITU-T H.265 annex A).
    #[must_use]
    pub const fn profile_name(&self) -> &'static str {
        let [first, ..] = self.profile;
        match first & 0x1f {
            1 => "Main",
            2 => "Main 10",
            3 => "Main Still Picture",
            4 => "Range Extensions",
            _ => "unknown",
        }
    }

    /// The `codecs` parameter of RFC 6381 (ISO/IEC 14496-15 annex E.3): `hvc1.1.6.L93.B0`.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let [first, c0, c1, c2, c3, constraints @ .., level] = self.profile;
        let space = ["", "A", "B", "C"].get(usize::from(first >> 6)).copied().unwrap_or("");
        let tier = if first & 0x20 == 0 { 'L' } else { 'H' };
        let compatibility = u32::from_be_bytes([c0, c1, c2, c3]).reverse_bits();
        let mut out = format!("hvc1.{space}{}.{compatibility:X}.{tier}{level}", first & 0x1f);
        let used = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        for byte in constraints.iter().take(used) {
            let _ = write!(out, ".{byte:X}");
        }
        out
    }
}

fn record(sps: &Sps, sets: [&[u8]; 3]) -> Bytes {
    let mut out = BytesMut::with_capacity(64 + sets.iter().map(|set| set.len()).sum::<usize>());
    out.put_u8(1);
    out.put_slice(&sps.profile);
    // No spatial segmentation, parallelism unknown.
    out.put_slice(&[0xf0, 0, 0xfc]);
    let (luma, chroma) = sps.bit_depths;
    out.put_slice(&[0xfc | sps.chroma_format & 3, 0xf8 | luma, 0xf8 | chroma]);
    // Frame rate unknown; the last two bits say that lengths have four bytes.
    out.put_u16(0);
    out.put_u8(((sps.sub_layers + 1) & 7) << 3 | u8::from(sps.nested) << 2 | 3);
    out.put_u8(3);
    for set in sets {
        out.put_u8(0x80 | nal::kind(set));
        out.put_u16(1);
        out.put_u16(u16::try_from(set.len()).unwrap_or(0));
        out.put_slice(set);
    }
    out.freeze()
}

/// The NAL units of a configuration record.
fn record_units(record: &[u8]) -> Option<Vec<&[u8]>> {
    let (arrays, mut rest) = record.get(22..)?.split_first()?;
    let mut units = Vec::new();
    for _ in 0..*arrays {
        let (head, after) = rest.split_first_chunk::<3>()?;
        rest = after;
        let [_, high, low] = *head;
        for _ in 0..u16::from_be_bytes([high, low]) {
            let (unit, after) = crate::h264::nal::split_short(rest)?;
            units.push(unit);
            rest = after;
            if units.len() > RECORD_UNITS_MAX {
                return None;
            }
        }
    }
    Some(units)
}

#[cfg(test)]
mod tests;
