#![no_main]
//! AAC configurations from cameras and files.
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = media::audio::AacParameters::from_config(data);
});
