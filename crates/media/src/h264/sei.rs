//! The simulator's clock: a user data SEI message that carries wall-clock time and the number of its
//! picture (ITU-T H.264 D.1.7).

use base::Wall;

use super::nal;

/// Marks our clock among user data of other makers.
const CLOCK_UUID: [u8; 16] = *b"vedette\x00wallclk\x02";
const USER_DATA_UNREGISTERED: u8 = 5;
const PAYLOAD_LEN: u8 = 28;
/// Time and number with all the emulation prevention that they can hold.
const STAMP_LEN_MAX: usize = 20;

/// What the message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When the picture was sent.
    pub wall: Wall,
    /// Its number, one more than that of the picture sent before; goes on at 0 after the highest.
    pub frame: u32,
}

/// A SEI NAL unit (without start code or length) that carries `stamp`.
#[must_use]
pub fn clock(stamp: Stamp) -> Vec<u8> {
    message(&[nal::SEI], stamp)
}

/// The message behind a NAL unit's `header`; its form is the same in H.265.
pub(crate) fn message(header: &[u8], stamp: Stamp) -> Vec<u8> {
    let mut payload = vec![USER_DATA_UNREGISTERED, PAYLOAD_LEN];
    payload.extend_from_slice(&CLOCK_UUID);
    payload.extend_from_slice(&stamp.wall.as_micros().to_be_bytes());
    payload.extend_from_slice(&stamp.frame.to_be_bytes());
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
pub fn find_clock(access_unit: &[u8]) -> Option<Stamp> {
    nal::units(access_unit)
        .filter(|unit| nal::kind(unit) == nal::SEI)
        .find_map(|unit| read(unit.get(1..)?))
}

/// All clocks in bytes of any wrapping that leaves NAL units whole: packets, access units, files. Looks
/// for our mark alone, so it costs a search.
pub fn scan(bytes: &[u8]) -> impl Iterator<Item = Stamp> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let at = rest.windows(CLOCK_UUID.len()).position(|window| window == CLOCK_UUID)?;
        rest = rest.get(at + CLOCK_UUID.len()..)?;
        stamp(rest)
    })
}

/// The clock of a message without its NAL unit's header.
pub(crate) fn read(message: &[u8]) -> Option<Stamp> {
    // Neither the message's head nor the mark holds what emulation prevention changes.
    stamp(message.strip_prefix(&[USER_DATA_UNREGISTERED, PAYLOAD_LEN])?.strip_prefix(&CLOCK_UUID)?)
}

/// What stands behind the mark.
fn stamp(bytes: &[u8]) -> Option<Stamp> {
    let escaped = bytes.get(..bytes.len().min(STAMP_LEN_MAX))?;
    let plain = nal::without_emulation_prevention(escaped);
    let (micros, rest) = plain.split_first_chunk::<8>()?;
    let wall = Wall::from_micros(i64::from_be_bytes(*micros));
    Some(Stamp { wall, frame: u32::from_be_bytes(*rest.first_chunk::<4>()?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_clock_is_read_back_and_holds_no_start_code(micros in any::<i64>(), frame in any::<u32>()) {
            let stamp = Stamp { wall: Wall::from_micros(micros), frame };
            let unit = clock(stamp);
            prop_assert!(!unit.windows(3).any(|w| w == [0, 0, 1] || w == [0, 0, 0]));
            let joined = nal::join([&unit[..], &[0x65, 1, 2]]);
            prop_assert_eq!(find_clock(&joined), Some(stamp));
            let two = [&joined[..], &joined[..]].concat();
            prop_assert_eq!(scan(&two).collect::<Vec<_>>(), [stamp, stamp]);
        }

        #[test]
        fn other_data_is_no_clock(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = find_clock(&bytes);
            prop_assert_eq!(scan(&bytes).count(), 0);
        }
    }

    #[test]
    fn a_small_time_and_number_are_read_back() {
        // The most emulation prevention that there can be.
        let stamp = Stamp { wall: Wall::from_micros(1), frame: 0 };
        assert_eq!(find_clock(&nal::join([&clock(stamp)[..]])), Some(stamp));
    }
}
