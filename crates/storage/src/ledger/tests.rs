//! The watch counts what nothing explains, once.
#![allow(clippy::unwrap_used)]

use base::{CameraId, Wall};
use catalog::{Database, Gap, GapReason, Ledger, NewSegment, Sealed, Segments};

use super::*;

const MINUTE: i64 = 60;

fn at(seconds: i64) -> Wall {
    Wall::from_micros((1_736_899_200 + seconds) * 1_000_000)
}

async fn record(database: &Database, camera: &CameraId, start: i64, end: i64) {
    let new = NewSegment {
        camera: camera.clone(),
        stream: camera.main_path(),
        path: format!("{camera}/{start}.mp4"),
        start: at(start),
        format: "fmp4".into(),
        codecs: String::new(),
    };
    let id = database.create_segment(&new).await.unwrap();
    let duration_us = at(end).micros_since(at(start));
    let sealed = Sealed { end: at(end), duration_us, bytes: 1, sha256: [0; 32] };
    database.seal_segment(id, &sealed).await.unwrap();
}

#[tokio::test]
async fn seconds_without_recording_or_reason_are_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(&dir.path().join("db"), 1).await.unwrap();
    let camera = CameraId::new("a").unwrap();
    let metrics = LedgerMetrics::new(&prometheus::Registry::new()).unwrap();
    let wanted = vec![camera.clone(), CameraId::new("never").unwrap()];
    let mut watch = Watch::new(database.clone(), metrics.clone(), move || wanted.clone());
    let unexplained = || metrics.unexplained.with_label_values(&["a"]).get();

    record(&database, &camera, 0, 5 * MINUTE).await;
    let gap = Gap {
        camera: camera.clone(),
        start: at(5 * MINUTE),
        end: Some(at(6 * MINUTE)),
        reason: GapReason::Network,
    };
    database.add_gap(&gap).await.unwrap();
    record(&database, &camera, 6 * MINUTE, 10 * MINUTE).await;
    watch.look(at(12 * MINUTE)).await.unwrap();
    assert!(unexplained().abs() < f64::EPSILON, "{}", unexplained());

    watch.look(at(13 * MINUTE)).await.unwrap();
    assert!((unexplained() - 60.0).abs() < 0.001, "the end of the ledger lags behind the clock");
    record(&database, &camera, 11 * MINUTE, 20 * MINUTE).await;
    watch.look(at(14 * MINUTE)).await.unwrap();
    watch.look(at(15 * MINUTE)).await.unwrap();
    assert!((unexplained() - 60.0).abs() < 0.001, "what is counted is not counted again");
}
