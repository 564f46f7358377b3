//! Descriptions of publishers, of cameras, and of nobody.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::audio::{AacParameters, G711Parameters, Law, OpusParameters};
use crate::h264::H264Parameters;
use crate::h265::H265Parameters;
use crate::rtp::depacket::{AuHeader, Coding};
use crate::sdp::{control, describe};
use crate::{Parameters, Timescale, Track, TrackId, Tracks};
use proptest::prelude::*;

/// What ffmpeg announces of H.264 with AAC.
const FFMPEG: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=No Name\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
a=tool:libavformat 61.7.100\r\nm=video 0 RTP/AVP 96\r\nb=AS:512\r\na=rtpmap:96 H264/90000\r\n\
a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAFtoCgPbARAAAAwAEAAADAHo8WLqA,aM4PyA==; profile-level-id=42C016\r\n\
a=control:streamid=0\r\nm=audio 0 RTP/AVP 97\r\nb=AS:69\r\na=rtpmap:97 MPEG4-GENERIC/44100/1\r\n\
a=fmtp:97 profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3; config=1208\r\n\
a=control:streamid=1\r\n";

fn codings(announced: &Announced) -> Vec<Option<Coding>> {
    announced.media.iter().map(|medium| medium.format.as_ref().map(|f| f.coding)).collect()
}

#[test]
fn an_announcement_of_ffmpeg_is_read() {
    let read = parse(FFMPEG.as_bytes()).unwrap();
    let [video, audio] = &read.media[..] else { panic!("{read:?}") };
    assert_eq!((video.control.as_str(), video.payload_type), ("streamid=0", 96));
    let format = video.format.as_ref().unwrap();
    assert_eq!((format.coding, format.timescale), (Coding::H264, Timescale::VIDEO));
    assert_eq!(format.parameters.as_ref().and_then(Parameters::size), Some((640, 480)));
    let format = audio.format.as_ref().unwrap();
    assert_eq!((format.coding, format.timescale.hz()), (Coding::Aac(AuHeader::HIGH_RATE), 44_100));
    assert_eq!(format.parameters.as_ref().map(Parameters::name), Some("aac"));
}

#[test]
fn a_medium_of_many_types_is_the_first_that_is_carried_and_others_are_listed() {
    let text = "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=sendonly\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96 102\na=rtpmap:96 VP8/90000\na=rtpmap:102 H264/90000\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 63 8 0\na=rtpmap:63 red/48000/2\na=recvonly\n\
        m=video 9 RTP/AVP 97\na=rtpmap:97 AV1/90000\nm=application 0 RTP/AVP 107\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\nm=video 0 RTP/AVP 26\n\
        m=video 0 RTP/AVP 98\na=rtpmap:98 JPEG/90000\nm=video 0 RTP/AVP 26\na=rtpmap:26 JPEG/1000\n";
    let read = parse(text.as_bytes()).unwrap();
    assert_eq!(codings(&read)[..2], [Some(Coding::H264), Some(Coding::G711)]);
    assert_eq!(codings(&read)[5..], [Some(Coding::Jpeg), Some(Coding::Jpeg), None]);
    assert_eq!(read.media[5].format.as_ref().unwrap().parameters, None);
    assert_eq!(read.media[0].payload_type, 102);
    assert_eq!(read.media[1].payload_type, 8);
    let ways = [read.media[0].direction, read.media[1].direction];
    assert_eq!(ways, [Direction::SendOnly, Direction::ReceiveOnly]);
    let omitted: Vec<&str> = read.omitted().collect();
    assert_eq!(omitted, ["av1", "application", "application", "jpeg"]);
}

#[test]
fn what_is_sent_out_of_order_is_not_carried() {
    let line = "packetization-mode=1";
    let text = FFMPEG.replace(line, "packetization-mode=2");
    assert_eq!(codings(&parse(text.as_bytes()).unwrap())[0], None);
    let text = FFMPEG.replace("indexdeltalength=3", "indexdeltalength=3;ctsdeltalength=4");
    assert_eq!(codings(&parse(text.as_bytes()).unwrap())[1], None);
}

#[test]
fn what_is_too_large_or_no_description_is_refused() {
    assert_eq!(parse(&vec![b'v'; LEN_MAX + 1]), Err(SdpError::TooLarge));
    let many = format!("v=0\r\n{}", "m=audio 0 RTP/AVP 0\r\n".repeat(MEDIA_MAX + 1));
    assert_eq!(parse(many.as_bytes()), Err(SdpError::TooLarge));
    assert_eq!(parse(b"v=0\r\n"), Err(SdpError::NoMedia));
    assert!(matches!(parse(b"GET / HTTP/1.1\r\n\r\n"), Err(SdpError::Syntax(_))));
}

fn every_codec() -> Vec<Parameters> {
    let hex = |text: &str| -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digit).collect()
    };
    let sps = hex("6742c016da0280f6c0440000030004000003007a3c58ba80");
    let vps = hex("40010c01ffff01600000030090000003000003003f959009");
    let sps_h265 = hex(
        "42010101600000030090000003000003003fa005120171c926595924932bc05a020000030002000003003210",
    );
    let g711 = |law, sample_rate, channels| {
        Parameters::G711(G711Parameters { law, sample_rate, channels })
    };
    vec![
        Parameters::H264(H264Parameters::from_sets(&sps, &hex("68ce0fc8")).unwrap()),
        Parameters::H265(
            H265Parameters::from_sets(&vps, &sps_h265, &hex("4401c172b46240")).unwrap(),
        ),
        Parameters::Aac(AacParameters::from_config(&[0x12, 0x10]).unwrap()),
        Parameters::Opus(OpusParameters { channels: 2, pre_skip: 312 }),
        g711(Law::A, 8_000, 1),
        g711(Law::Mu, 16_000, 2),
    ]
}

#[test]
fn what_we_describe_is_read_back() {
    let rate = |parameters: &Parameters| match parameters {
        Parameters::Aac(aac) => aac.sample_rate,
        Parameters::G711(g711) => g711.sample_rate,
        Parameters::Opus(_) => 48_000,
        _ => 90_000,
    };
    let tracks: Vec<Track> = (0..)
        .zip(every_codec())
        .map(|(id, parameters)| Track {
            id: TrackId(id),
            timescale: Timescale::new(NonZeroU32::new(rate(&parameters)).unwrap()),
            parameters,
        })
        .collect();
    let read = parse(describe("cam1", &Tracks::new(tracks.clone())).as_bytes()).unwrap();
    assert_eq!(read.media.len(), tracks.len());
    for (index, (medium, track)) in read.media.iter().zip(&tracks).enumerate() {
        let format = medium.format.as_ref().unwrap();
        assert_eq!(format.parameters.as_ref(), Some(&track.parameters));
        assert_eq!(format.timescale, track.timescale);
        assert_eq!(medium.control, control(index));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_description_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn a_description_with_a_changed_place_is_read_or_refused(at in 0_usize..600, with in any::<u8>()) {
        let mut bytes = FFMPEG.as_bytes().to_vec();
        if let Some(byte) = bytes.get_mut(at) { *byte = with; }
        let _ = parse(&bytes);
        let _ = parse(&bytes[..at.min(bytes.len())]);
    }
}
