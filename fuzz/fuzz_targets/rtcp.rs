#![no_main]
//! Reports of publishers and readers.
use libfuzzer_sys::fuzz_target;
use media::rtp::rtcp::{Report, parse};

fuzz_target!(|data: &[u8]| {
    for report in parse(data).unwrap_or_default() {
        if let Report::Sender { info, .. } = report {
            let _ = info.wall();
        }
    }
});
