//! Edits of the configuration while the server runs.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Server, Simulator, wait_for};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

/// Replaces the cameras, as an editor does: written beside, then renamed over.
fn edit(server: &Server, cameras: &str) -> Result<()> {
    let file = server.folder().join("vedette.yaml");
    let text = std::fs::read_to_string(&file)?;
    let head = text.split("cameras:").next().unwrap_or_default();
    let new = file.with_extension("yaml~");
    std::fs::write(&new, format!("{head}cameras:\n{cameras}"))?;
    Ok(std::fs::rename(new, file)?)
}

fn camera(id: &str, url: &str, more: &str) -> String {
    format!("  - {{ id: {id}, url: \"{url}\"{more} }}\n")
}

fn part(server: &Server, name: &str) -> Result<Value> {
    let health = server.get("/health")?.json()?;
    Ok(health.pointer(&format!("/components/{name}")).cloned().unwrap_or_default())
}

fn wait_configuration(server: &Server, status: &str) -> Result<Value> {
    wait_for(&format!("the configuration to be {status}"), SOON, || {
        let part = part(server, "configuration")?;
        Ok((part.get("status").and_then(Value::as_str) == Some(status)).then_some(part))
    })
}

/// Reasons of a camera's spans, and that none of its seconds is unexplained.
fn reasons(server: &Server, id: &str) -> Result<Vec<String>> {
    let spans = server.spans(id)?;
    let moment = |span: &Value, key: &str| -> Result<f64> {
        let text = span.get(key).and_then(Value::as_str).context("a time")?;
        let (_, time) = text.split_once('T').context("a time")?;
        let parts: Vec<f64> =
            time.trim_end_matches('Z').split(':').filter_map(|part| part.parse().ok()).collect();
        Ok((parts[0] * 60.0 + parts[1]) * 60_000.0 + parts[2] * 1_000.0)
    };
    for pair in spans.windows(2) {
        let hole = moment(&pair[1], "start")? - moment(&pair[0], "end")?;
        assert!(hole.rem_euclid(86_400_000.0) <= 500.0, "{spans:?}");
    }
    let reason = |span: &Value| span.get("reason").and_then(Value::as_str).map(str::to_owned);
    Ok(spans.iter().map(|span| reason(span).unwrap_or_else(|| "recorded".to_owned())).collect())
}

#[test]
fn cameras_come_change_and_go_without_touching_the_others() -> Result<()> {
    let simulator = Simulator::start(&["--cameras", "3", "--gop", "1"])?;
    let [one, two, three] = [1, 2, 3].map(|number| simulator.url(number));
    let mut server =
        Server::new(&format!("cameras:\n{}{}", camera("a", &one, ""), camera("b", &two, "")))?;
    server.start()?;
    for id in ["a", "b"] {
        server.wait_status(id, "online", SOON)?;
    }
    let untouched = wait_for("a recording of b", SOON, || Ok(server.segments("b")?.pop()))?;
    wait_for("a recording of a", SOON, || Ok(server.segments("a")?.pop()))?;

    // `a` goes, `c` comes, `b` gets another tag, which is no reason to touch its stream.
    let tagged = camera("b", &two, ", tags: [new]");
    edit(&server, &format!("{tagged}{}", camera("c", &three, "")))?;
    server.wait_status("c", "online", SOON)?;
    let listed = server.get("/api/cameras")?.text();
    assert!(!listed.contains("\"id\":\"a\"") && listed.contains("new"), "{listed}");
    wait_for("the recording of a to be sealed", SOON, || {
        let segments = server.segments("a")?;
        Ok(segments.iter().all(|s| s["state"] != "RECORDING").then_some(()))
    })?;
    let gone = server.segments("a")?.pop().context("it stays")?;
    let span =
        format!("start={}&end={}", gone["start"].as_str().unwrap(), gone["end"].as_str().unwrap());
    let played = server.get(&format!("/api/playback/a/media.mp4?{span}"))?;
    assert_eq!(played.status, 200, "{}", played.text());
    wait_for("the end of a to be explained", SOON, || {
        Ok((reasons(&server, "a")?.last().map(String::as_str) == Some("disabled")).then_some(()))
    })?;

    // Recording of `b` is switched off and on again.
    assert_eq!(server.segments("b")?.pop().map(|s| s["id"].clone()), Some(untouched["id"].clone()));
    edit(&server, &camera("b", &two, ", record: { mode: off }"))?;
    wait_for("the recording of b to end", SOON, || {
        Ok((reasons(&server, "b")?.last().map(String::as_str) == Some("disabled")).then_some(()))
    })?;
    server.wait_status("b", "online", SOON)?;
    edit(&server, &camera("b", &two, ""))?;
    wait_for("b to be recorded again", SOON, || {
        Ok((reasons(&server, "b")?.last().map(String::as_str) == Some("recorded")).then_some(()))
    })?;
    server.stop()
}

#[test]
fn an_edit_with_faults_changes_nothing_and_says_what_is_wrong_until_it_is_mended() -> Result<()> {
    let simulator = Simulator::start(&["--gop", "1"])?;
    let good = camera("a", &simulator.url(1), "");
    let mut server = Server::new(&format!("cameras:\n{good}"))?.permit(&[
        "configuration refused",
        "vedette.yaml",
        "changed keys need a restart",
    ]);
    server.start()?;
    server.wait_status("a", "online", SOON)?;
    edit(&server, "  - { id: a, ulr: \"rtsp://h/1\" }\n  - { id: B B, url: \"rtsp://h/1\" }\n")?;
    let shown = wait_configuration(&server, "degraded")?;
    let detail = shown["detail"].as_str().unwrap();
    assert!(detail.contains("ulr") && detail.contains("cameras[1].id"), "{detail}");
    assert_eq!(server.camera("a")?["status"], "online");
    let file = server.folder().join("vedette.yaml");
    let broken = std::fs::read_to_string(&file)?;
    std::fs::remove_file(&file)?;
    wait_for("the missing file to be named", SOON, || {
        let detail = part(&server, "configuration")?["detail"].to_string();
        Ok(detail.contains("cannot be read").then_some(()))
    })?;
    assert_eq!(server.camera("a")?["status"], "online");
    let head = broken.split("cameras:").next().unwrap_or_default();
    std::fs::write(&file, format!("{head}log_level: debug\ncameras:\n{good}"))?;
    let shown = wait_configuration(&server, "healthy")?;
    assert!(shown["detail"].as_str().unwrap().contains("logging.level"), "{shown}");
    let log = server.log();
    assert_eq!(log.matches("configuration refused").count(), 2, "{log}");
    assert_eq!(log.matches("changed keys need a restart").count(), 1, "{log}");
    server.stop()
}
