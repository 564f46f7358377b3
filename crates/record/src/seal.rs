//! How a segment ends: the file is whole, then its row says so. Beside the recorder, so that the next
//! segment does not wait for a slow disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::task::Scope;
use base::{Backoff, Wall};
use catalog::{
    Database, Gap, GapReason, Ledger, NewSegment, Place, Sealed, Segment, SegmentId, SegmentState,
    Segments,
};
use parking_lot::Mutex;
use storage::local::{SegmentWriter, Volume};
use storage::repair;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::rolling::{self, Rolling};

/// A segment whose last byte has been handed over.
pub(crate) struct Unsealed {
    pub(crate) id: SegmentId,
    pub(crate) new: NewSegment,
    pub(crate) duration_us: i64,
    pub(crate) end: Wall,
}

/// Ends the segments of one recorder; owns the tasks that do.
pub(crate) struct Sealer {
    scope: Scope,
    database: Database,
    volume: Volume,
    lost_found: PathBuf,
    metrics: Metrics,
    /// Only next to MPEG-TS segments. Its lock is held while the file is written, by one at a time.
    rolling: Option<Arc<Mutex<Rolling>>>,
}

impl Sealer {
    pub(crate) fn new(
        scope: Scope,
        database: Database,
        volume: Volume,
        lost_found: PathBuf,
        metrics: Metrics,
        rolling: Option<Rolling>,
    ) -> Self {
        let rolling = rolling.map(|rolling| Arc::new(Mutex::new(rolling)));
        Self { scope, database, volume, lost_found, metrics, rolling }
    }

    /// Ends a segment when all that was handed over is written. Where the disk or the database fails,
    /// what the file holds is repaired until the row and the file agree; a crash before that is
    /// repaired at the next start.
    pub(crate) fn seal(&self, unsealed: Unsealed, writer: SegmentWriter) {
        let (database, volume) = (self.database.clone(), self.volume.clone());
        let root = volume.root().to_owned();
        let (lost_found, metrics) = (self.lost_found.clone(), self.metrics.clone());
        let (rolling, token) = (self.rolling.clone(), self.scope.token());
        self.scope.spawn(format!("seal {}", unsealed.new.path), async move {
            let (camera, claimed) = (unsealed.new.camera.clone(), unsealed.end);
            let mut settled = false;
            if let Ok(file) = writer.seal().await {
                let Unsealed { id, duration_us, end, .. } = unsealed;
                let sealed = Sealed { end, duration_us, bytes: file.bytes, sha256: file.sha256 };
                settled = file.bytes > 0 && database.seal_segment(id, &sealed).await.is_ok();
                if let (true, Some(rolling)) = (settled, rolling) {
                    list(rolling, &unsealed.new, duration_us).await;
                }
            }
            let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
            let segment = Segment {
                id: unsealed.id,
                new: unsealed.new,
                sealed: None,
                state: SegmentState::Recording,
                place: Place::Local,
                removal: None,
            };
            while !settled {
                // What is not there because the disk is away must not be taken for gone.
                let asked = volume.clone();
                let there = tokio::task::spawn_blocking(move || asked.check()).await;
                if !matches!(there, Ok(Ok(()))) {
                    if wait(&token, backoff.next_delay()).await {
                        continue;
                    }
                    return;
                }
                let mut report = repair::Report::default();
                match repair::repair_segment(&database, &root, &lost_found, &segment, &mut report)
                    .await
                {
                    Ok(()) | Err(repair::Error::Catalog(catalog::Error::NotFound { .. })) => {
                        settled = true;
                        explain_loss(&database, &segment, claimed).await;
                    }
                    Err(error) => {
                        tracing::warn!(%camera, err = %error, "segment cannot be sealed yet");
                        if !wait(&token, backoff.next_delay()).await {
                            return;
                        }
                    }
                }
            }
            metrics.segments.with_label_values(&[camera.as_str()]).inc();
        });
    }

    /// Waits until every segment is sealed. The owner of the recorder bounds this.
    pub(crate) async fn finish(self) {
        self.scope.wait().await;
    }
}

/// Waits for the next try. False at the server's end: what is left is repaired at the next start.
async fn wait(token: &CancellationToken, delay: Duration) -> bool {
    tokio::select! {
        () = token.cancelled() => false,
        () = tokio::time::sleep(delay) => true,
    }
}

/// Adds a segment to the rolling playlist. Players lose a segment when that fails, the recording does not.
async fn list(rolling: Arc<Mutex<Rolling>>, new: &NewSegment, duration_us: i64) {
    let uri = new.path.split_once('/').map_or(new.path.as_str(), |(_, below)| below).to_owned();
    let sealed = rolling::Sealed { uri, start: new.start, duration_us, codecs: new.codecs.clone() };
    let written = tokio::task::spawn_blocking(move || rolling.lock().add(sealed)).await;
    if let Ok(Err(error)) = written {
        tracing::warn!(camera = %new.camera, err = %error, "rolling playlist cannot be written");
    }
}

/// The recorder has counted as recorded what it handed over; what the disk then did not take is a gap.
async fn explain_loss(database: &Database, segment: &Segment, claimed: Wall) {
    let start = match database.segment(segment.id).await {
        Ok(Segment { sealed: Some(sealed), .. }) => sealed.end,
        _ => segment.new.start,
    };
    if start >= claimed {
        return;
    }
    let (camera, end) = (segment.new.camera.clone(), Some(claimed));
    let gap = Gap { camera, start, end, reason: GapReason::Disk };
    if let Err(error) = database.add_gap(&gap).await {
        tracing::error!(camera = %gap.camera, err = %error, "ledger cannot be written");
    }
}
