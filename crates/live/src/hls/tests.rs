//! What HLS promises to players.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use base::{Mono, Wall};
use bytes::Bytes;
use media::h264::H264Parameters;
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};

use super::Config;
use super::egress::Muxer;

const START: i64 = 1_736_949_600_000_000;

fn tracks() -> Tracks {
    let sps = [
        0x67, 0x42, 0xc0, 0x16, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0,
        0x7a, 0x3c, 0x58, 0xba, 0x80,
    ];
    let parameters =
        Parameters::H264(H264Parameters::from_sets(&sps, &[0x68, 0xce, 0x0f, 0xc8]).unwrap());
    Tracks::new(vec![Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters }])
}

fn unit(n: i64) -> AccessUnit {
    AccessUnit {
        track: TrackId(0),
        dts: Ticks(n * 6_000),
        pts: Ticks(n * 6_000),
        key: n % 30 == 0,
        data: Bytes::from_static(&[0, 0, 0, 2, 0x65, 1]),
        lost_packets: 0,
        arrived: Mono::default(),
        arrived_wall: Wall::from_micros(START + n * 1_000_000 / 15),
    }
}

fn muxer(units: std::ops::Range<i64>) -> Muxer {
    let mut muxer = Muxer::new(Config::default());
    muxer.describe(&tracks());
    for n in units {
        muxer.push(unit(n));
    }
    muxer
}

#[test]
fn segments_are_whole_groups_with_their_wall_time() {
    let muxer = muxer(0..95);
    let text = muxer.media();
    let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
    assert_eq!(read.segments.len(), 3);
    assert!(read.segments.iter().all(|segment| (segment.duration - 2.0).abs() < 0.001), "{text}");
    assert_eq!(read.target_duration, 2);
    assert!(text.contains("2025-01-15T14:00:04.000Z"), "{text}");
    assert!(muxer.segment(2).is_some() && muxer.segment(3).is_none() && muxer.init(1).is_some());
}

#[test]
fn old_segments_leave_the_playlist_and_can_be_fetched_a_little_longer() {
    let muxer = muxer(0..30 * 12 + 1);
    let text = muxer.media();
    let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
    assert_eq!((read.media_sequence, read.segments.len()), (5, 7));
    assert!(muxer.segment(4).is_some() && muxer.segment(0).is_none());
}

#[test]
fn new_parameters_are_a_discontinuity_with_an_initialisation_segment_of_their_own() {
    let mut muxer = muxer(0..61);
    muxer.describe(&tracks());
    for n in 90..151 {
        muxer.push(unit(n));
    }
    let text = muxer.media();
    let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
    assert_eq!(
        read.segments.iter().map(|s| s.discontinuity).collect::<Vec<_>>(),
        [false, false, true, false]
    );
    assert_eq!(read.segments[2].map.as_ref().unwrap().uri, "init2.mp4");
    let mut muxer = muxer;
    for n in 151..30 * 14 {
        muxer.push(unit(n));
    }
    let text = muxer.media();
    assert!(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1"), "{text}");
}

#[test]
fn the_multivariant_playlist_tells_a_player_what_it_needs() {
    let text = muxer(0..61).multivariant("main_stream.m3u8").unwrap();
    let (_, read) = m3u8_rs::parse_master_playlist(text.as_bytes()).unwrap();
    assert_eq!(read.variants[0].codecs.as_deref(), Some("avc1.42c016"));
    assert!((read.variants[0].frame_rate.unwrap() - 15.0).abs() < 0.01);
    assert_eq!(Config::default().segment, Duration::from_secs(1));
}

/// The decode time at which a segment begins, read from its `tfdt` (version 1).
fn decode_time(segment: &[u8]) -> u64 {
    let at = segment.windows(4).position(|name| name == b"tfdt").unwrap() + 8;
    u64::from_be_bytes(segment[at..at + 8].try_into().unwrap())
}

#[test]
fn decode_times_go_on_when_a_camera_comes_back_with_times_of_its_own() {
    let mut muxer = muxer(0..61);
    let before = decode_time(&muxer.segment(1).unwrap());
    muxer.describe(&tracks());
    for n in 0..61 {
        muxer.push(unit(n));
    }
    let after = decode_time(&muxer.segment(2).unwrap());
    assert!(after >= before + 2 * 90_000, "{after} after {before}");
}
