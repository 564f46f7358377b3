#![no_main]
//! Session descriptions of publishers and cameras.
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(announced) = media::sdp::parse(data) {
        assert!(!announced.media.is_empty());
        let _ = announced.omitted().count();
    }
});
