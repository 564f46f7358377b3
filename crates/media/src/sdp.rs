//! What an RTSP server says of a stream (RFC 8866, RFC 6184 section 8.2).

use std::fmt::Write;

use crate::{Parameters, Tracks};

/// The RTP payload type of a track's packets: dynamic ones from 96 on, in order.
#[must_use]
pub fn payload_type(index: usize) -> u8 {
    96 + u8::try_from(index % 32).unwrap_or(0)
}

/// The name of a track's `control` attribute.
#[must_use]
pub fn control(index: usize) -> String {
    format!("trackID={index}")
}

/// The description of a stream named `name`. Tracks that RTP is not written for are left out.
#[must_use]
pub fn describe(name: &str, tracks: &Tracks) -> String {
    let mut out = format!(
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns={name}\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\na=range:npt=now-\r\n"
    );
    for (index, track) in tracks.all().iter().enumerate() {
        let Parameters::H264(h264) = &track.parameters else { continue };
        let number = payload_type(index);
        let base64 = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
        let [profile, constraints, level] = h264.profile;
        let _ = write!(
            out,
            "m=video 0 RTP/AVP {number}\r\na=rtpmap:{number} H264/90000\r\na=fmtp:{number} packetization-mode=1; \
             profile-level-id={profile:02X}{constraints:02X}{level:02X}; sprop-parameter-sets={},{}\r\n",
            base64(h264.sps()),
            base64(h264.pps())
        );
        if let Some((scale, ticks)) = h264.frame_rate {
            let _ = write!(out, "a=framerate:{}\r\n", f64::from(scale) / f64::from(ticks));
        }
        let _ = write!(out, "a=control:{}\r\n", control(index));
    }
    out
}
