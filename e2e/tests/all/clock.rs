//! A server whose wall clock is set forward and back: recordings stay in order, and all is explained.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Server, Simulator, wait_for};

use crate::recording::plays_silently;

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const SOON: Duration = Duration::from_secs(40);
/// Of everything that is recorded here, whatever the clock said.
const EVER: &str = "start=2020-01-01T00:00:00Z&end=2100-01-01T00:00:00Z";

#[test]
fn a_clock_set_an_hour_forward_and_back_leaves_no_overlap_and_nothing_unexplained() -> Result<()> {
    if !std::path::Path::new(LIBRARY).is_file() {
        println!("SKIPPED: there is no library here that sets a process's clock");
        return Ok(());
    }
    let simulator = Simulator::start(&["--loop"])?;
    let folder = tempfile::tempdir()?;
    let clock = folder.path().join("clock");
    std::fs::write(&clock, "+0")?;
    let yaml = format!(
        "record: {{ segment_duration: 3s }}\ncameras:\n  - {{ id: cam, url: \"{}\" }}\n",
        simulator.url(1)
    );
    let mut server = Server::new(&yaml)?
        .permit(&["media or wall clock stepped"])
        .variable("LD_PRELOAD", LIBRARY)
        .variable("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string())
        .variable("FAKETIME_NO_CACHE", "1")
        .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    server.start()?;
    let segments = |server: &Server| -> Result<Vec<serde_json::Value>> {
        let path = format!("/api/recordings/cam/segments?limit=1000&{EVER}");
        Ok(server.get(&path)?.json()?["segments"].as_array().cloned().unwrap_or_default())
    };
    for step in ["+0", "+3600", "+0", "-3600", "+0"] {
        let before = segments(&server)?.len();
        std::fs::write(&clock, step)?;
        wait_for("segments after a step", SOON, || {
            Ok((segments(&server)?.len() >= before + 3).then_some(()))
        })?;
    }
    let all = segments(&server)?;
    // Ids follow the order in which segments were made; times must too.
    let mut by_id = all.clone();
    by_id.sort_by_key(|segment| segment["id"].as_i64());
    for pair in by_id.windows(2) {
        let (end, start) = (pair[0]["end"].as_str(), pair[1]["start"].as_str());
        ensure!(end.is_some_and(|end| start >= Some(end)), "{} and {}", pair[0], pair[1]);
    }
    for segment in all.iter().filter(|segment| segment["state"] == "CREATED") {
        plays_silently(&server.file(segment))?;
    }
    let coverage = server.get(&format!("/api/recordings/cam/coverage?{EVER}"))?.json()?;
    ensure!(coverage["unexplained_seconds"].as_f64() == Some(0.0), "{coverage}");
    server.stop()
}
