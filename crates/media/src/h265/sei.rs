//! The simulator's clock in H.265: the same user data message as in H.264 (ITU-T H.265 D.2.7).

use super::nal;
use crate::h264;
use crate::h264::sei::Stamp;

/// Layer 0, the first sub-layer.
const HEADER: [u8; 2] = [nal::PREFIX_SEI << 1, 1];

/// A SEI NAL unit (without start code or length) that carries `stamp`.
#[must_use]
pub fn clock(stamp: Stamp) -> Vec<u8> {
    h264::sei::message(&HEADER, stamp)
}

/// The clock that a length-prefixed access unit carries, if it is one of ours.
#[must_use]
pub fn find_clock(access_unit: &[u8]) -> Option<Stamp> {
    let units = h264::nal::units(access_unit);
    units
        .filter(|unit| nal::kind(unit) == nal::PREFIX_SEI)
        .find_map(|unit| h264::sei::read(unit.get(HEADER.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Wall;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_clock_is_read_back_and_holds_no_start_code(micros in any::<i64>(), frame in any::<u32>()) {
            let stamp = Stamp { wall: Wall::from_micros(micros), frame };
            let unit = clock(stamp);
            prop_assert!(!unit.windows(3).any(|w| w == [0, 0, 1] || w == [0, 0, 0]));
            let joined = h264::nal::join([&unit[..], &[0x26, 1, 2]]);
            prop_assert_eq!(find_clock(&joined), Some(stamp));
        }

        #[test]
        fn other_data_is_no_clock(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = find_clock(&bytes);
        }
    }
}
