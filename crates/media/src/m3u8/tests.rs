//! What players read in our playlists.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use base::Wall;

use super::*;

#[test]
fn a_media_playlist_says_what_it_was_given() {
    let segment = |number: i64, discontinuity| Segment {
        uri: format!("seg{number}.m4s"),
        duration: Duration::from_millis(2_000),
        start: Wall::from_micros(1_736_949_600_000_000 + number * 2_000_000),
        init: Some(if number < 2 { "init1.mp4".into() } else { "init2.mp4".into() }),
        discontinuity,
        parts: Vec::new(),
    };
    let segments = [segment(0, false), segment(1, false), segment(2, true)];
    let target = Duration::from_secs(1);
    let media = Media {
        sequence: 7,
        discontinuity_sequence: 0,
        target,
        segments: &segments,
        ended: false,
        low_latency: None,
    };
    let text = media.write();
    let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
    assert_eq!((read.media_sequence, read.target_duration), (7, 2));
    assert_eq!(read.segments.len(), 3);
    assert!(read.segments[2].discontinuity && read.segments[2].map.is_some());
    assert!(read.segments[1].map.is_none() && !read.end_list);
    assert!(text.contains("#EXT-X-PROGRAM-DATE-TIME:2025-01-15T14:00:02.000Z"), "{text}");
}

#[test]
fn a_playlist_of_transport_streams_has_no_map_and_marks_where_it_breaks() {
    let segment = |epoch: i64, discontinuity| Segment {
        uri: format!("segment_{epoch}.ts"),
        duration: Duration::from_millis(10_040),
        start: Wall::from_micros(epoch * 1_000_000),
        init: None,
        discontinuity,
        parts: Vec::new(),
    };
    let segments = [segment(1_736_949_600, false), segment(1_736_949_620, true)];
    let media = Media {
        sequence: 3,
        discontinuity_sequence: 2,
        target: Duration::from_secs(10),
        segments: &segments,
        ended: true,
        low_latency: None,
    };
    let text = media.write();
    let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
    assert_eq!((read.version, read.target_duration, read.end_list), (Some(3), 10, true));
    assert!(read.segments.iter().all(|segment| segment.map.is_none()));
    assert!(!read.segments[0].discontinuity && read.segments[1].discontinuity);
    assert!(read.segments[1].program_date_time.is_some(), "{text}");
}

#[test]
fn a_multivariant_playlist_names_codecs_and_size() {
    let playlist = Multivariant {
        uri: "main_stream.m3u8",
        codecs: "avc1.42c01e",
        bandwidth: 600_000,
        resolution: Some((640, 480)),
        frame_rate: Some(15.0),
    };
    let (_, read) = m3u8_rs::parse_master_playlist(playlist.write().as_bytes()).unwrap();
    let variant = &read.variants[0];
    assert_eq!(variant.codecs.as_deref(), Some("avc1.42c01e"));
    assert_eq!(variant.resolution.unwrap().width, 640);
}

fn low_latency(len: u64, is_delta: bool) -> String {
    let part = |number: u64, independent| Part {
        uri: format!("part{number}.m4s"),
        duration: Duration::from_millis(200),
        independent,
    };
    let segment = |number: u64| Segment {
        uri: format!("seg{number}.m4s"),
        duration: Duration::from_secs(1),
        start: Wall::from_micros(1_736_949_600_000_000),
        init: Some("init1.mp4".into()),
        discontinuity: false,
        parts: if number + 2 > len {
            (0..5).map(|n| part(number * 5 + n, n == 0)).collect()
        } else {
            Vec::new()
        },
    };
    let segments: Vec<_> = (0..len).map(segment).collect();
    let open = Segment { parts: vec![part(len * 5, true)], ..segment(len) };
    let low_latency = LowLatency {
        part_target: Duration::from_millis(200),
        open: Some(open),
        next: format!("part{}.m4s", len * 5 + 1),
        is_delta,
    };
    let target = Duration::from_secs(1);
    let (sequence, discontinuity_sequence, ended) = (0, 0, false);
    let low_latency = Some(low_latency);
    Media { sequence, discontinuity_sequence, target, segments: &segments, ended, low_latency }
        .write()
}

#[test]
fn a_playlist_of_low_latency_names_the_newest_parts_and_the_next() {
    let text = low_latency(3, false);
    let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
    assert_eq!((read.version, read.segments.len()), (Some(9), 3), "{text}");
    assert!(
        text.contains("CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.600,CAN-SKIP-UNTIL=6.0\n"),
        "{text}"
    );
    assert!(text.contains("#EXT-X-PART-INF:PART-TARGET=0.200\n"), "{text}");
    assert!(
        text.contains("#EXT-X-PART:DURATION=0.20000,URI=\"part15.m4s\",INDEPENDENT=YES\n"),
        "{text}"
    );
    assert!(text.ends_with("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"part16.m4s\"\n"), "{text}");
    assert!(!text.contains("part4.m4s") && text.contains("part10.m4s"), "{text}");
}

#[test]
fn a_delta_leaves_out_what_lies_before_the_skip_boundary() {
    let text = low_latency(10, true);
    // The open part and six seconds are kept: the segment across the boundary too.
    assert!(text.contains("#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n"), "{text}");
    assert!(!text.contains("seg3.m4s") && text.contains("seg4.m4s"), "{text}");
    assert!(!low_latency(6, true).contains("SKIP:"), "nothing to leave out");
    assert!(!low_latency(10, false).contains("EXT-X-SKIP"));
}
