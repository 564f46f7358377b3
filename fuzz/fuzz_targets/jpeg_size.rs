#![no_main]
//! Pictures of M-JPEG cameras.
use libfuzzer_sys::fuzz_target;
use media::jpeg::JpegParameters;

fuzz_target!(|data: &[u8]| {
    let _ = JpegParameters::from_picture(data);
});
