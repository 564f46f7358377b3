//! The console in a real Chromium; the picture in README is taken here.

use anyhow::Result;
use e2e::{Server, Simulator, output, repository, tool};
use std::time::Duration;

#[test]
fn operators_see_cameras_move_and_recordings_play_in_both_languages() -> Result<()> {
    let simulator = Simulator::start(&["--cameras", "8"])?;
    let names = [
        "North gate",
        "Loading dock",
        "Car park",
        "Main hall",
        "East door",
        "Warehouse",
        "Reception",
        "Roof",
    ];
    let mut yaml = "record: { segment_duration: 5s }\ncameras:\n".to_owned();
    for (number, name) in (1..).zip(names) {
        yaml.push_str(&format!(
            "  - {{ id: cam-{number}, name: \"{name}\", url: \"{}\" }}\n",
            simulator.url(number)
        ));
    }
    let mut server = Server::new(&yaml)?;
    server.start()?;
    for number in 1..=8 {
        server.wait_status(&format!("cam-{number}"), "online", Duration::from_secs(20))?;
    }
    tool("chromium")?;
    let (said, _) = output(
        tool("node")?
            .args(["--test", "--test-reporter=spec", "e2e/web/console.test.mjs"])
            .env("VEDETTE_URL", server.base())
            .current_dir(repository()),
    )?;
    println!("{said}");
    server.stop()
}
