#![no_main]
//! Files that a crash or another maker left.
use libfuzzer_sys::fuzz_target;
use media::mp4::{Index, samples};

fuzz_target!(|data: &[u8]| {
    if let Ok(index) = Index::scan(data, data.len() as u64) {
        assert!(index.valid_len <= data.len() as u64);
        for fragment in &index.fragments {
            let _ = samples(data, fragment);
        }
    }
});
