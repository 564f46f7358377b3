//! Each way in which ledger, rows and files can differ is told, and what can be mended is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::PathBuf;

use catalog::{Database, Ledger, NewSegment, Removal, Removals, Rule, Sealed, SegmentId, Segments};
use sha2::{Digest, Sha256};

use super::*;
use crate::metrics::RetentionMetrics;
use crate::retention::VolumeRoot;
use crate::{keys, local, repair};

struct Place {
    dir: tempfile::TempDir,
    database: Database,
    remover: Remover,
}

fn at(seconds: i64) -> Wall {
    Wall::from_micros((1_736_899_200 + seconds) * 1_000_000)
}

impl Place {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(&dir.path().join("db"), 1).await.unwrap();
        let root = dir.path().join("segments");
        let volume = VolumeRoot::new(root.clone(), local::probe(&root, None).unwrap());
        let metrics = RetentionMetrics::new(&prometheus::Registry::new()).unwrap();
        let remover = Remover::new(database.clone(), volume, metrics);
        Self { dir, database, remover }
    }

    fn file(&self, path: &str) -> PathBuf {
        self.dir.path().join("segments").join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let file = self.file(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// A row of three seconds, without its file.
    async fn row(&self, start: i64) -> (SegmentId, String) {
        let camera = CameraId::new("cam").unwrap();
        let path = keys::segment(&camera, at(start), 1, "mp4");
        let new = NewSegment {
            stream: camera.main_path(),
            camera,
            path: path.clone(),
            start: at(start),
            format: "fmp4".into(),
            codecs: String::new(),
        };
        (self.database.create_segment(&new).await.unwrap(), path)
    }

    /// A sealed segment of three seconds with its file.
    async fn segment(&self, start: i64) -> (SegmentId, String) {
        let (id, path) = self.row(start).await;
        let (bytes, _) = repair::tests::file();
        self.write(&path, &bytes);
        let sealed = Sealed {
            end: at(start + 3),
            duration_us: 3_000_000,
            bytes: bytes.len() as u64,
            sha256: Sha256::digest(&bytes).into(),
        };
        self.database.seal_segment(id, &sealed).await.unwrap();
        (id, path)
    }

    async fn check(&self, repair: bool) -> Vec<Finding> {
        let lost_found = self.dir.path().join("lost+found");
        let options = Options { camera: None, repair, is_alone: true, lost_found };
        let mut found = Vec::new();
        let mut tell = |finding: &Finding| found.push(finding.clone());
        let report = run(&self.remover, &options, at(100_000), &mut tell).await.unwrap();
        assert_eq!(report.differences, found.len() as u64);
        found
    }

    /// Finds exactly `expected`, mends it or not, and then finds what is left.
    async fn finds(&self, expected: &Difference, can_be_mended: bool) {
        let finding = |mended| vec![Finding { difference: expected.clone(), mended }];
        assert_eq!(self.check(false).await, finding(false));
        assert_eq!(self.check(true).await, finding(can_be_mended));
        let left = if can_be_mended { Vec::new() } else { finding(false) };
        assert_eq!(self.check(false).await, left);
    }
}

#[tokio::test]
async fn a_recording_in_order_has_no_differences() {
    let place = Place::new().await;
    place.segment(0).await;
    place.segment(3).await;
    place.write("cam/live.m3u8", b"#EXTM3U");
    assert_eq!(place.check(false).await, []);
}

#[tokio::test]
async fn a_file_that_is_gone_leaves_a_row_that_says_so() {
    let place = Place::new().await;
    let (id, path) = place.segment(0).await;
    std::fs::remove_file(place.file(&path)).unwrap();
    place.finds(&Difference::FileGone { path }, true).await;
    let row = place.database.segment(id).await.unwrap();
    assert_eq!(row.removal.map(|removal| removal.rule), Some(Rule::Lost));
}

#[tokio::test]
async fn a_changed_byte_is_told_and_never_mended() {
    let place = Place::new().await;
    let (_, path) = place.segment(0).await;
    let mut bytes = std::fs::read(place.file(&path)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    place.write(&path, &bytes);
    place.finds(&Difference::BytesChanged { path: path.clone() }, false).await;
    assert_eq!(std::fs::read(place.file(&path)).unwrap(), bytes);
}

#[tokio::test]
async fn of_a_shortened_file_the_rest_is_kept_and_the_loss_is_a_gap() {
    let place = Place::new().await;
    let (id, path) = place.segment(0).await;
    let (bytes, ends) = repair::tests::file();
    let found = ends[2] + 5;
    place.write(&path, &bytes[..found]);
    let expected = bytes.len() as u64;
    place
        .finds(&Difference::WrongLength { path: path.clone(), expected, found: found as u64 }, true)
        .await;
    assert_eq!(std::fs::read(place.file(&path)).unwrap(), &bytes[..ends[2]]);
    let sealed = place.database.segment(id).await.unwrap().sealed.unwrap();
    assert_eq!((sealed.end, sealed.bytes), (at(2), ends[2] as u64));
    let gaps = place.database.gaps(&CameraId::new("cam").unwrap(), at(0), at(9)).await.unwrap();
    assert_eq!((gaps[0].start, gaps[0].end), (at(2), Some(at(3))));
}

#[tokio::test]
async fn a_lengthened_file_is_told_and_left_alone() {
    let place = Place::new().await;
    let (_, path) = place.segment(0).await;
    let (mut bytes, _) = repair::tests::file();
    let expected = bytes.len() as u64;
    bytes.push(0);
    place.write(&path, &bytes);
    place.finds(&Difference::WrongLength { path, expected, found: expected + 1 }, false).await;
}

#[tokio::test]
async fn a_file_without_a_row_is_indexed_and_a_foreign_one_set_aside() {
    let place = Place::new().await;
    let path = keys::segment(&CameraId::new("cam").unwrap(), at(0), 1, "mp4");
    place.write(&path, &repair::tests::file().0);
    place.finds(&Difference::RowMissing { path: path.clone() }, true).await;
    assert!(place.database.segment_by_path(&path).await.unwrap().is_some());
    place.write("cam/holiday.jpg", b"sea");
    place.finds(&Difference::Foreign { path: "cam/holiday.jpg".into() }, true).await;
    let lost = place.dir.path().join("lost+found/cam/holiday.jpg");
    assert_eq!(std::fs::read(lost).unwrap(), b"sea");
    place.write("cam/holiday.jpg", b"mountain");
    place.finds(&Difference::Foreign { path: "cam/holiday.jpg".into() }, true).await;
    let second = place.dir.path().join("lost+found/cam/holiday.jpg.2");
    assert_eq!(std::fs::read(second).unwrap(), b"mountain");
}

#[tokio::test]
async fn a_segment_that_nobody_records_is_sealed() {
    let place = Place::new().await;
    let (_, path) = place.row(0).await;
    place.write(&path, &repair::tests::file().0);
    place.finds(&Difference::NotSealed { path }, true).await;
}

#[tokio::test]
async fn removals_that_were_not_finished_and_files_that_stayed_are_told() {
    let place = Place::new().await;
    let (id, path) = place.segment(0).await;
    let removal = Removal { rule: Rule::MaxAge, at: at(10), by: None };
    place.database.begin_removal(&[id], &removal).await.unwrap();
    place.finds(&Difference::HalfRemoved { path: path.clone() }, true).await;
    place.write(&path, b"back");
    place.finds(&Difference::FileLeft { path }, true).await;
}

#[tokio::test]
async fn overlaps_and_unexplained_spans_are_told() {
    let place = Place::new().await;
    let (first, second) = (place.segment(0).await.1, place.segment(2).await.1);
    let overlap = Difference::Overlap { first, second, millis: 1_000 };
    place.finds(&overlap, false).await;
    place.segment(200_000 - 103_000).await;
    let hole = Difference::Unexplained {
        camera: CameraId::new("cam").unwrap(),
        start: at(5),
        end: at(97_000),
    };
    let found: Vec<_> = place.check(true).await.into_iter().map(|f| f.difference).collect();
    assert_eq!(found, [overlap, hole], "one line for a hole of more than a day");
}

#[tokio::test]
async fn on_a_volume_that_is_away_nothing_is_compared() {
    let place = Place::new().await;
    std::fs::remove_file(place.file(".vedette-volume")).unwrap();
    let options = Options {
        camera: None,
        repair: true,
        is_alone: true,
        lost_found: place.dir.path().join("lost+found"),
    };
    let checked = run(&place.remover, &options, at(9), &mut |_| {}).await;
    assert!(matches!(checked, Err(Error::Retention(retention::Error::Volume(_)))));
}
