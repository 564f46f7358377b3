//! kill -9 at random moments under load: at most the last fragment is missing, and the ledger says so.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use e2e::{Server, Simulator, is_soak};
use serde_json::Value;

use crate::recording::plays_silently;

const CAMERAS: usize = 6;

/// Seeded, so that a failure can be repeated: the seed is printed.
fn moments(count: usize) -> Vec<Duration> {
    let seed = std::env::var("VEDETTE_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut state: u64 = seed.unwrap_or(now);
    println!("VEDETTE_SEED={state}");
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(1_500 + (state >> 33) % 3_000)
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn kills_at_random_moments_cost_at_most_a_fragment_each() -> Result<()> {
    let cameras = CAMERAS.to_string();
    let simulator = Simulator::start(&["--cameras", &cameras, "--loop"])?;
    let mut yaml = "record: { segment_duration: 3s }\ncameras:\n".to_owned();
    for number in 1..=CAMERAS {
        yaml.push_str(&format!("  - {{ id: cam{number}, url: \"{}\" }}\n", simulator.url(number)));
    }
    let mut server = Server::new(&yaml)?;
    server.start()?;
    let kills = moments(if is_soak() { 20 } else { 3 });
    let mut played = BTreeSet::new();
    for moment in &kills {
        for number in 1..=CAMERAS {
            server.wait_status(&format!("cam{number}"), "online", Duration::from_secs(30))?;
        }
        // The moment of the kill is the point of this test.
        std::thread::sleep(*moment);
        server.kill()?;
        server.start()?;
        check(&server, &mut played)?;
    }
    server.stop()?;
    server.start()?;
    check(&server, &mut played)?;
    for number in 1..=CAMERAS {
        let spans = server.spans(&format!("cam{number}"))?;
        let crashes: Vec<&Value> =
            spans.iter().filter(|span| span["reason"] == "node_failed").collect();
        assert_eq!(crashes.len(), kills.len(), "{spans:?}");
    }
    server.stop()
}

/// Index and disk agree, every file plays (each is played once: a sealed one does not change), and
/// nothing is unexplained.
fn check(server: &Server, played: &mut BTreeSet<String>) -> Result<()> {
    for number in 1..=CAMERAS {
        let id = format!("cam{number}");
        // Files before rows: a row is written before its file.
        let on_disk = count_files(&server.data().join("segments").join(&id))?;
        let segments = server.segments(&id)?;
        for segment in segments.iter().filter(|segment| segment["state"] != "RECORDING") {
            let file = server.file(segment);
            if played.insert(segment["path"].as_str().unwrap().to_owned()) {
                plays_silently(&file)?;
            }
            assert_eq!(segment["bytes"].as_u64(), Some(std::fs::metadata(&file)?.len()));
        }
        let begun = segments.iter().filter(|segment| segment["state"] == "RECORDING").count();
        assert!(
            on_disk <= segments.len() && on_disk + begun >= segments.len(),
            "{on_disk} files, {} rows",
            segments.len()
        );
        let coverage = server.get(&format!("/api/recordings/{id}/coverage"))?.json()?;
        assert_eq!(coverage["unexplained_seconds"].as_f64(), Some(0.0), "{coverage}");
    }
    assert!(!server.data().join("lost+found").exists(), "nothing was unplayable");
    Ok(())
}

fn count_files(folder: &std::path::Path) -> Result<usize> {
    let mut count = 0;
    // A camera that was killed before its first key frame has no folder yet.
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let entry = entry?;
        count += if entry.file_type()?.is_dir() { count_files(&entry.path())? } else { 1 };
    }
    Ok(count)
}
