//! NAL units of H.265 (ITU-T H.265 table 7-1). Their two wrappings are those of
//! [`crate::h264::nal`].

use crate::h264::nal::units;

/// Video parameter set.
pub const VPS: u8 = 32;
/// Sequence parameter set.
pub const SPS: u8 = 33;
/// Picture parameter set.
pub const PPS: u8 = 34;
/// Access unit delimiter.
pub const AUD: u8 = 35;
/// Supplemental enhancement information before the picture.
pub const PREFIX_SEI: u8 = 39;

/// The type of a NAL unit; 0 for an empty one.
#[must_use]
pub fn kind(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |first| first >> 1 & 0x3f)
}

/// True for a slice of a picture.
#[must_use]
pub fn is_slice(nal: &[u8]) -> bool {
    !nal.is_empty() && kind(nal) < 32
}

/// True for a slice of a picture at which a decoder may start (BLA, IDR and CRA: types 16 to 21).
#[must_use]
pub fn is_entry(nal: &[u8]) -> bool {
    (16..=21).contains(&kind(nal))
}

/// True when the length-prefixed access unit holds a picture at which a decoder may start.
#[must_use]
pub fn is_irap(access_unit: &[u8]) -> bool {
    units(access_unit).any(is_entry)
}
