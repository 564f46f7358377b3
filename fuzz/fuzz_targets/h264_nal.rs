#![no_main]
//! NAL units in both wrappings, the clock message, packets.
use libfuzzer_sys::fuzz_target;
use media::h264::{nal, sei};

fuzz_target!(|data: &[u8]| {
    let _ = sei::find_clock(data);
    let joined = nal::join(nal::annex_b(data));
    let _ = nal::is_idr(&joined);
    let payloads = media::rtp::h264(&joined, &[]);
    assert!(payloads.iter().all(|payload| payload.data.len() <= media::rtp::PAYLOAD_LEN_MAX));
    let _ = nal::units(data).count();
});
