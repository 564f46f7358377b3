//! What retention promises: the right segments, in the right order, and nothing else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod disk;
mod rules;

use std::path::Path;

use base::{CameraId, Wall};
use catalog::{Database, NewSegment, Place, Sealed, Segment, SegmentId, SegmentState, Segments};

use super::*;
use crate::keys;
use crate::local::probe;
use crate::metrics::RetentionMetrics;

fn id(name: &str) -> CameraId {
    CameraId::new(name).unwrap()
}

/// Seconds after the start of some day.
fn at(seconds: i64) -> Wall {
    Wall::from_micros((1_736_899_200 + seconds) * 1_000_000)
}

fn row(number: i64, camera: &str, start: i64, bytes: u64, state: SegmentState) -> Segment {
    let new = NewSegment {
        camera: id(camera),
        stream: id(camera).main_path(),
        path: keys::segment(&id(camera), at(start), 1, "mp4"),
        start: at(start),
        format: "fmp4".into(),
        codecs: String::new(),
    };
    let sealed = Sealed { end: at(start + 10), duration_us: 10_000_000, bytes, sha256: [0; 32] };
    let sealed = (state != SegmentState::Recording).then_some(sealed);
    Segment { id: SegmentId(number), new, sealed, state, place: Place::Local, removal: None }
}

/// A volume with a catalogue.
struct Store {
    database: Database,
    volume: VolumeRoot,
    metrics: RetentionMetrics,
}

impl Store {
    async fn new(root: &Path, database: &Path) -> Self {
        let database = Database::open(database, 2).await.unwrap();
        let volume = VolumeRoot::new(root.to_owned(), probe(root, None).unwrap());
        let metrics = RetentionMetrics::new(&prometheus::Registry::new()).unwrap();
        Self { database, volume, metrics }
    }

    fn remover(&self) -> Remover {
        Remover::new(self.database.clone(), self.volume.clone(), self.metrics.clone())
    }

    fn service(&self, config: Config) -> (Service, Handle) {
        let (database, volume) = (self.database.clone(), self.volume.clone());
        Service::new(config, database, volume, self.metrics.clone(), base::health::Board::default())
    }

    /// A row in state `Recording` with its file of `len` bytes.
    async fn open(&self, camera: &str, start: i64, len: usize) -> SegmentId {
        let new = row(0, camera, start, 0, SegmentState::Recording).new;
        let file = self.volume.path().join(&new.path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let id = self.database.create_segment(&new).await.unwrap();
        std::fs::write(file, vec![0x5a; len]).unwrap();
        id
    }

    async fn seal(&self, id: SegmentId, start: i64, len: usize) {
        let sealed = Sealed {
            end: at(start + 10),
            duration_us: 10_000_000,
            bytes: len as u64,
            sha256: [0; 32],
        };
        self.database.seal_segment(id, &sealed).await.unwrap();
    }

    async fn segment(&self, camera: &str, start: i64, len: usize) -> SegmentId {
        let id = self.open(camera, start, len).await;
        self.seal(id, start, len).await;
        id
    }

    async fn state(&self, id: SegmentId) -> (SegmentState, bool) {
        let row = self.database.segment(id).await.unwrap();
        (row.state, self.volume.path().join(&row.new.path).exists())
    }
}
