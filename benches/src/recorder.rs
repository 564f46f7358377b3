//! What a recorded camera costs, beside one ffmpeg per camera in the same run.
//!
//! Cameras are simulated (640x480, 15 frames a second, 512 kbit/s, a key frame every 2 s). Costs are the
//! kernel's accounting of the process over a window after a warm-up; ratios are against the aims of
//! the project, and are printed, never asserted.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::process::{Running, cpu, pss, say, serve, simulate, wait_for};

pub const COUNTS: [usize; 4] = [1, 50, 200, 500];
const FFMPEGS: usize = 50;
/// The ring fills in 12 s; after that memory should stand still.
const WARM_UP: Duration = Duration::from_secs(16);
const WINDOW: Duration = Duration::from_secs(20);
const AIM_CORES: f64 = 0.0008;
const AIM_MIB: f64 = 0.6;

/// Measures each count of cameras, then ffmpeg.
pub fn run(binary: &Path, counts: &[usize]) -> Result<()> {
    say(&format!(
        "window {WINDOW:?} after {WARM_UP:?}; aims: {AIM_CORES} core and {AIM_MIB} MiB a camera beside the ring"
    ));
    say(
        "recorder   cameras  core/camera  (of aim)  MiB/camera beside ring  (of aim)  ring MiB  rows  failures",
    );
    for count in counts {
        vedette(binary, *count)?;
    }
    ffmpeg(binary, FFMPEGS)
}

fn count(cameras: usize) -> f64 {
    u32::try_from(cameras).map_or(1.0, f64::from)
}

fn vedette(binary: &Path, cameras: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_simulator, base) = simulate(binary, cameras, folder.path())?;
    let mut yaml =
        "data_dir: ./data\nserver: { port: 0 }\naccess: { mode: open }\nrecord: { segment_duration: 15m }\ncameras:\n"
            .to_owned();
    for number in 1..=cameras {
        yaml.push_str(&format!("  - {{ id: cam{number}, url: \"{base}/cam{number}\" }}\n"));
    }
    std::fs::write(folder.path().join("vedette.yaml"), yaml)?;
    let idle = tempfile::tempdir()?;
    std::fs::write(
        idle.path().join("vedette.yaml"),
        "data_dir: ./data\nserver: { port: 0 }\naccess: { mode: open }\n",
    )?;
    let (empty, _) = serve(binary, idle.path(), &[])?;
    let (server, address) = serve(binary, folder.path(), &[])?;
    let number = |name: &str| -> Result<f64> {
        let text =
            ureq::get(format!("http://{address}/metrics")).call()?.body_mut().read_to_string()?;
        let value =
            |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        Ok(text.lines().filter(|line| line.starts_with(name)).filter_map(value).sum())
    };
    wait_for("all cameras", || {
        Ok((number("vedette_hub_streams")? >= count(cameras)).then_some(()))
    })?;
    std::thread::sleep(WARM_UP);
    let (began, before) = (Instant::now(), cpu(server.id())?);
    std::thread::sleep(WINDOW);
    let cores = (cpu(server.id())? - before) / began.elapsed().as_secs_f64() / count(cameras);
    let ring = number("vedette_hub_ring_bytes")?;
    // What a server without cameras needs is not the cameras'.
    let own = pss(server.id())? - pss(empty.id())? - ring;
    let mib = own / f64::from(1 << 20) / count(cameras);
    let rows = number("camera_recorder_recording_active")?;
    let failures =
        number("vedette_source_reconnects_total")? + number("vedette_hub_skipped_units_total")?;
    say(&format!(
        "vedette    {cameras:>7}  {cores:>11.5}  {:>8.2}  {mib:>22.2}  {:>8.2}  {:>8.1}  {rows:>4}  {failures:>8}",
        cores / AIM_CORES,
        mib / AIM_MIB,
        ring / f64::from(1 << 20),
    ));
    Ok(())
}

/// One `ffmpeg -c copy` per camera, as many installations record.
fn ffmpeg(binary: &Path, cameras: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_simulator, base) = simulate(binary, cameras, folder.path())?;
    let mut running = Vec::new();
    for number in 1..=cameras {
        let out = folder.path().join(format!("cam{number}-%03d.mp4"));
        let child = Command::new("ffmpeg")
            .args([
                "-v",
                "error",
                "-nostdin",
                "-rtsp_transport",
                "tcp",
                "-i",
                &format!("{base}/cam{number}"),
            ])
            .args([
                "-c",
                "copy",
                "-f",
                "segment",
                "-segment_time",
                "900",
                "-segment_format_options",
                "movflags=frag_keyframe+empty_moov",
            ])
            .arg(out)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("ffmpeg")?;
        running.push(Running::new(child));
    }
    std::thread::sleep(WARM_UP);
    let total = |measure: fn(u32) -> Result<f64>| {
        running.iter().map(|child| measure(child.id())).sum::<Result<f64>>()
    };
    let (began, before) = (Instant::now(), total(cpu)?);
    std::thread::sleep(WINDOW);
    let cores = (total(cpu)? - before) / began.elapsed().as_secs_f64() / count(cameras);
    let mib = total(pss)? / f64::from(1 << 20) / count(cameras);
    say(&format!(
        "ffmpeg     {cameras:>7}  {cores:>11.5}  {:>8.2}  {mib:>22.2}  {:>8.2}",
        cores / AIM_CORES,
        mib / AIM_MIB
    ));
    Ok(())
}
