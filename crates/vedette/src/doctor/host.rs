//! The host: clock, limits, programs.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use super::{Finding, Level};

/// How long a program may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Written by systemd's time service when it has the time.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

pub(super) async fn clock() -> Finding {
    let arguments = ["show", "--property=NTPSynchronized", "--value"];
    let said = output("timedatectl", &arguments).await;
    match said.as_deref().map(str::trim) {
        Some("yes") => Finding::new(Level::Ok, "doctor_clock_good", []),
        _ if Path::new(SYNCHRONISED).exists() => Finding::new(Level::Ok, "doctor_clock_good", []),
        Some("no") => Finding::new(Level::Warning, "doctor_clock_bad", []),
        _ => Finding::new(Level::Warning, "doctor_clock_unknown", []),
    }
}

pub(super) async fn ffmpeg() -> Finding {
    match ffmpeg_version().await {
        Some(version) => Finding::new(Level::Ok, "doctor_ffmpeg_good", [("version", version)]),
        None => Finding::new(Level::Warning, "doctor_ffmpeg_missing", []),
    }
}

/// The first line that ffmpeg says of itself.
pub(super) async fn ffmpeg_version() -> Option<String> {
    let program = child::find()?;
    let said = output(&program.display().to_string(), &["-version"]).await?;
    Some(said.lines().next()?.chars().take(200).collect())
}

pub(super) fn open_files(cameras: usize) -> Finding {
    // Each camera has sockets and an open segment; the rest is listeners, database and viewers.
    let needed = cameras.saturating_mul(6).saturating_add(1_000);
    let limit = rlimit::Resource::NOFILE.get().map_or(0, |(_, hard)| hard);
    let enough = limit >= u64::try_from(needed).unwrap_or(u64::MAX);
    let (level, code) = match enough {
        true => (Level::Ok, "doctor_files_good"),
        false => (Level::Warning, "doctor_files_few"),
    };
    let values = [("limit", limit.to_string()), ("needed", needed.to_string())];
    Finding::new(level, code, values)
}

async fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(ANSWER, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
