//! NAL units in their two wrappings: Annex B start codes, and lengths of 4 bytes as in files.

use bytes::{BufMut, Bytes, BytesMut};

/// `nal_unit_type` of an IDR picture's slice (ITU-T H.264 table 7-1).
pub const IDR: u8 = 5;
/// Supplemental enhancement information.
pub const SEI: u8 = 6;
/// Sequence parameter set.
pub const SPS: u8 = 7;
/// Picture parameter set.
pub const PPS: u8 = 8;
/// Access unit delimiter.
pub const AUD: u8 = 9;

/// The type of a NAL unit; 0 for an empty one.
#[must_use]
pub fn kind(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |first| first & 0x1f)
}

/// The NAL units of a length-prefixed access unit. A length that reaches past the end ends the list.
pub fn units(access_unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = access_unit;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let nal = after.get(..length)?;
        rest = after.get(length..)?;
        Some(nal)
    })
}

/// Splits off a NAL unit behind a length of two bytes, as configuration records have them.
pub(crate) fn split_short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// [`units`] as shared slices of the access unit.
pub fn shared_units(access_unit: &Bytes) -> impl Iterator<Item = Bytes> {
    units(access_unit).map(|nal| access_unit.slice_ref(nal))
}

/// The NAL units of an Annex B byte stream, without start codes and trailing zeros.
pub fn annex_b(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(stream);
    std::iter::from_fn(move || {
        let current = rest?;
        let end = find_start_code(current).unwrap_or(current.len());
        let (nal, tail) = current.split_at(end);
        rest = after_start_code(tail);
        let used = nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        nal.get(..used)
    })
    .filter(|nal| !nal.is_empty())
}

fn find_start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|window| window == [0, 0, 1])
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    find_start_code(bytes).and_then(|at| bytes.get(at + 3..))
}

/// Joins NAL units into a length-prefixed access unit; one over 4 GiB is left out.
#[must_use]
pub fn join<'a>(nals: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut out = BytesMut::new();
    for nal in nals {
        if let Ok(length) = u32::try_from(nal.len()) {
            out.put_u32(length);
            out.put_slice(nal);
        }
    }
    out.freeze()
}

/// A length-prefixed access unit as an Annex B byte stream.
#[must_use]
pub fn to_annex_b(access_unit: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(access_unit.len());
    for nal in units(access_unit) {
        out.put_slice(&[0, 0, 0, 1]);
        out.put_slice(nal);
    }
    out.freeze()
}

/// The content of a NAL unit without the bytes that keep start codes out of it (section 7.4.1).
#[must_use]
pub fn without_emulation_prevention(nal: &[u8]) -> Vec<u8> {
    let (mut out, mut zeros) = (Vec::with_capacity(nal.len()), 0);
    for byte in nal {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        out.push(*byte);
    }
    out
}

/// True when the access unit holds an IDR picture: a decoder may start here.
#[must_use]
pub fn is_idr(access_unit: &[u8]) -> bool {
    units(access_unit).any(|nal| kind(nal) == IDR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_wrappings_hold_the_same_units(nals in proptest::collection::vec(proptest::collection::vec(1_u8.., 1..50), 1..8)) {
            let joined = join(nals.iter().map(Vec::as_slice));
            prop_assert_eq!(units(&joined).collect::<Vec<_>>(), nals.clone());
            let stream = to_annex_b(&joined);
            prop_assert_eq!(annex_b(&stream).collect::<Vec<_>>(), nals);
        }

        #[test]
        fn any_bytes_are_walked_to_an_end(bytes in proptest::collection::vec(0_u8..3, 0..300)) {
            let walked: usize = units(&bytes).map(<[u8]>::len).sum();
            prop_assert!(walked <= bytes.len());
            let walked: usize = annex_b(&bytes).map(<[u8]>::len).sum();
            prop_assert!(walked <= bytes.len());
        }
    }
}
