//! Disks that are small, read-only, away: live view goes on, nothing that should stay is removed, and
//! the ledger says why there is no recording.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Server, Simulator, command, output, wait_for};

const SOON: Duration = Duration::from_secs(60);

/// A file system in memory, unmounted at the end.
struct Disk(PathBuf);

impl Disk {
    /// `None`, said loudly, where mounting is not permitted.
    fn mount(at: &Path, size: &str) -> Result<Option<Self>> {
        std::fs::create_dir_all(at)?;
        let options = format!("size={size}");
        let mut mount = command("mount");
        if output(mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at)).is_err() {
            println!("SKIPPED: this user may not mount file systems");
            return Ok(None);
        }
        Ok(Some(Self(at.to_owned())))
    }

    fn remount(&self, option: &str) -> Result<()> {
        output(command("mount").args(["-o", &format!("remount,{option}")]).arg(&self.0)).map(|_| ())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = command("umount").arg("-l").arg(&self.0).status();
    }
}

fn live_goes_on(server: &Server) -> Result<()> {
    let answer = server.get("/live/cam/main_stream.m3u8")?;
    ensure!(answer.status == 200 && answer.text().contains("EXTINF"), "{}", answer.text());
    ensure!(server.camera("cam")?["status"] == "online");
    Ok(())
}

fn reason(server: &Server, wanted: &str) -> Result<()> {
    wait_for(&format!("a gap for {wanted}"), SOON, || {
        let spans = server.spans("cam")?;
        Ok(spans.iter().any(|span| span["reason"] == wanted).then_some(()))
    })
}

fn recorded_again(server: &Server) -> Result<()> {
    wait_for("recording again", SOON, || {
        let spans = server.spans("cam")?;
        Ok(spans.last().filter(|span| span["state"] == "recorded").map(|_| ()))
    })
}

fn nothing_unexplained(server: &Server) -> Result<()> {
    let coverage = server.get("/api/recordings/cam/coverage")?.json()?;
    ensure!(coverage["unexplained_seconds"].as_f64() == Some(0.0), "{coverage}");
    Ok(())
}

fn server(simulator: &Simulator, root: &Path, more: &str, others: usize) -> Result<Server> {
    let mut yaml = format!(
        "storage: {{ segments_dir: \"{}\", min_free: 4MB{more} }}\nrecord: {{ segment_duration: 2s }}\ncameras:\n  - {{ id: cam, url: \"{}\" }}\n",
        root.display(),
        simulator.url(1)
    );
    // More of the same camera, so that the disk is full soon.
    for number in 0..others {
        yaml.push_str(&format!("  - {{ id: other{number}, url: \"{}\" }}\n", simulator.url(1)));
    }
    let said = [
        "source failed",
        "disk",
        "volume",
        "segment cannot",
        "recording refused",
        "free space",
        "retention",
    ];
    Ok(Server::new(&yaml)?.permit(&said))
}

#[test]
fn a_small_disk_holds_the_newest_recordings() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("disk");
    let Some(_disk) = Disk::mount(&root, "32M")? else { return Ok(()) };
    let simulator =
        Simulator::start(&["--loop", "--bitrate", "6000", "--width", "1280", "--height", "720"])?;
    let mut server = server(&simulator, &root, "", 2)?;
    server.start()?;
    reason(&server, "retention")?;
    live_goes_on(&server)?;
    let before = server.segments("cam")?.len();
    wait_for("new segments on a full disk", SOON, || {
        Ok((server.segments("cam")?.len() > before + 2).then_some(()))
    })?;
    let spans = server.spans("cam")?;
    let rule = spans.iter().find(|span| span["reason"] == "retention").map(|span| &span["rule"]);
    ensure!(rule.is_some_and(|rule| rule == "min_free" || rule == "pressure"), "{spans:?}");
    // Only the oldest went: behind the first recording that is left nothing is missing for retention.
    let left = spans.iter().position(|span| span["state"] == "recorded").unwrap_or(0);
    ensure!(spans[left..].iter().all(|span| span["reason"] != "retention"), "{spans:?}");
    nothing_unexplained(&server)?;
    server.stop()
}

#[test]
fn a_full_disk_that_may_not_be_freed_stops_recording_and_nothing_else() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("disk");
    let Some(_disk) = Disk::mount(&root, "32M")? else { return Ok(()) };
    let simulator =
        Simulator::start(&["--loop", "--bitrate", "6000", "--width", "1280", "--height", "720"])?;
    let mut server = server(&simulator, &root, ", on_full: stop", 2)?;
    server.start()?;
    reason(&server, "disk")?;
    live_goes_on(&server)?;
    let kept = server.segments("cam")?;
    ensure!(kept.iter().all(|segment| segment["state"] != "REMOVED"), "{kept:?}");
    // An administrator makes room by hand: the oldest half of each camera goes.
    for id in ["cam", "other0", "other1"] {
        let kept = server.segments(id)?;
        let half = kept.iter().take(kept.len() / 2);
        for segment in half.filter(|segment| segment["state"] == "CREATED") {
            std::fs::remove_file(root.join(segment["path"].as_str().unwrap_or_default()))?;
        }
    }
    recorded_again(&server)?;
    server.stop()
}

#[test]
fn a_disk_that_becomes_read_only_or_is_unmounted_is_waited_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("disk");
    let Some(disk) = Disk::mount(&root, "64M")? else { return Ok(()) };
    let simulator = Simulator::start(&["--loop"])?;
    let mut server = server(&simulator, &root, "", 0)?;
    server.start()?;
    wait_for("a segment", SOON, || Ok((server.segments("cam")?.len() > 1).then_some(())))?;

    // A file that is open for writing keeps it from becoming read-only.
    let address = simulator.address().to_owned();
    drop(simulator);
    wait_for("a read-only disk", SOON, || Ok(disk.remount("ro").ok()))?;
    let _simulator = Simulator::start_at(&address, &["--loop"])?;
    reason(&server, "disk")?;
    live_goes_on(&server)?;
    disk.remount("rw")?;
    recorded_again(&server)?;

    // Another, empty disk in its place: nothing is written to it.
    let Some(other) = Disk::mount(&root, "16M")? else { return Ok(()) };
    let gaps = |server: &Server| -> Result<usize> {
        Ok(server.spans("cam")?.iter().filter(|span| span["reason"] == "disk").count())
    };
    wait_for("a second gap", SOON, || Ok((gaps(&server)? > 1).then_some(())))?;
    live_goes_on(&server)?;
    ensure!(std::fs::read_dir(&root)?.next().is_none(), "something was written to a foreign disk");
    let health = server.get("/health")?.json()?;
    ensure!(health["status"] == "degraded", "{health}");
    // The server starts without its disk, too.
    server.stop()?;
    server.start()?;
    server.wait_status("cam", "online", SOON)?;
    drop(other);
    recorded_again(&server)?;
    nothing_unexplained(&server)?;
    server.stop()
}
