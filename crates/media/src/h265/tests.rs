//! Parameter sets of real encoders, and bytes that are none.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use proptest::prelude::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// x265, Main, 642x362 at 25 frames a second, two pictures reordered.
const VPS: &str = "40010c01ffff01600000030090000003000003003f959009";
const SPS: &str =
    "42010101600000030090000003000003003fa005120171c926595924932bc05a020000030002000003003210";
const PPS: &str = "4401c172b46240";

fn made() -> H265Parameters {
    H265Parameters::from_sets(&hex(VPS), &hex(SPS), &hex(PPS)).unwrap()
}

#[test]
fn sets_of_a_real_encoder_are_read() {
    let made = made();
    assert_eq!((made.width, made.height, made.frame_rate), (642, 362, None));
    assert_eq!((made.profile_name(), made.reorder_depth), ("Main", 2));
    assert_eq!(made.rfc6381(), "hvc1.1.6.L63.90");
}

#[test]
fn record_and_sets_say_the_same() {
    let made = made();
    assert_eq!(H265Parameters::from_hvcc(&made.hvcc).unwrap(), made);
    assert_eq!(H265Parameters::from_hvcc(&made.hvcc[..30]), Err(Error::Record));
    assert_eq!(H265Parameters::from_hvcc(&[]), Err(Error::Record));
}

proptest! {
    #[test]
    fn any_bytes_give_parameters_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = H265Parameters::from_hvcc(&bytes);
        let _ = H265Parameters::from_hvcc(&[&[1; 22][..], &bytes].concat());
        let sps = [&[0x42, 1][..], &bytes].concat();
        let _ = H265Parameters::from_sets(&[0x40, 1], &sps, &[0x44, 1]);
    }

    #[test]
    fn a_changed_set_gives_parameters_or_an_error(at in 2_usize..42, bit in 0_u8..8) {
        let mut sps = hex(SPS);
        sps[at] ^= 1 << bit;
        let _ = H265Parameters::from_sets(&hex(VPS), &sps, &hex(PPS));
    }
}
