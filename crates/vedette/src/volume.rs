//! The volume for segments at the server's start: known again, repaired, or waited for.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use base::health::Board;
use base::task::Scope;
use catalog::{Database, Segment, Segments};
use prometheus::Registry;
use storage::Error;
use storage::local::{Volume, VolumeOptions, probe};
use storage::repair::{self, Report};

use crate::config::Config;

/// How often a volume that is away is asked for.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Opens the volume, after repairing what a crash left on it. One that is away is no reason not to start:
/// live view goes on, the ledger says `disk`, and repair waits for its return.
pub async fn open(
    config: &Config,
    database: &Database,
    registry: &Registry,
    board: &Board,
    scope: &Scope,
) -> anyhow::Result<Volume> {
    let root = config.path("storage.segments_dir");
    let name = root.display().to_string();
    let known = database.volume_id(&name).await?;
    let (id, is_there) = match (probe(&root, known.as_deref()), known) {
        (Ok(id), _) => (id, true),
        (Err(error @ Error::WrongVolume { .. }), Some(known)) => {
            tracing::error!(err = %error, "volume for segments is away, nothing is recorded");
            (known, false)
        }
        (Err(error), _) => {
            return Err(error).with_context(|| format!("storage.segments_dir: {name}"));
        }
    };
    database.set_volume_id(&name, &id).await?;
    let options = VolumeOptions {
        durability: config.settings.duration("record.durability"),
        ..VolumeOptions::default()
    };
    let metrics = storage::Metrics::new(registry)?;
    let volume = Volume::open(&root, id, options, metrics, board.clone())?;
    let left = database.open_segments().await?;
    let lost_found = config.data_dir.join("lost+found");
    if is_there {
        report(&repair_all(database, &volume, &lost_found, &left).await?);
    } else if !left.is_empty() {
        repair_later(scope, database.clone(), volume.clone(), lost_found, left);
    }
    Ok(volume)
}

async fn repair_all(
    database: &Database,
    volume: &Volume,
    lost_found: &std::path::Path,
    left: &[Segment],
) -> Result<Report, repair::Error> {
    let mut report = Report::default();
    for segment in left {
        repair::repair_segment(database, volume.root(), lost_found, segment, &mut report).await?;
    }
    Ok(report)
}

fn report(report: &Report) {
    if *report != Report::default() {
        tracing::info!(
            sealed = report.sealed,
            cut = report.cut,
            discarded = report.discarded,
            lost = report.lost,
            "segments of the run before were repaired"
        );
    }
}

/// Repairs what the run before left when the volume has come back.
fn repair_later(
    scope: &Scope,
    database: Database,
    volume: Volume,
    lost_found: PathBuf,
    left: Vec<Segment>,
) {
    let token = scope.token();
    scope.spawn("repair", async move {
        while !is_there(&volume).await {
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(ASK_EVERY) => {}
            }
        }
        match repair_all(&database, &volume, &lost_found, &left).await {
            Ok(done) => report(&done),
            Err(error) => tracing::error!(err = %error, "segments cannot be repaired"),
        }
    });
}

async fn is_there(volume: &Volume) -> bool {
    let volume = volume.clone();
    matches!(tokio::task::spawn_blocking(move || volume.check()).await, Ok(Ok(())))
}

/// After a crash the newest rows may be missing although their files are there: a loss of power can
/// cost the database its last moments. New files have their row first, so this may run beside recording.
pub fn index_strangers(scope: &Scope, config: &Config, database: &Database, volume: &Volume) {
    let (root, lost_found) = (volume.root().to_owned(), config.data_dir.join("lost+found"));
    let (token, database) = (scope.token(), database.clone());
    scope.spawn("index", async move {
        let indexing = repair::index_strangers(&database, &root, &lost_found);
        let done = tokio::select! {
            () = token.cancelled() => return,
            done = indexing => done,
        };
        match done {
            Ok(report) if report == Report::default() => {}
            Ok(report) => {
                tracing::warn!(indexed = report.indexed, lost = report.lost, "files without a row were found");
            }
            Err(error) => {
                tracing::error!(err = %error, "folder of segments cannot be compared with the database");
            }
        }
    });
}
