//! Viewers of a subject, and what the kernel says of it meanwhile.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::subject::Subject;
use crate::process::{cpu, pss};

/// From the last viewer's coming until latency counts.
const SETTLE: Duration = Duration::from_secs(4);

/// How viewers look.
pub struct Look<'a> {
    /// `--rtsp`, `--hls` or `--whep`.
    pub option: &'static str,
    /// With `{path}`.
    pub address: &'a str,
    /// What stands for it: `cam1`, `cam{n}`.
    pub path: &'static str,
    pub viewers: usize,
    pub window: Duration,
}

/// What was seen.
pub struct Seen {
    pub cores: f64,
    /// Beside what it had without viewers.
    pub more_bytes: f64,
    pub tally: Value,
}

impl Seen {
    /// A number of the tally: `/latency_ms/p95`.
    pub fn number(&self, pointer: &str) -> f64 {
        self.tally.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }
}

/// Time in which so many viewers come.
fn spread(viewers: usize) -> Duration {
    Duration::from_millis(u64::try_from(viewers).unwrap_or(0) * 10)
}

fn viewers(binary: &Path, look: &Look<'_>) -> Command {
    let mut command = Command::new(binary);
    command.args(["simulate", "--viewers", &look.viewers.to_string(), look.option]);
    command.arg(look.address.replace("{path}", look.path));
    command.args(["--json"]).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Lets them look for a window and measures the subject in it.
pub fn look(binary: &Path, subject: &Subject, look: &Look<'_>) -> Result<Seen> {
    let spread = spread(look.viewers);
    let before = pss(subject.pid)?;
    let duration = spread + SETTLE + look.window + Duration::from_secs(1);
    let mut command = viewers(binary, look);
    command.args(["--spread", &spread.as_secs_f64().to_string()]);
    command.args(["--settle", &SETTLE.as_secs_f64().to_string()]);
    command.args(["--duration", &duration.as_secs_f64().to_string()]);
    let child = command.spawn().context("viewers")?;
    std::thread::sleep(spread + SETTLE);
    let (began, from) = (Instant::now(), cpu(subject.pid)?);
    std::thread::sleep(look.window);
    let cores = (cpu(subject.pid)? - from) / began.elapsed().as_secs_f64();
    let more_bytes = pss(subject.pid)? - before;
    let output = child.wait_with_output()?;
    let tally: Value = serde_json::from_slice(&output.stdout).context("what viewers counted")?;
    ensure!(first_count(&tally) > 0, "nobody saw a picture: {}", errors(&tally));
    Ok(Seen { cores, more_bytes, tally })
}

/// Lets viewers come one after the other, at all times of a group of pictures; the median of the times to
/// the first picture, in milliseconds.
pub fn first_picture(binary: &Path, look: &Look<'_>) -> Result<f64> {
    let mut command = viewers(binary, look);
    // Not a multiple of the distance of key frames.
    let spread = count_secs(look.viewers) * 0.57;
    command.args(["--spread", &spread.to_string(), "--stay", "6"]);
    let output = command.output().context("viewers")?;
    let tally: Value = serde_json::from_slice(&output.stdout).context("what viewers counted")?;
    ensure!(first_count(&tally) > 0, "nobody saw a picture: {}", errors(&tally));
    Ok(tally.pointer("/first_picture_ms/p50").and_then(Value::as_f64).unwrap_or(f64::NAN))
}

fn first_count(tally: &Value) -> u64 {
    tally.pointer("/first_picture_ms/count").and_then(Value::as_u64).unwrap_or(0)
}

fn errors(tally: &Value) -> String {
    tally.get("errors").map(Value::to_string).unwrap_or_default()
}

fn count_secs(viewers: usize) -> f64 {
    u32::try_from(viewers).map_or(1.0, f64::from)
}
