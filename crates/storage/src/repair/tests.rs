//! Whatever a crash leaves, repair makes rows and files agree and loses no whole fragment.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use base::{CameraId, Wall};
use bytes::Bytes;
use catalog::{Database, NewSegment, SegmentState, Segments};
use media::audio::AacParameters;
use media::mp4::{Run, Sample, fragment, init_segment};
use media::{Parameters, Ticks, Timescale, Track, TrackId, Tracks};

use super::*;

/// A file of three fragments of a second each, and where each ends.
pub(crate) fn file() -> (Vec<u8>, Vec<usize>) {
    let parameters = Parameters::Aac(AacParameters::from_config(&[0x12, 0x10]).unwrap());
    let track = Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters };
    let mut bytes = init_segment(&Tracks::new(vec![track])).unwrap().to_vec();
    let mut ends = vec![bytes.len()];
    for second in 0..3 {
        let data = Bytes::from(vec![1; 50]);
        let sample = Sample { data, duration: 90_000, composition_offset: 0, key: true };
        let run =
            Run { track: TrackId(0), base_dts: Ticks(second * 90_000), samples: vec![sample] };
        let made = fragment(1, &[run]).unwrap();
        bytes.extend_from_slice(&made.header);
        made.payload.iter().for_each(|part| bytes.extend_from_slice(part));
        ends.push(bytes.len());
    }
    (bytes, ends)
}

#[tokio::test]
async fn a_file_cut_at_any_byte_is_sealed_with_its_whole_fragments_or_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (root, lost) = (dir.path().join("segments"), dir.path().join("lost+found"));
    let database = Database::open(&dir.path().join("vedette.db"), 1).await.unwrap();
    let camera = CameraId::new("cam").unwrap();
    let (bytes, ends) = file();
    let start = Wall::from_micros(1_736_949_600_000_000);
    for cut in 0..=bytes.len() {
        let start = start.plus_micros(i64::try_from(cut).unwrap() * 10_000_000);
        let path = keys::segment(&camera, start, 1, "mp4");
        std::fs::create_dir_all(root.join(&path).parent().unwrap()).unwrap();
        std::fs::write(root.join(&path), &bytes[..cut]).unwrap();
        let stream = camera.main_path();
        let new = NewSegment {
            camera: camera.clone(),
            stream,
            path: path.clone(),
            start,
            format: "fmp4".into(),
            codecs: String::new(),
        };
        let id = database.create_segment(&new).await.unwrap();

        run(&database, &root, &lost).await.unwrap();
        assert_eq!(
            run(&database, &root, &lost).await.unwrap(),
            Report::default(),
            "a second run has nothing to do"
        );

        let whole = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1);
        if whole == 0 {
            assert!(database.segment(id).await.is_err());
            assert!(!root.join(&path).exists());
            assert_eq!(lost.join(&path).exists(), cut > 0 && cut < ends[0], "cut at {cut}");
            continue;
        }
        let row = database.segment(id).await.unwrap();
        let sealed = row.sealed.unwrap();
        assert_eq!(row.state, SegmentState::Created);
        assert_eq!(sealed.duration_us, i64::try_from(whole).unwrap() * 1_000_000);
        assert_eq!(std::fs::read(root.join(&path)).unwrap(), &bytes[..ends[whole]]);
        assert_eq!(sealed.sha256[..], Sha256::digest(&bytes[..ends[whole]])[..]);
    }
}

#[tokio::test]
async fn a_row_without_a_file_is_discarded_and_a_file_without_a_row_indexed() {
    let dir = tempfile::tempdir().unwrap();
    let (root, lost) = (dir.path().join("segments"), dir.path().join("lost+found"));
    let database = Database::open(&dir.path().join("vedette.db"), 1).await.unwrap();
    let camera = CameraId::new("cam").unwrap();
    let start = Wall::from_micros(1_736_949_600_000_000);
    let new = |path: String| NewSegment {
        camera: camera.clone(),
        stream: camera.main_path(),
        path,
        start,
        format: "fmp4".into(),
        codecs: String::new(),
    };
    database.create_segment(&new("cam/none.mp4".into())).await.unwrap();
    assert_eq!(run(&database, &root, &lost).await.unwrap().discarded, 1);

    let path = keys::segment(&camera, start, 1, "mp4");
    std::fs::create_dir_all(root.join(&path).parent().unwrap()).unwrap();
    std::fs::write(root.join(&path), file().0).unwrap();
    assert_eq!(index_strangers(&database, &root, &lost).await.unwrap().indexed, 1);
    let row = database.segment_by_path(&path).await.unwrap().unwrap();
    assert_eq!(end_of(&row), start.plus_micros(3_000_000));
}
