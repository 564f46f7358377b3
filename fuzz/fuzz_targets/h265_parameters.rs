#![no_main]
//! Parameter sets and configuration records of H.265 cameras and files.
use libfuzzer_sys::fuzz_target;
use media::h265::H265Parameters;

fuzz_target!(|data: &[u8]| {
    if let Ok(read) = H265Parameters::from_hvcc(data) {
        assert_eq!(H265Parameters::from_hvcc(&read.hvcc).as_ref(), Ok(&read));
    }
    if let Some((at, rest)) = data.split_first() {
        let (first, second) = rest.split_at(usize::from(*at).min(rest.len()));
        let (vps, sps) = ([&[0x40, 1][..], first].concat(), [&[0x42, 1][..], second].concat());
        let _ = H265Parameters::from_sets(&vps, &sps, &[0x44, 1]);
    }
});
