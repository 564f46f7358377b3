//! Many cameras that go wrong in every way at once: each comes back by itself, nothing grows, and every
//! second is accounted for.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Server, Simulator, is_soak, wait_for};

const FAULTS: [&str; 7] = [
    "drop:rate=0.002",
    "corrupt:rate=0.0005",
    "stall",
    "reset",
    "auth",
    "codec-change",
    "clock-jump",
];

/// Resident memory and open files of a process.
fn held(id: u32) -> Result<(f64, usize)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok((kib / 1_024.0, std::fs::read_dir(format!("/proc/{id}/fd"))?.count()))
}

#[test]
fn cameras_with_all_faults_come_back_and_nothing_grows() -> Result<()> {
    let (cameras, every, length) = if is_soak() { (100, 60, 600) } else { (4, 11, 50) };
    let mut options = vec!["--loop".to_owned(), "--cameras".to_owned(), cameras.to_string()];
    // A refused login is tried again after half a minute: the short form has not that long.
    let faults = FAULTS.iter().copied().filter(|fault| is_soak() || *fault != "auth");
    for fault in faults {
        options.push("--fault".to_owned());
        let timed = !fault.contains("rate");
        options.push(if timed { format!("{fault}:every={every}") } else { fault.to_owned() });
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let simulator = Simulator::start(&options)?;
    let mut yaml =
        "record: { segment_duration: 30s }\nlive: { ring: { max_bytes: 4MB } }\ncameras:\n"
            .to_owned();
    for number in 1..=cameras {
        yaml.push_str(&format!("  - {{ id: cam{number}, url: \"{}\" }}\n", simulator.url(number)));
    }
    let said = ["source failed", "camera clock jumped", "media or wall clock stepped"];
    let mut server = Server::new(&yaml)?.permit(&said);
    server.start()?;
    let began = Instant::now();
    let (mut samples, mut back) = (Vec::new(), BTreeSet::new());
    while began.elapsed() < Duration::from_secs(length) {
        std::thread::sleep(Duration::from_secs(2));
        let now = held(server.id().context("a process")?)?;
        let late = began.elapsed().as_secs() * 2 > length;
        samples.push((late, now));
        // Asked from the beginning, so that what answering needs is there from the beginning.
        let list = server.get("/api/cameras?limit=1000&status=online")?.json()?;
        let online = list["cameras"].as_array().context("cameras")?;
        let ids = online.iter().filter_map(|camera| camera["id"].as_str().map(str::to_owned));
        back.extend(ids.filter(|_| late));
    }
    ensure!(back.len() == cameras, "only {} of {cameras} cameras came back", back.len());
    let peak = |late: bool| {
        let of_half = samples.iter().filter(|(half, _)| *half == late).map(|(_, held)| *held);
        of_half.fold((0.0_f64, 0), |(mib, files), held| (mib.max(held.0), files.max(held.1)))
    };
    let (before, after) = (peak(false), peak(true));
    println!("{cameras} cameras, {length} s: at most {before:?} then {after:?} MiB and open files");
    // The first half is the warm-up of the short form.
    let allowed = if is_soak() { 1.05 } else { 1.5 };
    ensure!(after.0 <= before.0 * allowed + 2.0, "memory grows: {before:?} MiB, then {after:?}");
    for number in 1..=cameras {
        let id = format!("cam{number}");
        let coverage = server.get(&format!("/api/recordings/{id}/coverage"))?.json()?;
        let unexplained = coverage["unexplained_seconds"].as_f64();
        ensure!(unexplained == Some(0.0), "{id}: {coverage}");
    }
    server.stop()?;
    server.start()?;
    wait_for("the server", Duration::from_secs(30), || {
        Ok((server.get("/ready")?.status == 200).then_some(()))
    })?;
    server.stop()
}
