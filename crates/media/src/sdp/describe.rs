//! What an RTSP server says of a stream (RFC 8866, and the payload formats' own lines).

use std::fmt::Write;

use crate::audio::{G711Parameters, Law, OPUS_RATE};
use crate::{Parameters, Track, Tracks, rtp};

/// The RTP payload type of a track's packets: that of RFC 3551 table 4 where it has one (M-JPEG, and
/// G.711 of 8 kHz in mono), else a dynamic one, from 96 on in order.
#[must_use]
pub fn payload_type(index: usize, parameters: &Parameters) -> u8 {
    match parameters {
        Parameters::G711(G711Parameters { law, sample_rate: 8_000, channels: 1 }) => match law {
            Law::Mu => 0,
            Law::A => 8,
        },
        Parameters::Mjpeg(_) => 26,
        _ => 96 + u8::try_from(index % 32).unwrap_or(0),
    }
}

/// The name of a track's `control` attribute.
#[must_use]
pub fn control(index: usize) -> String {
    format!("trackID={index}")
}

/// The description of a stream named `name`. Tracks that RTP does not carry are left out.
#[must_use]
pub fn describe(name: &str, tracks: &Tracks) -> String {
    let mut out = format!(
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns={name}\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\na=range:npt=now-\r\n"
    );
    for (index, track) in tracks.all().iter().enumerate() {
        if !rtp::carries(&track.parameters) {
            continue;
        }
        let number = payload_type(index, &track.parameters);
        let (encoding, format) = codec(&track.parameters);
        let kind = if track.parameters.is_video() { "video" } else { "audio" };
        // Writing to a string cannot fail.
        let _ = write!(out, "m={kind} 0 RTP/AVP {number}\r\na=rtpmap:{number} {encoding}\r\n");
        if !format.is_empty() {
            let _ = write!(out, "a=fmtp:{number} {format}\r\n");
        }
        out.push_str(&frame_rate(track));
        let _ = write!(out, "a=control:{}\r\n", control(index));
    }
    out
}

fn frame_rate(track: &Track) -> String {
    track.parameters.frame_rate().map_or_else(String::new, |(scale, ticks)| {
        format!("a=framerate:{}\r\n", f64::from(scale) / f64::from(ticks))
    })
}

/// Name, clock and channels of `rtpmap`, and what `fmtp` says.
fn codec(parameters: &Parameters) -> (String, String) {
    let base64 = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
    match parameters {
        // RFC 6184 section 8.2.
        Parameters::H264(h264) => {
            let [profile, constraints, level] = h264.profile;
            let format = format!(
                "packetization-mode=1; profile-level-id={profile:02X}{constraints:02X}{level:02X}; \
                 sprop-parameter-sets={},{}",
                base64(h264.sps()),
                base64(h264.pps())
            );
            ("H264/90000".to_owned(), format)
        }
        // RFC 7798 section 7.2.
        Parameters::H265(h265) => {
            let (vps, sps, pps) = (base64(h265.vps()), base64(h265.sps()), base64(h265.pps()));
            ("H265/90000".to_owned(), format!("sprop-vps={vps}; sprop-sps={sps}; sprop-pps={pps}"))
        }
        // RFC 2435 section 4; the rest is in each packet.
        Parameters::Mjpeg(_) => ("JPEG/90000".to_owned(), String::new()),
        // RFC 3640 section 4.1; stream type 5 is sound.
        Parameters::Aac(aac) => {
            let config: String = aac.config.iter().map(|byte| format!("{byte:02x}")).collect();
            let format = format!(
                "streamtype=5; profile-level-id=1; mode=AAC-hbr; sizelength=13; indexlength=3; \
                 indexdeltalength=3; config={config}"
            );
            (format!("mpeg4-generic/{}/{}", aac.sample_rate, aac.channels), format)
        }
        // RFC 7587 section 7: always said to be of two channels.
        Parameters::Opus(opus) => {
            let stereo = u8::from(opus.channels > 1);
            (format!("opus/{OPUS_RATE}/2"), format!("sprop-stereo={stereo}"))
        }
        Parameters::G711(g711) => {
            let name = if g711.law == Law::A { "PCMA" } else { "PCMU" };
            let channels =
                if g711.channels > 1 { format!("/{}", g711.channels) } else { String::new() };
            (format!("{name}/{}{channels}", g711.sample_rate), String::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::audio::{AacParameters, OpusParameters};
    use crate::{Timescale, TrackId};

    fn described(parameters: Vec<Parameters>) -> String {
        let tracks = (0..).zip(parameters).map(|(id, parameters)| Track {
            id: TrackId(id),
            timescale: Timescale::new(NonZeroU32::MIN),
            parameters,
        });
        describe("cam1", &Tracks::new(tracks.collect()))
    }

    #[test]
    fn each_codec_of_sound_has_the_lines_of_its_payload_format() {
        let aac = AacParameters::from_config(&[0x15, 0x88]).expect("AAC-LC, 8 kHz, mono");
        let telephone = G711Parameters { law: Law::Mu, sample_rate: 8_000, channels: 1 };
        let wide = G711Parameters { law: Law::A, sample_rate: 16_000, channels: 2 };
        let text = described(vec![
            Parameters::Aac(aac),
            Parameters::G711(telephone),
            Parameters::G711(wide),
            Parameters::Opus(OpusParameters { channels: 1, pre_skip: 312 }),
        ]);
        let expected = [
            "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 mpeg4-generic/8000/1\r\n",
            "mode=AAC-hbr; sizelength=13; indexlength=3; indexdeltalength=3; config=1588\r\na=control:trackID=0\r\n",
            "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:trackID=1\r\n",
            "m=audio 0 RTP/AVP 98\r\na=rtpmap:98 PCMA/16000/2\r\na=control:trackID=2\r\n",
            "a=rtpmap:99 opus/48000/2\r\na=fmtp:99 sprop-stereo=0\r\na=control:trackID=3\r\n",
        ];
        for lines in expected {
            assert!(text.contains(lines), "{lines} in {text}");
        }
    }

    #[test]
    fn pictures_have_the_number_of_the_table_and_those_of_other_sizes_are_left_out() {
        let jpeg = |width| Parameters::Mjpeg(crate::jpeg::JpegParameters { width, height: 64 });
        let text = described(vec![jpeg(100), jpeg(2_048), jpeg(2_040)]);
        let lines = "m=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:trackID=2\r\n";
        assert!(text.contains(lines) && text.matches("m=").count() == 1, "{text}");
    }
}
