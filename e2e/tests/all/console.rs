//! The console in a real Chromium; the picture in README is taken here.

use anyhow::Result;
use e2e::{ADMIN_PASSWORD, Server, Simulator, output, repository, tool};
use std::time::Duration;

#[test]
fn operators_see_cameras_move_and_recordings_play_in_both_languages() -> Result<()> {
    let _alone = e2e::alone();
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
    run(&server, "console.test.mjs", &[])?;
    server.stop()
}

#[test]
fn pictures_that_one_way_does_not_carry_come_by_another_and_the_viewer_is_told() -> Result<()> {
    let _alone = e2e::alone();
    let simulators = [
        ("hevc", &["--codec", "h265", "--loop"][..]),
        ("b-frames", &["--b-frames", "2", "--loop"][..]),
        ("aac", &["--audio", "aac", "--loop"][..]),
        ("opus", &["--audio", "opus", "--loop"][..]),
    ];
    let plain = Simulator::start(&["--cameras", "1"])?;
    let mut yaml = "record: { mode: off }\ncameras:\n".to_owned();
    let mut running = Vec::new();
    for (id, options) in simulators {
        let simulator = Simulator::start(options)?;
        let sub = match id {
            "hevc" => format!(", sub_url: \"{}\"", plain.url(1)),
            _ => String::new(),
        };
        yaml.push_str(&format!("  - {{ id: {id}, url: \"{}\"{sub} }}\n", simulator.url(1)));
        running.push(simulator);
    }
    // The built-in client does not speak Opus: it says so once, and ffmpeg takes over.
    let mut server = Server::new(&yaml)?.permit(&["codec_unsupported"]);
    server.start()?;
    for (id, _) in simulators {
        server.wait_status(id, "online", Duration::from_secs(20))?;
    }
    run(&server, "formats.test.mjs", &[])?;
    server.stop()
}

#[test]
fn people_sign_in_and_their_administrator_looks_after_them_and_the_keys() -> Result<()> {
    let _alone = e2e::alone();
    let simulator = Simulator::start(&["--cameras", "1"])?;
    let yaml = format!(
        "record: {{ segment_duration: 5s }}\n\
         cameras: [{{ id: gate, name: \"North gate\", url: \"{}\" }}]\n",
        simulator.url(1)
    );
    let mut server = Server::with_login(&yaml)?;
    server.start()?;
    run(&server, "access.test.mjs", &[("VEDETTE_ADMIN_PASSWORD", ADMIN_PASSWORD)])?;
    server.stop()
}

/// Runs a file of tests in Chromium.
fn run(server: &Server, file: &str, variables: &[(&str, &str)]) -> Result<()> {
    tool("chromium")?;
    let (said, _) = output(
        tool("node")?
            .args(["--test", "--test-reporter=spec", &format!("e2e/web/{file}")])
            .env("VEDETTE_URL", server.base())
            .envs(variables.iter().copied())
            .current_dir(repository()),
    )?;
    println!("{said}");
    Ok(())
}
