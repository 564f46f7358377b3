//! Whether every second is accounted for: the coverage of cameras that should be recorded, looked over
//! again and again, a little at a time.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use base::{CameraId, Clock, SystemClock, Wall};
use catalog::coverage::{self, Span};
use catalog::{Database, Error, Ledger, Segments};
use tokio::time::MissedTickBehavior;

use crate::metrics::LedgerMetrics;

const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A gap may be written this much after it happened, when the database is busy.
const LATE_MICROS: i64 = 120_000_000;
/// How far back the first look goes.
const DAY_MICROS: i64 = 86_400_000_000;
const PAGE_LEN: u32 = 1_000;

/// The coverage of a camera in `start..end`. Holds all segments of that span: ask for a day at most.
///
/// # Errors
/// The catalogue's.
pub async fn coverage(
    database: &Database,
    camera: &CameraId,
    (start, end): (Wall, Wall),
    now: Wall,
) -> Result<Vec<Span>, Error> {
    let (mut segments, mut cursor) = (Vec::new(), None);
    loop {
        let page = database.segments(camera, start, end, PAGE_LEN, cursor.as_deref()).await?;
        segments.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let gaps = database.gaps(camera, start, end).await?;
    Ok(coverage::spans(&segments, &gaps, (start, end), now))
}

/// Counts the seconds that nothing explains.
pub struct Watch {
    database: Database,
    metrics: LedgerMetrics,
    cameras: Box<dyn Fn() -> Vec<CameraId> + Send + Sync>,
    known: BTreeMap<CameraId, Known>,
}

/// What is known of a camera.
struct Known {
    /// Looked over until here.
    until: Wall,
    unexplained_us: i64,
}

impl Watch {
    /// Watches the cameras that `cameras` names at each look: those that should be recorded.
    #[must_use]
    pub fn new(
        database: Database,
        metrics: LedgerMetrics,
        cameras: impl Fn() -> Vec<CameraId> + Send + Sync + 'static,
    ) -> Self {
        Self { database, metrics, cameras: Box::new(cameras), known: BTreeMap::new() }
    }

    /// Looks each minute until `stop`.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let looking = async {
            loop {
                tick.tick().await;
                if let Err(error) = self.look(SystemClock.wall()).await {
                    tracing::warn!(err = %error, "coverage ledger cannot be looked over");
                }
            }
        };
        tokio::select! {
            () = looking => {}
            () = stop => {}
        }
    }

    /// Looks over what has come to pass since the last look, of all cameras.
    pub(crate) async fn look(&mut self, now: Wall) -> Result<(), Error> {
        let until = now.plus_micros(-LATE_MICROS);
        let cameras = (self.cameras)();
        self.known.retain(|camera, _| {
            let stays = cameras.contains(camera);
            if !stays {
                // A number that was never made cannot be taken back either.
                let _ = self.metrics.unexplained.remove_label_values(&[camera.as_str()]);
            }
            stays
        });
        for camera in cameras {
            self.look_at(camera, until, now).await?;
        }
        Ok(())
    }

    async fn look_at(&mut self, camera: CameraId, until: Wall, now: Wall) -> Result<(), Error> {
        let before = self.known.get(&camera);
        let start = before.map_or(until.plus_micros(-DAY_MICROS), |known| known.until);
        if start >= until {
            return Ok(());
        }
        let spans = coverage(&self.database, &camera, (start, until), now).await?;
        if before.is_none() && spans.is_empty() {
            // Not recorded yet: its ledger begins with its first moment.
            self.metrics.unexplained.with_label_values(&[camera.as_str()]).set(0.0);
            return Ok(());
        }
        let holes = coverage::holes(&spans, before.map(|_| start), Some(until));
        for (from, to) in &holes {
            tracing::warn!(%camera, start = %from, end = %to, "nothing explains why this was not recorded");
        }
        let found: i64 = holes.iter().map(|(from, to)| to.micros_since(*from)).sum();
        let sum = before.map_or(0, |known| known.unexplained_us).saturating_add(found);
        let seconds = Duration::from_micros(u64::try_from(sum).unwrap_or(0)).as_secs_f64();
        self.metrics.unexplained.with_label_values(&[camera.as_str()]).set(seconds);
        self.known.insert(camera, Known { until, unexplained_us: sum });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
