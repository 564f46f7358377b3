//! Paths that exist while somebody wants them: patterns, agencies, derived streams, programs.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Client, Server, Simulator, output, tool, wait_for};
use serde_json::json;

const SOON: Duration = Duration::from_secs(40);

/// What a server with these rules of paths and no cameras is given.
fn rules(lines: &[String]) -> String {
    format!("live:\n  paths:\n{}\n", lines.join("\n"))
}

/// The rule of a pattern whose cameras are the simulator's.
fn pulled(pattern: &str, simulator: &Simulator, more: &str) -> String {
    let base = simulator.url(1);
    let base = base.trim_end_matches("cam1");
    format!("    \"{pattern}\": {{ url: \"{base}cam{{1}}\"{more} }}")
}

/// A media playlist that has begun.
fn plays(client: &Client, path: &str) -> Result<()> {
    wait_for(&format!("{path} to play"), SOON, || {
        let answer = client.get(&format!("/live/{path}/main_stream.m3u8"))?;
        Ok((answer.status == 200 && answer.text().contains("#EXTINF")).then_some(()))
    })
}

fn codecs(server: &Server, path: &str) -> Result<String> {
    let mut ffprobe = tool("ffprobe")?;
    ffprobe.args(["-v", "error", "-show_entries", "stream=codec_name,has_b_frames,profile"]);
    ffprobe.args(["-of", "csv=p=0"]).arg(format!("{}/live/{path}/index.m3u8", server.base()));
    Ok(output(&mut ffprobe)?.0)
}

#[test]
fn a_pattern_is_pulled_while_somebody_watches_and_no_longer() -> Result<()> {
    let simulator = Simulator::start(&["--cameras", "3", "--gop", "1", "--loop"])?;
    let program = |name: &str| format!("[sh, -c, \"echo $VEDETTE_PATH >> {name}\"]");
    let hooks = format!(
        ", close_after: 2s, run_on_ready: {}, run_on_not_ready: {}",
        program("ready"),
        program("gone")
    );
    let rule = pulled("gate_*", &simulator, &hooks);
    let mut server = Server::new(&rules(&[rule]))?;
    server.start()?;
    for unknown in ["door_1", "gate_", "gate_1/sub", "gate_1/x/y", "gate_1/x/opus"] {
        let answer = server.get(&format!("/live/{unknown}/index.m3u8"))?;
        ensure!(answer.status == 404, "{unknown}: {}", answer.status);
    }
    let began = Instant::now();
    plays(&server.client(), "gate_2")?;
    println!("gate_2 played after {:?}", began.elapsed());
    let said = |name: &str| std::fs::read_to_string(server.folder().join(name)).unwrap_or_default();
    wait_for("the program on its begin", SOON, || {
        Ok(said("ready").contains("gate_2").then_some(()))
    })?;
    ensure!(said("gone").is_empty());
    // Nobody asks any more: the muxer ends, then the pull.
    wait_for("the program on its end", SOON, || Ok(said("gone").contains("gate_2").then_some(())))?;
    plays(&server.client(), "gate_2")?;
    server.stop()
}

#[test]
fn an_edit_of_the_rules_takes_effect_and_touches_no_other_path() -> Result<()> {
    let simulator = Simulator::start(&["--cameras", "3", "--gop", "1", "--loop"])?;
    let both = [pulled("a_*", &simulator, ""), pulled("b_*", &simulator, "")];
    let mut server = Server::new(&rules(&both))?;
    server.start()?;
    plays(&server.client(), "a_1")?;
    plays(&server.client(), "b_1")?;
    let file = server.folder().join("vedette.yaml");
    let text = std::fs::read_to_string(&file)?.replace("\"b_*\"", "\"c_*\"");
    std::fs::write(&file, text)?;
    plays(&server.client(), "c_1")?;
    ensure!(server.get("/live/b_2/main_stream.m3u8")?.status == 404);
    // A player that still asks keeps nothing alive whose rule is gone.
    wait_for("the end of b_1", SOON, || {
        let answer = server.get("/live/b_1/main_stream.m3u8")?;
        Ok((answer.status == 404).then_some(()))
    })?;
    plays(&server.client(), "a_1")?;
    server.stop()
}

#[test]
fn a_path_is_its_agencys_and_nobody_elses() -> Result<()> {
    let simulator = Simulator::start(&["--cameras", "2", "--gop", "1", "--loop"])?;
    let metro = pulled("metro_*", &simulator, ", agency: METRO");
    let bus = pulled("bus_*", &simulator, ", agency: BUS");
    let mut server = Server::with_login(&rules(&[metro, bus]))?;
    server.start()?;
    let nobody = Client::new(server.base());
    let admin = nobody.sign_in("admin", e2e::ADMIN_PASSWORD)?;
    let key = |agency: &str| -> Result<Client> {
        let body = json!({ "name": agency, "role": "operator", "agencies": [agency] });
        let made = admin.post("/api/keys", &body)?.json()?;
        Ok(nobody.clone().bearer(made["key"].as_str().context("no key")?))
    };
    let (metro, bus) = (key("METRO")?, key("BUS")?);
    plays(&metro, "metro_1")?;
    plays(&bus, "bus_2")?;
    let status = |who: &Client, path: &str| -> Result<u16> {
        Ok(who.get(&format!("/live/{path}/index.m3u8"))?.status)
    };
    for hidden in ["metro_1", "metro_1/h264", "metro_1/opus", "metro_2"] {
        ensure!(status(&bus, hidden)? == 404, "{hidden}");
        ensure!(status(&nobody, hidden)? == 401, "{hidden}");
    }
    ensure!(status(&metro, "bus_2")? == 404);
    let rows = wait_for("the views on record", SOON, || {
        let rows = admin.get("/api/audit?action=watch_live")?.text();
        Ok(rows.contains("stream:metro_1").then_some(rows))
    })?;
    ensure!(rows.contains("METRO"), "{rows}");
    server.stop()
}

#[test]
fn derived_streams_are_made_of_what_cannot_go_everywhere() -> Result<()> {
    let h265 = Simulator::start(&["--codec", "h265", "--audio", "aac", "--gop", "1", "--loop"])?;
    let plain = Simulator::start(&["--audio", "opus", "--gop", "1", "--loop"])?;
    let reordered = Simulator::start(&["--b-frames", "2", "--gop", "1", "--loop"])?;
    let cameras = format!(
        "record: {{ mode: off }}\ncameras:\n  - {{ id: modern, url: \"{}\" }}\n  - {{ id: plain, url: \"{}\" }}\n  - {{ id: reordered, url: \"{}\" }}\n",
        h265.url(1),
        plain.url(1),
        reordered.url(1)
    );
    // Opus is pulled by ffmpeg, after the built-in client has declined.
    let mut server = Server::new(&cameras)?.permit(&["source failed"]);
    server.start()?;
    for id in ["modern", "plain", "reordered"] {
        server.wait_status(id, "online", SOON)?;
    }
    for (path, holds, not) in [
        ("modern/h264", &["h264", "aac"][..], "hevc"),
        ("modern/opus", &["hevc", "opus"][..], "aac"),
        ("plain/h264", &["h264", "opus"][..], "aac"),
        ("plain/aac", &["h264", "aac"][..], "opus"),
        ("reordered/h264", &["h264", "Constrained Baseline"][..], "High"),
    ] {
        plays(&server.client(), path)?;
        let found = codecs(&server, path)?;
        ensure!(holds.iter().all(|codec| found.contains(codec)), "{path}: {found}");
        ensure!(!found.contains(not), "{path}: {found}");
    }
    ensure!(server.get("/live/none/h264/index.m3u8")?.status == 404);
    server.stop()
}
