//! WHEP and WHIP with a peer of other makers: aiortc.

use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Server, Simulator, command, output, repository, wait_for};
use serde_json::Value;

/// Where `make aiortc` installs it.
fn python() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let program = cache.or_else(home)?.join("vedette/aiortc/bin/python");
    if !program.is_file() {
        println!("SKIPPED: aiortc is not installed; `make aiortc` does it");
        return None;
    }
    Some(program)
}

fn peer(python: &PathBuf, arguments: &[&str]) -> std::process::Command {
    let mut peer = command(python);
    peer.arg(repository().join("e2e/webrtc/peer.py")).args(arguments);
    peer
}

fn said(peer: &mut std::process::Command) -> Result<Value> {
    Ok(serde_json::from_str(output(peer)?.0.trim())?)
}

fn whep(server: &Server, path: &str) -> Result<String> {
    Ok(format!("http://{}/{path}", server.listener("webrtc")?))
}

#[test]
fn a_peer_of_another_maker_sees_a_picture_at_once_and_every_frame_after_it() -> Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let simulator = Simulator::start(&[])?;
    let url = simulator.url(1);
    let yaml = format!("cameras: [{{ id: cam1, url: \"{url}\", record: {{ mode: \"off\" }} }}]");
    let mut server = Server::new(&yaml)?;
    server.start()?;
    server.wait_status("cam1", "online", Duration::from_secs(10))?;
    let got = said(&mut peer(&python, &["watch", &whep(&server, "cam1/whep")?, "5"]))?;
    println!("first picture {} ms after the request", got["first_ms"]["video"]);
    assert!(got["frames"]["video"].as_u64() > Some(50), "{got}");
    assert_eq!((&got["state"], &got["ended"]), (&"connected".into(), &200.into()), "{got}");

    let check = server.get("/live/cam1/connect-check")?.json()?;
    let state = |step: &str| {
        let steps = check["steps"].as_array().into_iter().flatten();
        steps.into_iter().find(|one| one["step"] == step).map(|one| one["state"].clone())
    };
    for step in ["signalling", "candidates", "udp", "dtls", "codec", "media"] {
        assert_eq!(state(step), Some("ok".into()), "{step}: {check}");
    }
    server.stop()
}

/// Ended when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_is_published_by_whip_is_watched_by_whep_and_a_path_has_one_source() -> Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let mut server = Server::new("live: { paths: { all_others: { publish: true } } }")?;
    server.start()?;
    let whip = whep(&server, "bus_1/whip")?;
    let publisher = peer(&python, &["publish", &whip, "20"]).spawn().context("aiortc")?;
    let _publisher = Running(publisher);
    let seen = wait_for("the published picture", Duration::from_secs(15), || {
        let got = said(&mut peer(&python, &["watch", &whep(&server, "bus_1/whep")?, "3"]))?;
        Ok((got["status"] == 201).then_some(got))
    })?;
    assert!(seen["frames"]["video"].as_u64() > Some(20), "{seen}");
    let second = said(&mut peer(&python, &["publish", &whip, "1"]))?;
    assert_eq!(second["status"], 409, "{second}");
    server.stop()
}

#[test]
fn the_player_page_speaks_both_languages_and_its_endpoint_takes_only_offers() -> Result<()> {
    let mut server = Server::new("")?;
    server.start()?;
    let base = format!("http://{}", server.listener("webrtc")?);
    let client = e2e::Client::new(&base);
    for (language, words) in [("en", "Connecting"), ("ar", "dir=\"rtl\"")] {
        let page = client.clone().with("accept-language", language).get("/cam1")?.expect(200)?;
        assert!(page.text().contains(words), "{}", page.text());
    }
    assert_eq!(client.get("/cam1/whep")?.status, 405);
    let wrong = client.post("/cam1/whep", &serde_json::json!({}))?;
    assert_eq!((wrong.status, wrong.code()), (415, "media_type_needed".into()));
    server.stop()
}
