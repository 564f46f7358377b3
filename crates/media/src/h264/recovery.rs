//! Recovery points: pictures without a key frame from which a decoder gets to whole pictures (SEI
//! payload type 6; ITU-T H.264 D.2.8, ITU-T H.265 D.3.8). Cameras with intra refresh have no others.

use super::nal;
use crate::h265;

const RECOVERY_POINT: u32 = 6;
/// SEI messages of one NAL unit that are looked at.
const MESSAGES_MAX: usize = 16;

/// True when a length-prefixed H.264 access unit is a recovery point.
#[must_use]
pub fn is_point(access_unit: &[u8]) -> bool {
    let messages = nal::units(access_unit).filter(|unit| nal::kind(unit) == nal::SEI);
    messages.filter_map(|unit| unit.get(1..)).any(holds_point)
}

/// The same of H.265.
#[must_use]
pub fn is_point_h265(access_unit: &[u8]) -> bool {
    let prefix = |unit: &&[u8]| h265::nal::kind(unit) == h265::nal::PREFIX_SEI;
    nal::units(access_unit).filter(prefix).filter_map(|unit| unit.get(2..)).any(holds_point)
}

/// Walks the messages of a SEI NAL unit (section 7.3.2.3.1); `content` is without its header.
fn holds_point(content: &[u8]) -> bool {
    let raw = nal::without_emulation_prevention(content.get(..256).unwrap_or(content));
    let mut rest = raw.as_slice();
    for _ in 0..MESSAGES_MAX {
        let Some((kind, after)) = read_sum(rest) else { return false };
        let Some((len, after)) = read_sum(after) else { return false };
        if kind == RECOVERY_POINT {
            return true;
        }
        let Some(next) = usize::try_from(len).ok().and_then(|len| after.get(len..)) else {
            return false;
        };
        rest = next;
    }
    false
}

/// A number as a sum of bytes, of which only the last is below 255.
fn read_sum(mut bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut sum = 0_u32;
    loop {
        let (byte, rest) = bytes.split_first()?;
        sum = sum.checked_add(u32::from(*byte))?;
        bytes = rest;
        if *byte != 255 {
            return Some((sum, bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_recovery_point_is_found_behind_another_message() {
        let sei = [6, 1, 2, 0xaa, 0xbb, 6, 1, 0x80, 0x80];
        assert!(is_point(&nal::join([&sei[..], &[0x41, 9]])));
        assert!(!is_point(&nal::join([&[6, 5, 1, 6, 0x80][..], &[0x41, 9]])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_point_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = is_point(&bytes);
            let _ = is_point(&nal::join([&[&[6][..], &bytes].concat()[..]]));
            let _ = is_point_h265(&nal::join([&[&[78, 1][..], &bytes].concat()[..]]));
        }
    }
}
