//! `vedette retention preview`: what goes next, and by which rule.

use std::process::ExitCode;

use base::{Clock, SystemClock};
use serde_json::json;
use storage::retention::{self, Next};

use crate::cli::say;
use crate::config::Config;
use crate::retention::{Store, block_on, limits};

/// Segments that go later, at most.
const LATER_MAX: usize = 50;

/// Lists what goes now and then what goes after, the oldest first.
pub fn preview(config: &Config, as_json: bool) -> anyhow::Result<ExitCode> {
    block_on(async {
        let store = Store::open(config).await?;
        let (limits, now) = (limits(config), SystemClock.wall());
        let space = store.volume.space()?;
        let short = limits.reserve(space.total).saturating_sub(space.free);
        let all = retention::next(&store.database, &limits, short, now, LATER_MAX).await?;
        if as_json {
            let answer = json!({
                "free_bytes": space.free,
                "kept_free_bytes": limits.reserve(space.total),
                "segments": all.iter().map(entry).collect::<Vec<_>>(),
            });
            say(&serde_json::to_string_pretty(&answer)?);
        } else {
            all.iter().for_each(|next| say(&line(next)));
            say(&format!(
                "{} bytes free, {} are kept free",
                space.free,
                limits.reserve(space.total)
            ));
        }
        store.database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn entry(next: &Next) -> serde_json::Value {
    let segment = &next.segment;
    json!({
        "id": segment.id,
        "camera": segment.new.camera,
        "path": segment.new.path,
        "start": segment.new.start,
        "end": segment.sealed.as_ref().map(|sealed| sealed.end),
        "bytes": segment.sealed.as_ref().map(|sealed| sealed.bytes),
        "state": segment.state,
        "rule": next.rule,
        "when": if next.is_due { "now" } else { "later" },
        "at": next.at,
    })
}

fn line(next: &Next) -> String {
    let bytes = next.segment.sealed.as_ref().map_or(0, |sealed| sealed.bytes);
    let when = match next.at {
        _ if next.is_due => "now".to_owned(),
        Some(at) => format!("at {at}"),
        None => "when it is the oldest".to_owned(),
    };
    format!("{} {} {bytes} bytes, {when}", next.rule.as_str(), next.segment.new.path)
}
