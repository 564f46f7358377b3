//! Recordings that come and go, and what the ledger says of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::num::NonZeroUsize;

use base::health::Board;
use base::{CameraId, Clock, SystemClock, Wall};
use catalog::{Camera, Cameras, Gap, Ledger};
use hub::RingLimits;
use prometheus::Registry;
use storage::local::VolumeOptions;
use storage::retention::VolumeRoot;
use tokio::runtime::Handle;

use super::*;
use crate::startup;

struct Bench {
    folder: tempfile::TempDir,
    database: Database,
    service: Service,
    _pool: Arc<Pool>,
}

fn id() -> CameraId {
    CameraId::new("cam1").unwrap()
}

async fn database(folder: &tempfile::TempDir) -> Database {
    Database::open(&folder.path().join("vedette.db"), 2).await.unwrap()
}

async fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::new();
    let limits = RingLimits { max_bytes: 1 << 20, max_duration: Duration::from_secs(12) };
    let hub = Hub::new(limits, hub::Metrics::new(&registry).unwrap());
    let pool = Arc::new(Pool::start("media", NonZeroUsize::MIN).unwrap());
    let database = database(&folder).await;
    let camera = Camera {
        id: id(),
        name: "A".to_owned(),
        source: "OTHER".to_owned(),
        role: String::new(),
        location: None,
        enabled: true,
        tags: Vec::new(),
        managed_by: "file".to_owned(),
        removed_at: None,
        created_at: Wall::default(),
        updated_at: Wall::default(),
    };
    database.upsert_file_cameras(&[camera], Wall::default()).await.unwrap();
    let numbers = storage::Metrics::new(&registry).unwrap();
    let known = storage::local::probe(folder.path(), None).unwrap();
    let options = VolumeOptions::default();
    let volume = Volume::open(folder.path(), known, options, numbers, Board::default()).unwrap();
    let scope = Scope::new(Handle::current());
    let root = VolumeRoot::new(folder.path().to_owned(), "id".to_owned());
    let retention = storage::RetentionMetrics::new(&registry).unwrap();
    // Not run: there is always room.
    let (_, room) = storage::retention::Service::new(
        storage::retention::Config::default(),
        database.clone(),
        root,
        retention,
        Board::default(),
    );
    let pool_of_parts = Arc::clone(&pool);
    let parts = Parts { hub, pool: pool_of_parts, scope, database: database.clone(), volume, room };
    let config = Config {
        loss_reason: Arc::new(|_| None),
        look_every: Duration::from_millis(10),
        lost_found: folder.path().join("lost+found"),
        playlist_segments: 6,
    };
    let service = Service::new(parts, config, Metrics::new(&registry).unwrap());
    Bench { folder, database, service, _pool: pool }
}

fn spec(seconds: u64) -> RecordSpec {
    RecordSpec {
        camera: id(),
        stream: id().main_path(),
        segment_duration: Duration::from_secs(seconds),
        audio: true,
        format: crate::Format::Fmp4,
        schedule: None,
    }
}

/// Waits until the ledger's newest entry is an open gap of this reason; all entries.
async fn until(database: &Database, reason: GapReason) -> Vec<Gap> {
    let asked = async {
        loop {
            let gaps = database.gaps(&id(), Wall::default(), Wall::MAX).await.unwrap();
            if gaps.last().is_some_and(|gap| gap.end.is_none() && gap.reason == reason) {
                return gaps;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap()
}

fn assert_without_holes(gaps: &[Gap]) {
    for pair in gaps.windows(2) {
        assert_eq!(pair[0].end, Some(pair[1].start), "{gaps:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_switched_off_is_disabled_in_the_ledger_until_it_is_back() {
    let mut bench = bench().await;
    bench.service.reconcile(vec![spec(60)]);
    until(&bench.database, GapReason::CameraDown).await;
    bench.service.reconcile(Vec::new());
    until(&bench.database, GapReason::Disabled).await;
    bench.service.reconcile(vec![spec(60)]);
    // Changed before it has begun, and again: only the last of them writes.
    bench.service.reconcile(vec![spec(30)]);
    bench.service.reconcile(vec![spec(20)]);
    assert!(bench.service.close(Duration::from_secs(10)).await.is_empty());
    let gaps = bench.database.gaps(&id(), Wall::default(), Wall::MAX).await.unwrap();
    assert_without_holes(&gaps);
    assert!(gaps.iter().filter(|gap| gap.end.is_none()).count() == 1, "{gaps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_left_while_the_node_was_down_has_every_second_explained() {
    let mut bench = bench().await;
    let before = bench.database.node_started(SystemClock.wall()).await.unwrap();
    bench.service.reconcile(vec![spec(60)]);
    until(&bench.database, GapReason::CameraDown).await;
    // As a crash leaves it: nothing said at the end.
    assert!(before.is_none());
    bench.database.node_alive(SystemClock.wall()).await.unwrap();
    let known = bench.database.gaps(&id(), Wall::default(), Wall::MAX).await.unwrap();
    drop(bench.service);
    bench.database.close().await;
    let again = database(&bench.folder).await;
    let before = again.node_started(SystemClock.wall()).await.unwrap();
    let now = SystemClock.wall().plus_micros(5_000_000);
    for _ in 0..2 {
        startup::open_gaps(&again, &[], before, now).await.unwrap();
    }
    let gaps = again.gaps(&id(), Wall::default(), Wall::MAX).await.unwrap();
    assert_without_holes(&gaps);
    let reasons: Vec<GapReason> = gaps.iter().map(|gap| gap.reason).collect();
    assert_eq!(reasons, [known[0].reason, GapReason::NodeFailed, GapReason::Disabled]);
    assert_eq!((gaps[2].start, gaps[2].end), (now, None));
}
