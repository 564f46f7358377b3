#![no_main]
//! Transport streams of other makers, and files that a crash left.
use libfuzzer_sys::fuzz_target;
use media::ts::{Demuxer, scan};

fuzz_target!(|data: &[u8]| {
    let (mut demuxer, mut events) = (Demuxer::new(), Vec::new());
    for chunk in data.chunks(1_000) {
        demuxer.push(chunk, &mut events);
    }
    demuxer.finish(&mut events);
    if let Ok(Some(index)) = scan(data, data.len() as u64) {
        assert!(index.valid_len <= data.len() as u64);
    }
});
