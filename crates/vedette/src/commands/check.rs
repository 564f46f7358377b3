//! `vedette check recordings`: whether ledger, database and files agree.

use std::process::ExitCode;

use base::{Clock, SystemClock};
use storage::check::{Finding, Options};

use crate::cli::{CheckArgs, say};
use crate::config::Config;
use crate::listen::Lock;
use crate::retention::{Store, block_on, camera};

/// A line for each difference; fails when one is left that was not mended.
pub fn recordings(config: &Config, args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let camera = camera(args.camera.as_deref())?;
    // Held while mending: no server may begin to record into what is being repaired.
    let lock = Lock::take(&config.data_dir).ok();
    let options = Options {
        camera,
        repair: args.repair,
        is_alone: lock.is_some(),
        lost_found: config.data_dir.join("lost+found"),
    };
    let lock = lock.filter(|_| args.repair);
    let report = block_on(async {
        let store = Store::open(config).await?;
        let mut tell = |finding: &Finding| say(&finding.to_string());
        let now = SystemClock.wall();
        let report = storage::check::run(&store.remover, &options, now, &mut tell).await?;
        store.database.close().await;
        Ok(report)
    })?;
    drop(lock);
    say(&format!(
        "{} segment(s) and {} bytes read, {} difference(s), {} mended",
        report.segments, report.bytes, report.differences, report.mended
    ));
    let agrees = report.differences == report.mended;
    Ok(if agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
