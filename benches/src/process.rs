//! Processes of a run: the binary as server and as cameras, and what the kernel says of them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A line of the report.
#[allow(clippy::print_stdout, reason = "a bench prints")]
pub fn say(text: &str) {
    println!("{text}");
}

/// A process that ends with its handle.
pub struct Running(Child);

impl Running {
    pub const fn new(child: Child) -> Self {
        Self(child)
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// So many cameras, and where they are.
pub fn simulate(binary: &Path, cameras: usize, folder: &Path) -> Result<(Running, String)> {
    let log = folder.join("simulator.log");
    let file = std::fs::File::create(&log)?;
    let child = Command::new(binary)
        .args([
            "simulate",
            "--rtsp",
            "127.0.0.1:0",
            "--loop",
            "--pattern",
            "sine",
            "--cameras",
            &cameras.to_string(),
        ])
        .stdin(Stdio::null())
        .stdout(file)
        .spawn()?;
    let running = Running::new(child);
    let base = wait_for("the simulator", || {
        let text = std::fs::read_to_string(&log)?;
        Ok(text.strip_prefix("listening ").map(|base| base.trim().trim_end_matches('/').to_owned()))
    })?;
    Ok((running, base))
}

/// Asks until there is an answer, for a minute.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        if let Ok(Some(answer)) = ask() {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("waited a minute for {what}")
}

/// User and system time of a process so far, in seconds.
pub fn cpu(id: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // Fields 14 and 15 of proc(5), in hundredths of a second.
    Ok((ticks(11) + ticks(12)) / 100.0)
}

/// Memory that is a process's own share, in bytes.
pub fn pss(id: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("Pss")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib * 1_024.0)
}

/// A server in `folder`, and the address of its HTTP.
pub fn serve(
    binary: &Path,
    folder: &Path,
    environment: &[(&str, &str)],
) -> Result<(Running, String)> {
    let child = Command::new(binary)
        .arg("serve")
        .envs(environment.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let running = Running::new(child);
    let file = folder.join("data/run/listeners.json");
    let address = wait_for("the server", || {
        let map: serde_json::Value = serde_json::from_slice(&std::fs::read(&file)?)?;
        Ok(map.get("http").and_then(serde_json::Value::as_str).map(str::to_owned))
    })?;
    Ok((running, address))
}

/// Where a running server in `folder` listens under this name.
pub fn listener(folder: &Path, name: &str) -> Option<String> {
    let bytes = std::fs::read(folder.join("data/run/listeners.json")).ok()?;
    let map: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    map.get(name).and_then(serde_json::Value::as_str).map(str::to_owned)
}
