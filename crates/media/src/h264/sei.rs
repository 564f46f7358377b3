//! The simulator's clock: a user data SEI message that carries wall-clock time (ITU-T H.264 D.1.7).

use base::Wall;

use super::nal;

/// Marks our clock among user data of other makers.
const CLOCK_UUID: [u8; 16] = *b"vedette\x00wallclk\x01";
const USER_DATA_UNREGISTERED: u8 = 5;
const PAYLOAD_LEN: u8 = 24;

/// A SEI NAL unit (without start code or length) that carries `wall`.
#[must_use]
pub fn clock(wall: Wall) -> Vec<u8> {
    message(&[nal::SEI], wall)
}

/// The message behind a NAL unit's `header`; its form is the same in H.265.
pub(crate) fn message(header: &[u8], wall: Wall) -> Vec<u8> {
    let mut payload = vec![USER_DATA_UNREGISTERED, PAYLOAD_LEN];
    payload.extend_from_slice(&CLOCK_UUID);
    payload.extend_from_slice(&wall.as_micros().to_be_bytes());
    payload.push(0x80);
    let mut out = header.to_vec();
    let mut zeros = 0;
    for byte in payload {
        // Emulation prevention, section 7.4.1.1.
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// The clock that a length-prefixed access unit carries, if it is one of ours.
#[must_use]
pub fn find_clock(access_unit: &[u8]) -> Option<Wall> {
    nal::units(access_unit)
        .filter(|unit| nal::kind(unit) == nal::SEI)
        .find_map(|unit| read(unit.get(1..)?))
}

/// The clock of a message without its NAL unit's header.
pub(crate) fn read(message: &[u8]) -> Option<Wall> {
    let unit = message.get(..message.len().min(64))?;
    let plain = nal::without_emulation_prevention(unit);
    let rest = plain.strip_prefix(&[USER_DATA_UNREGISTERED, PAYLOAD_LEN])?;
    let micros = rest.strip_prefix(&CLOCK_UUID)?.first_chunk::<8>()?;
    Some(Wall::from_micros(i64::from_be_bytes(*micros)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_clock_is_read_back_and_holds_no_start_code(micros in any::<i64>()) {
            let unit = clock(Wall::from_micros(micros));
            prop_assert!(!unit.windows(3).any(|w| w == [0, 0, 1] || w == [0, 0, 0]));
            let joined = nal::join([&unit[..], &[0x65, 1, 2]]);
            prop_assert_eq!(find_clock(&joined), Some(Wall::from_micros(micros)));
        }

        #[test]
        fn other_data_is_no_clock(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = find_clock(&bytes);
        }
    }
}
