//! One file of many segments: its length, its ranges, its beginning.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::num::NonZeroU32;

use media::audio::AacParameters;
use media::mp4::{Index, Run, Sample, fragment, init_segment};
use media::{Parameters, Ticks, Timescale, Track, TrackId, Tracks};

use super::*;

const START: i64 = 1_736_949_600_000_000;

/// A segment of ten one-second fragments, the samples of each carrying its number.
fn segment(folder: &std::path::Path, number: i64) -> SegmentFile {
    let parameters = Parameters::Aac(AacParameters::from_config(&[0x12, 0x10]).unwrap());
    let timescale = Timescale::new(NonZeroU32::new(1_000).unwrap());
    let track = Track { id: TrackId(0), timescale, parameters };
    let mut bytes = init_segment(&Tracks::new(vec![track])).unwrap().to_vec();
    for second in 0..10 {
        let mark = u8::try_from(number * 10 + second).unwrap();
        let sample = |key| Sample {
            data: Bytes::from(vec![mark; 40]),
            duration: 500,
            composition_offset: 0,
            key,
        };
        let samples = vec![sample(second % 2 == 0), sample(false)];
        let run = Run { track: TrackId(0), base_dts: Ticks(second * 1_000), samples };
        let made = fragment(1, &[run]).unwrap();
        bytes.extend_from_slice(&made.header);
        made.payload.iter().for_each(|part| bytes.extend_from_slice(part));
    }
    let path = folder.join(format!("{number}.mp4"));
    std::fs::write(&path, &bytes).unwrap();
    SegmentFile { path, start: Wall::from_micros(START + number * 10_000_000) }
}

fn at(millis: i64) -> Wall {
    Wall::from_micros(START + millis * 1_000)
}

async fn whole(file: &Mp4) -> Vec<u8> {
    let mut out = Vec::new();
    while (out.len() as u64) < file.len() {
        let part = file.read(out.len() as u64..u64::MAX).await.unwrap();
        assert!(!part.is_empty());
        out.extend_from_slice(&part);
    }
    out
}

#[tokio::test]
async fn a_range_over_two_segments_begins_at_the_key_frame_before_it_and_ends_where_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let segments = [segment(dir.path(), 0), segment(dir.path(), 1)];
    let file = Mp4::assemble(&segments, at(7_500), at(12_500)).unwrap();
    let bytes = whole(&file).await;
    assert_eq!(bytes.len() as u64, file.len());
    let data = &bytes[bytes.len() - 13 * 40..];
    // From the key frame at 6 s on: 6, 7, 8, 9 twice each, 10, 11 twice, 12 once.
    let marks: Vec<u8> = data.chunks(40).map(|sample| sample[0]).collect();
    assert_eq!(marks, [6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12]);
    assert!(Index::scan(&bytes[..], bytes.len() as u64).is_ok());
    let again = Mp4::assemble(&segments, at(7_500), at(12_500)).unwrap();
    assert_eq!(again.etag(), file.etag());
}

#[tokio::test]
async fn any_range_of_bytes_equals_the_same_bytes_of_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let segments = [segment(dir.path(), 0), segment(dir.path(), 1)];
    let file = Mp4::assemble(&segments, at(0), at(20_000)).unwrap();
    let bytes = whole(&file).await;
    for start in (0..bytes.len()).step_by(37) {
        for len in [1, 39, 400] {
            let end = (start + len).min(bytes.len());
            let part = file.read(start as u64..end as u64).await.unwrap();
            assert_eq!(&part[..], &bytes[start..end]);
        }
    }
    assert!(file.read(file.len()..u64::MAX).await.unwrap().is_empty());
}

#[test]
fn nothing_recorded_and_a_segment_that_is_being_begun_are_told_apart_from_damage() {
    let dir = tempfile::tempdir().unwrap();
    let one = segment(dir.path(), 0);
    assert!(matches!(
        Mp4::assemble(std::slice::from_ref(&one), at(10_000), at(11_000)),
        Err(Error::Empty)
    ));
    let begun = SegmentFile { path: dir.path().join("none.mp4"), start: at(10_000) };
    assert!(Mp4::assemble(&[one, begun], at(9_000), at(11_000)).is_ok());
    let path = dir.path().join("damaged.mp4");
    std::fs::write(&path, vec![0; 100_000]).unwrap();
    let damaged = SegmentFile { path, start: at(0) };
    assert!(matches!(Mp4::assemble(&[damaged], at(0), at(1_000)), Err(Error::Unreadable(_))));
}
