#![no_main]
//! What an ffmpeg child writes, in pieces.
use libfuzzer_sys::fuzz_target;
use media::mp4::StreamReader;

fuzz_target!(|data: &[u8]| {
    let Some((piece, rest)) = data.split_first() else { return };
    let (mut reader, mut events) = (StreamReader::default(), Vec::new());
    let _ = rest
        .chunks(usize::from(*piece).max(1))
        .try_for_each(|piece| reader.push(piece, &mut events));
});
