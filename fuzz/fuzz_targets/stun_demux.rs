#![no_main]
//! What arrives on the port of all peers, as a datagram and as a stream of frames: sorted or dropped,
//! never a panic.
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use live::webrtc::demux::{FRAME_LEN_MAX, is_rtcp, is_rtp, is_stun, local_ufrag, next_frame};

fuzz_target!(|data: &[u8]| {
    assert!(!(is_stun(data) && (is_rtp(data) || is_rtcp(data))) && !(is_rtp(data) && is_rtcp(data)));
    if let Some(ufrag) = local_ufrag(data) {
        assert!(is_stun(data) && ufrag.len() < data.len() && !ufrag.contains(':'));
    }
    let mut bytes = BytesMut::from(data);
    while let Ok(Some(frame)) = next_frame(&mut bytes) {
        assert!(frame.len() <= FRAME_LEN_MAX);
    }
});
