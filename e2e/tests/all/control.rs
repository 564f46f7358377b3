//! The control API, its numbers and the door of playback, as tools of other media servers use them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Client, Server, Simulator, output, repository, tool, wait_for};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

fn control(server: &Server) -> Result<Client> {
    door(server, "control")
}

fn door(server: &Server, name: &str) -> Result<Client> {
    Ok(Client::new(&format!("http://{}", server.listener(name)?)))
}

fn wait_ready(control: &Client, path: &str, ready: bool) -> Result<Value> {
    wait_for(&format!("{path} to be ready: {ready}"), SOON, || {
        let found = control.get(&format!("/v3/paths/get/{path}"))?;
        let path = found.json()?;
        Ok((path["ready"] == ready).then_some(path))
    })
}

#[test]
fn a_client_that_was_written_for_another_server_runs_unchanged() -> Result<()> {
    let simulator = Simulator::start(&["--cameras", "2", "--gop", "1"])?;
    let yaml = format!(
        "cameras: [{{ id: file, url: \"{}\", record: {{ mode: off }} }}]",
        simulator.url(1)
    );
    let mut server = Server::new(&yaml)?;
    server.start()?;
    let base = format!("http://{}", server.listener("control")?);
    let mut run = tool("python3")?;
    run.arg(repository().join("e2e/tools/control_client.py")).arg(&base).arg(simulator.url(2));
    let (said, _) = output(&mut run)?;
    ensure!(said.trim() == "ok", "{said}");
    // The level of the log was changed while it ran, and is kept.
    ensure!(server.log().contains(" DEBUG "), "{}", server.log());
    server.stop()
}

#[test]
fn what_was_added_survives_a_loss_of_power_and_is_a_camera_like_any_other() -> Result<()> {
    let simulator = Simulator::start(&[
        "--cameras",
        "2",
        "--user",
        "u",
        "--password",
        "hunter2",
        "--gop",
        "1",
    ])?;
    let source = simulator.url(1).replace("rtsp://", "rtsp://u:hunter2@");
    let mut server = Server::new("")?.permit(&["segment", "repaired", "not stopped in order"]);
    server.start()?;
    let added = control(&server)?
        .post("/v3/config/paths/add/east", &json!({ "source": source, "record": true }))?;
    ensure!(added.status == 200, "{}", added.text());
    control(&server)?
        .post("/v3/config/paths/add/Metro/12", &json!({ "source": source }))?
        .expect(200)?;
    server.wait_status("east", "online", SOON)?;
    wait_for("a recording", SOON, || Ok(server.segments("east")?.pop()))?;
    server.kill()?;
    let database = std::fs::read(server.data().join("vedette.db"))?;
    let log = std::fs::read(server.data().join("vedette.db-wal")).unwrap_or_default();
    for bytes in [database, log] {
        ensure!(!bytes.windows(7).any(|part| part == b"hunter2"), "the password lies open");
    }
    server.start()?;
    server.wait_status("east", "online", SOON)?;
    let api = control(&server)?;
    wait_ready(&api, "Metro/12", true)?;
    let shown = api.get("/v3/config/paths/get/east")?.expect(200)?.json()?;
    ensure!(shown["source"].as_str() == Some(&source.replace("hunter2", "<redacted>")), "{shown}");
    let camera = server.camera("east")?;
    ensure!(camera["name"] == "east", "{camera}");
    api.post("/v3/config/paths/remove/east", &json!({}))?.expect(200)?;
    ensure!(server.get("/api/cameras/east")?.status == 200, "its recordings stay");
    let list = server.get("/api/cameras")?.json()?;
    ensure!(list["total"] == 0, "{list}");
    ensure!(!server.log().contains("hunter2"), "the password is logged");
    let recorded = api.get("/v3/recordings/list")?.json()?;
    ensure!(recorded["items"][0]["name"] == "east", "{recorded}");
    server.stop()
}

#[test]
fn an_edit_of_the_file_and_what_the_api_keeps_do_not_touch_each_other() -> Result<()> {
    let simulator = Simulator::start(&["--cameras", "2", "--gop", "1"])?;
    let camera = |id: &str| {
        format!("  - {{ id: {id}, url: \"{}\", record: {{ mode: off }} }}\n", simulator.url(1))
    };
    let mut server = Server::new(&format!("cameras:\n{}", camera("a")))?;
    server.start()?;
    let api = control(&server)?;
    let source = json!({ "source": simulator.url(2) });
    api.post("/v3/config/paths/add/b", &source)?.expect(200)?;
    let since = wait_ready(&api, "b", true)?["readyTime"].clone();
    let file = server.folder().join("vedette.yaml");
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(&file, format!("{text}{}", camera("c")))?;
    wait_ready(&api, "c", true)?;
    ensure!(wait_ready(&api, "b", true)?["readyTime"] == since, "b was restarted");
    let refused = api.post("/v3/config/paths/add/c", &source)?;
    ensure!(
        refused.status == 400 && refused.text().contains("already exists"),
        "{}",
        refused.text()
    );
    // The file names it as well now: it is the file's.
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(&file, format!("{text}{}", camera("b")))?;
    wait_for("b to be the file's", SOON, || {
        let got = api.patch("/v3/config/paths/patch/b", &json!({}))?;
        Ok(got.text().contains("is set by the configuration file").then_some(()))
    })
    .with_context(|| server.log())?;
    server.stop()
}

#[test]
fn numbers_are_such_as_promtool_likes_them() -> Result<()> {
    let simulator = Simulator::start(&["--gop", "1"])?;
    let yaml =
        format!("cameras: [{{ id: a, url: \"{}\", record: {{ mode: off }} }}]", simulator.url(1));
    let mut server = Server::new(&yaml)?;
    server.start()?;
    let numbers = door(&server, "metrics")?;
    wait_for("the path's bytes", SOON, || {
        let text = numbers.get("/metrics?type=paths&path=a")?.text();
        let line = "paths_inbound_bytes{name=\"a\",state=\"ready\"} ";
        let bytes = text.lines().find_map(|found| found.strip_prefix(line)?.parse::<u64>().ok());
        Ok(bytes.filter(|bytes| *bytes > 0))
    })?;
    let all = numbers.get("/metrics")?.expect(200)?.text();
    for name in [
        "paths{",
        "paths_readers",
        "rtsp_conns ",
        "hls_muxers",
        "webrtc_sessions_outbound_bytes",
        "vedette_",
    ] {
        ensure!(all.contains(name), "{name}");
    }
    let Ok(mut promtool) = tool("promtool") else {
        println!("SKIPPED: promtool is not installed");
        return server.stop();
    };
    let file = server.folder().join("numbers");
    std::fs::write(&file, &all)?;
    let (_, complaints) =
        output(promtool.args(["check", "metrics"]).stdin(std::fs::File::open(&file)?))?;
    ensure!(complaints.trim().is_empty(), "{complaints}");
    server.stop()
}

#[test]
fn recordings_are_listed_and_played_by_their_own_door() -> Result<()> {
    let simulator = Simulator::start(&["--gop", "1"])?;
    let yaml = format!(
        "cameras: [{{ id: a, url: \"{}\", record: {{ segment_duration: 2s }} }}]",
        simulator.url(1)
    );
    let mut server = Server::new(&yaml)?;
    server.start()?;
    wait_for("two segments", SOON, || Ok((server.segments("a")?.len() > 2).then_some(())))?;
    let playback = door(&server, "playback")?;
    let list = playback.get("/list?path=a")?.expect(200)?.json()?;
    let first = list.get(0).context("nothing listed")?;
    ensure!(list.as_array().map(Vec::len) == Some(1), "{list}");
    ensure!(first["duration"].as_f64() > Some(2.0), "{list}");
    let address = first["url"].as_str().context("no url")?.replace("duration=", "duration=2&x=");
    let file = server.folder().join("a.mp4");
    output(tool("curl")?.args(["-sf", "-o"]).arg(&file).arg(&address))?;
    let (length, _) = output(
        tool("ffprobe")?
            .args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"])
            .arg(&file),
    )?;
    let length: f64 = length.trim().parse()?;
    ensure!((1.0..4.0).contains(&length), "{length}");
    let (part, _) = output(tool("curl")?.args(["-s", "-r", "4-7"]).arg(&address))?;
    ensure!(part == "ftyp", "{part}");
    let api = control(&server)?;
    let start = api.get("/v3/recordings/get/a")?.json()?["segments"][0]["start"].clone();
    let start = start.as_str().context("no start")?.to_owned();
    api.delete(&format!("/v3/recordings/deletesegment?path=a&start={start}"))?.expect(200)?;
    let left = api.get("/v3/recordings/get/a")?.json()?["segments"].to_string();
    ensure!(!left.contains(&start), "{left}");
    server.stop()
}
