//! What HLS promises to players.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use base::{Mono, Wall};
use bytes::Bytes;
use media::h264::H264Parameters;
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};

use super::egress::{Muxer, QUERY};
use super::{Config, Format};

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
        packets: Default::default(),
    }
}

fn muxer(units: std::ops::Range<i64>) -> Muxer {
    muxer_of(Format::Fmp4, &tracks(), units)
}

fn muxer_of(format: Format, tracks: &Tracks, units: std::ops::Range<i64>) -> Muxer {
    let mut muxer = Muxer::new(Config::default(), format, 0);
    muxer.describe(tracks);
    for n in units {
        muxer.push(unit(n));
    }
    muxer
}

/// The playlist without what a session adds.
fn media(muxer: &Muxer) -> String {
    muxer.media(false).replace(QUERY, "")
}

/// A segment in one piece.
fn segment(muxer: &Muxer, number: u64) -> Vec<u8> {
    muxer.segment(number).unwrap().concat()
}

#[test]
fn segments_are_whole_groups_with_their_wall_time() {
    let muxer = muxer(0..95);
    let text = media(&muxer);
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
    let text = media(&muxer);
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
    let text = media(&muxer);
    let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
    assert_eq!(
        read.segments.iter().map(|s| s.discontinuity).collect::<Vec<_>>(),
        [false, false, false, true, false]
    );
    assert_eq!(read.segments[3].map.as_ref().unwrap().uri, "init2.mp4");
    let mut muxer = muxer;
    for n in 151..30 * 14 {
        muxer.push(unit(n));
    }
    let text = media(&muxer);
    assert!(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1"), "{text}");
}

#[test]
fn the_multivariant_playlist_tells_a_player_what_it_needs() {
    let text = muxer(0..61).multivariant().unwrap().replace(QUERY, "");
    let (_, read) = m3u8_rs::parse_master_playlist(text.as_bytes()).unwrap();
    assert_eq!(read.variants[0].codecs.as_deref(), Some("avc1.42c016"));
    assert!((read.variants[0].frame_rate.unwrap() - 15.0).abs() < 0.01);
    assert_eq!(Config::default().segment, Duration::from_secs(1));
}

/// Parts as the playlist names them: duration in milliseconds, independent.
fn parts(text: &str) -> Vec<(u64, bool)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-PART:DURATION="));
    let part = |line: &str| {
        let seconds = line.split(',').next().unwrap().parse().unwrap();
        let millis = u64::try_from(Duration::from_secs_f64(seconds).as_millis()).unwrap();
        (millis, line.ends_with("INDEPENDENT=YES"))
    };
    lines.map(part).collect()
}

#[test]
fn a_part_is_there_with_its_last_picture() {
    let mut muxer = muxer(0..61);
    let before = muxer.progress();
    assert_eq!((before.next_segment, before.last_parts, before.open_parts), (2, 10, 0));
    assert!(!muxer.push(unit(61)) && muxer.push(unit(62)));
    let now = muxer.progress();
    assert_eq!((now.open_parts, now.next_part), (1, before.next_part + 1));
    assert_eq!(now.part_target, Duration::from_millis(200));
    let text = media(&muxer);
    assert_eq!(parts(&text).last(), Some(&(200, true)), "{text}");
    assert!(text.ends_with("URI=\"part21.m4s\"\n"), "{text}");
    assert!(muxer.part(20).is_some() && muxer.part(21).is_none());
}

#[test]
fn a_segment_is_its_parts_one_after_the_other() {
    let muxer = muxer(0..61);
    let parts: Vec<u8> = (10..20).flat_map(|number| muxer.part(number).unwrap()).collect();
    assert_eq!(parts, segment(&muxer, 1));
}

#[test]
fn the_last_part_of_a_group_does_not_wait_for_the_key_frame_that_ends_it() {
    // Groups of 32 pictures: ten parts of three and one of two.
    let unit = |n: i64| AccessUnit { key: n % 32 == 0, ..unit(n) };
    let mut muxer = muxer(0..0);
    (0..33).for_each(|n| _ = muxer.push(unit(n)));
    (33..63).for_each(|n| _ = muxer.push(unit(n)));
    assert_eq!(muxer.progress().open_parts, 10);
    assert!(muxer.push(unit(63)), "the last picture of the group ends the part");
    assert_eq!((muxer.progress().open_parts, muxer.progress().next_segment), (11, 1));
    muxer.push(unit(64));
    assert_eq!((muxer.progress().last_parts, muxer.progress().next_segment), (11, 2));
}

#[test]
fn a_pause_of_the_camera_makes_no_long_part() {
    let mut muxer = muxer(0..62);
    (200..300).for_each(|n| _ = muxer.push(unit(n)));
    assert!(muxer.progress().part_target <= Duration::from_millis(400));
}

proptest::proptest! {
    #[test]
    fn parts_are_as_long_as_was_said_whatever_the_rate(ticks in 1_500_i64..90_000, group in 1_i64..80) {
        let mut muxer = muxer(0..0);
        for n in 0..200 {
            let at = Ticks(n * ticks);
            muxer.push(AccessUnit { dts: at, pts: at, key: n % group == 0, ..unit(n) });
        }
        let text = media(&muxer);
        let target = u64::try_from(muxer.progress().part_target.as_millis()).unwrap();
        proptest::prop_assert!(parts(&text).iter().all(|(len, _)| *len <= target), "{}", text);
        let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
        for segment in &read.segments {
            proptest::prop_assert!(f64::from(segment.duration) <= read.target_duration as f64 + 0.5);
        }
    }
}

/// The decode time at which a segment begins, read from its `tfdt` (version 1).
fn decode_time(segment: &[u8]) -> u64 {
    let at = segment.windows(4).position(|name| name == b"tfdt").unwrap() + 8;
    u64::from_be_bytes(segment[at..at + 8].try_into().unwrap())
}

#[test]
fn decode_times_go_on_when_a_camera_comes_back_with_times_of_its_own() {
    let mut muxer = muxer(0..61);
    let before = decode_time(&segment(&muxer, 1));
    muxer.describe(&tracks());
    for n in 0..61 {
        muxer.push(unit(n));
    }
    let after = decode_time(&segment(&muxer, 2));
    assert!(after >= before + 2 * 90_000, "{after} after {before}");
}

/// A camera's pictures with G.711 and, when there are three tracks, Opus.
fn with_sound(tracks_len: usize) -> Tracks {
    use media::audio::{G711Parameters, Law, OpusParameters};
    let g711 = G711Parameters { law: Law::A, sample_rate: 8_000, channels: 1 };
    let opus = OpusParameters { channels: 1, pre_skip: 312 };
    let sound = [Parameters::G711(g711), Parameters::Opus(opus)];
    let track =
        |(id, parameters)| Track { id: TrackId(id), timescale: Timescale::VIDEO, parameters };
    let mut all = tracks().all().to_vec();
    all.extend((1..).zip(sound).map(track));
    all.truncate(tracks_len);
    Tracks::new(all)
}

#[test]
fn what_hls_does_not_carry_is_left_out_and_told() {
    let fmp4 = muxer_of(Format::Fmp4, &with_sound(3), 0..61);
    assert_eq!(
        (fmp4.omitted(), fmp4.progress().ready, fmp4.progress().refused),
        (&["pcma"][..], true, false)
    );
    let codecs = fmp4.multivariant().unwrap().replace(QUERY, "");
    assert!(codecs.contains("CODECS=\"avc1.42c016,opus\""), "{codecs}");
    let ts = muxer_of(Format::Ts, &with_sound(3), 0..61);
    assert_eq!((ts.omitted(), ts.progress().ready), (&["pcma", "opus"][..], true));
}

#[test]
fn a_stream_of_which_nothing_is_carried_is_refused_until_it_changes() {
    let sound = with_sound(2).filtered(|track| !track.parameters.is_video());
    let mut muxer = Muxer::new(Config::default(), Format::Fmp4, 0);
    assert!(!muxer.progress().refused);
    muxer.describe(&sound);
    assert!(muxer.progress().refused && muxer.omitted() == ["pcma"]);
    muxer.describe(&tracks());
    assert!(!muxer.progress().refused && muxer.omitted().is_empty());
}

#[test]
fn transport_streams_are_cut_like_the_others_and_read_as_one() {
    let mut muxer = muxer_of(Format::Ts, &tracks(), 0..61);
    let text = media(&muxer);
    let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
    assert_eq!(
        read.segments.iter().map(|s| &s.uri[..]).collect::<Vec<_>>(),
        ["seg0.ts", "seg1.ts"]
    );
    assert!(read.segments.iter().all(|segment| segment.map.is_none()) && read.version == Some(3));
    assert!(text.contains("2025-01-15T14:00:02.000Z"), "{text}");
    muxer.interrupt();
    for n in 60..121 {
        muxer.push(unit(n));
    }
    let (mut demuxer, mut events) = (media::ts::Demuxer::new(), Vec::new());
    // The third one is what was begun when units went missing: one picture.
    for number in 0..5 {
        let bytes = segment(&muxer, number);
        assert_eq!((bytes[0], bytes.len() % 188, bytes[188 + 1]), (0x47, 0, 0x50));
        demuxer.push(&bytes, &mut events);
    }
    demuxer.finish(&mut events);
    let mut times = Vec::new();
    for event in events {
        if let media::ts::Event::Unit(unit) = event {
            times.push(unit.dts.0);
        }
    }
    assert_eq!((times.len(), demuxer.stats().lost_packets), (121, 0));
    // The first picture's time, and the pause after the interruption.
    assert_eq!((times[0], times[61] - times[60]), (900_000, 6_000 + 45_000));
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
}
