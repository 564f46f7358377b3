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

/// A file of MPEG-TS with a key frame each second, and the decode times of its pictures.
fn transport_stream() -> Vec<u8> {
    let sps = [
        0x67, 0x42, 0xc0, 0x16, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0,
        0x7a, 0x3c, 0x58, 0xba, 0x80,
    ];
    let h264 = media::h264::H264Parameters::from_sets(&sps, &[0x68, 0xce, 0x0f, 0xc8]).unwrap();
    let parameters = Parameters::H264(h264);
    let track = Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters };
    let mut muxer = media::ts::Muxer::new(&Tracks::new(vec![track])).unwrap();
    let mut out = Vec::new();
    for picture in 0..30_i64 {
        let key = picture % 15 == 0;
        let slice = [&[if key { 0x65 } else { 0x41 }][..], &[7; 400]].concat();
        let (dts, data) = (Ticks(picture * 6_000), media::h264::nal::join([&slice[..]]));
        muxer.write(&media::AccessUnit::at_rest(TrackId(0), (dts, dts), key, data), &mut out);
    }
    out
}

#[tokio::test]
async fn a_transport_stream_cut_anywhere_keeps_its_whole_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let (root, lost) = (dir.path().join("segments"), dir.path().join("lost+found"));
    let database = Database::open(&dir.path().join("vedette.db"), 1).await.unwrap();
    let (camera, bytes) = (CameraId::new("cam").unwrap(), transport_stream());
    let mut last = 0;
    for cut in (0..=bytes.len()).step_by(59).chain([bytes.len()]) {
        let start = Wall::from_micros(1_736_949_600_000_000 + cut as i64 * 10_000_000);
        let path = keys::segment(&camera, start, 1, "ts");
        std::fs::create_dir_all(root.join(&path).parent().unwrap()).unwrap();
        std::fs::write(root.join(&path), &bytes[..cut]).unwrap();
        let new = NewSegment {
            camera: camera.clone(),
            stream: camera.main_path(),
            path: path.clone(),
            start,
            format: "ts".into(),
            codecs: String::new(),
        };
        let id = database.create_segment(&new).await.unwrap();
        run(&database, &root, &lost).await.unwrap();
        let Ok(row) = database.segment(id).await else {
            assert!(cut < 1_500, "a file of {cut} bytes is gone");
            continue;
        };
        let (sealed, left) = (row.sealed.unwrap(), std::fs::read(root.join(&path)).unwrap());
        assert!(left.len() % 188 == 0 && bytes.starts_with(&left));
        // At most the picture in which it was cut is missing: three packets and what precedes them.
        assert!(cut - left.len() < 6 * 188, "{} of {cut} bytes are left", left.len());
        assert!(sealed.duration_us >= last, "less is left of more");
        last = sealed.duration_us;
    }
    assert!((1_999_990..=2_000_000).contains(&last), "{last}");
}
