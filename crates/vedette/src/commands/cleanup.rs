//! `vedette cleanup`: the rules of retention, now.

use std::process::ExitCode;

use anyhow::Context;
use base::{CameraId, Clock, SystemClock, Wall};
use storage::retention::{self, Planned, Removed, Scope};

use crate::cli::{CleanupArgs, say};
use crate::config::{Config, parse_duration};
use crate::retention::{Store, block_on, camera, limits};
use crate::telemetry;

/// Removes what the rules say, or only lists it. What the archive waits for never goes.
pub fn run(config: &Config, args: &CleanupArgs) -> anyhow::Result<ExitCode> {
    let now = SystemClock.wall();
    let camera = camera(args.camera.as_deref())?;
    let older_than = args.older_than.as_deref().map(|text| cutoff(text, now)).transpose()?;
    // Deletions are logged as the server logs them, in the same file.
    let logs = if args.dry_run { None } else { Some(telemetry::start(config)?) };
    let removed = block_on(cleanup(config, (camera, older_than), args.dry_run, now))?;
    drop(logs);
    let verb = if args.dry_run { "would be removed" } else { "removed" };
    say(&format!("{} segment(s), {} bytes {verb}", removed.segments, removed.bytes));
    Ok(ExitCode::SUCCESS)
}

fn cutoff(text: &str, now: Wall) -> anyhow::Result<Wall> {
    let age = parse_duration(text).filter(|age| !age.is_zero());
    let age = age.with_context(|| format!("--older-than: `{text}` is not a duration; write 7d"))?;
    Ok(now.plus_micros(-i64::try_from(age.as_micros()).unwrap_or(i64::MAX)))
}

async fn cleanup(
    config: &Config,
    (camera, older_than): (Option<CameraId>, Option<Wall>),
    dry_run: bool,
    now: Wall,
) -> anyhow::Result<Removed> {
    let store = Store::open(config).await?;
    let mut limits = limits(config);
    limits.drop_unarchived = false;
    // Who asked stands in the rows of what went because it was asked for.
    let by = std::env::var("USER").ok().filter(|_| older_than.is_some());
    let mut sum = Removed::default();
    loop {
        let short = store.short(&limits)?;
        let (camera, space_rule) = (camera.clone(), None);
        let scope = Scope { camera, older_than, short, all_rules: true, space_rule };
        let planned = retention::plan(&store.database, &limits, &scope, now).await?;
        if dry_run {
            return Ok(list(&planned));
        }
        let removed = store.remover.remove(&planned, by.as_deref(), now).await?;
        sum.segments += removed.segments;
        sum.bytes += removed.bytes;
        if removed.segments == 0 {
            store.database.close().await;
            return Ok(sum);
        }
    }
}

/// A line for each; some hundred at most.
fn list(planned: &[Planned]) -> Removed {
    let mut sum = Removed::default();
    for Planned { segment, rule } in planned {
        let bytes = segment.sealed.as_ref().map_or(0, |sealed| sealed.bytes);
        say(&format!("{} {} {bytes} bytes", rule.as_str(), segment.new.path));
        sum.segments += 1;
        sum.bytes += bytes;
    }
    sum
}
