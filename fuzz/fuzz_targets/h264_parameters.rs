#![no_main]
//! Configuration records and parameter sets from cameras and files.
use libfuzzer_sys::fuzz_target;
use media::h264::H264Parameters;

fuzz_target!(|data: &[u8]| {
    let _ = H264Parameters::from_avcc(data);
    if let Some((first, rest)) = data.split_first() {
        let (sps, pps) = rest.split_at(usize::from(*first).min(rest.len()));
        if let Ok(parameters) = H264Parameters::from_sets(sps, pps) {
            assert!(H264Parameters::from_avcc(&parameters.avcc).is_ok());
        }
    }
});
