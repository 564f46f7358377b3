//! Offers as browsers make them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use media::audio::{AacParameters, G711Parameters, Law, OpusParameters};
use media::h264::H264Parameters;
use media::{Timescale, Track};
use proptest::prelude::*;

use super::*;

const CHROMIUM: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108 109 114 45\r\na=mid:0\r\na=recvonly\r\n\
    a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=rtpmap:103 H264/90000\r\na=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n\
    a=rtpmap:104 rtx/90000\r\na=fmtp:104 apt=103\r\n\
    a=rtpmap:107 H264/90000\r\na=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f\r\n\
    a=rtpmap:109 H264/90000\r\na=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 9 0 8\r\na=mid:1\r\na=recvonly\r\na=rtpmap:111 opus/48000/2\r\n\
    a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n";

/// Baseline, 640x360.
fn h264(profile: u8) -> Parameters {
    let sps = [
        0x67, profile, 0xc0, 0x16, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0,
        0x7a, 0x3c, 0x58, 0xba, 0x80,
    ];
    let set = H264Parameters::from_sets(&sps, &[0x68, 0xce, 0x0f, 0xc8]);
    Parameters::H264(set.expect("parameter sets"))
}

fn stream(all: Vec<Parameters>) -> Tracks {
    let track =
        |(id, parameters)| Track { id: TrackId(id), timescale: Timescale::VIDEO, parameters };
    Tracks::new((0..).zip(all).map(track).collect())
}

fn pcma() -> Parameters {
    Parameters::G711(G711Parameters { law: Law::A, sample_rate: 8_000, channels: 1 })
}

fn aac() -> Parameters {
    let config = bytes::Bytes::from_static(&[0x11, 0x90]);
    Parameters::Aac(AacParameters { config, object_type: 2, sample_rate: 48_000, channels: 2 })
}

#[test]
fn pictures_and_sound_go_to_the_sections_that_take_them() {
    let choice = choose(&stream(vec![h264(0x42), pcma()]), &sections(CHROMIUM));
    let carried: Vec<_> =
        choice.carried.iter().map(|one| (one.mid.as_str(), one.format.payload_type)).collect();
    assert_eq!(carried, [("0", 103), ("1", 8)]);
    assert!(choice.omitted.is_empty());
}

#[test]
fn a_profile_that_is_not_offered_goes_as_one_that_is() {
    let firefox = CHROMIUM.replace("64001f", "42e01f").replace("42001f", "42e01f");
    let choice = choose(&stream(vec![h264(0x42)]), &sections(&firefox));
    assert_eq!(choice.carried[0].format.payload_type, 103);
}

#[test]
fn aac_is_left_out_and_told() {
    let choice = choose(&stream(vec![h264(0x42), aac()]), &sections(CHROMIUM));
    assert_eq!((choice.carried.len(), choice.omitted), (1, vec!["aac"]));
}

#[test]
fn a_second_track_of_sound_is_taken_when_the_first_cannot_be() {
    let opus = Parameters::Opus(OpusParameters { channels: 2, pre_skip: 0 });
    let choice = choose(&stream(vec![h264(0x42), aac(), opus]), &sections(CHROMIUM));
    assert_eq!(choice.carried[1].track, TrackId(2));
}

#[test]
fn sections_without_a_track_become_silent() {
    let only = with_only(CHROMIUM, &["0"]);
    assert_eq!(only.matches("a=recvonly").count(), 1);
    assert_eq!(only.matches("a=inactive").count(), 1);
    assert!(only.find("a=recvonly") < only.find("a=inactive"));
}

#[test]
fn what_a_browser_that_only_sends_offers_is_not_watched_with() {
    let sends = CHROMIUM.replace("recvonly", "sendonly");
    assert!(choose(&stream(vec![h264(0x42)]), &sections(&sends)).carried.is_empty());
    assert!(!publishable(&sections(&sends)).params().is_empty());
    assert!(publishable(&sections(CHROMIUM)).params().is_empty());
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "(m=|a=|video |audio |rtpmap:|fmtp:|mid:|[0-9]{1,3} |H264/90000|recvonly|\r\n|\\PC){0,80}") {
        let offered = sections(&text);
        let choice = choose(&stream(vec![h264(0x42), pcma()]), &offered);
        let _ = (codecs(&choice.carried, &offered), publishable(&offered), with_only(&text, &["0"]));
    }
}
