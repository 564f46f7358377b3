//! Who may read: Basic, Digest, keys, signed addresses, and nobody else.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{ADMIN_PASSWORD, Server, Simulator, output, repository, tool, wait_for};
use serde_json::json;

use super::{SOON, ffmpeg};

const PASSWORD: &str = "a password of the trial";

fn cameras() -> Result<Simulator> {
    Simulator::start(&["--cameras", "1", "--gop", "1", "--loop"])
}

/// A server that asks who is there, with a camera of METRO, and two viewers: of METRO and of BUS.
fn server(cameras: &Simulator) -> Result<Server> {
    let url = cameras.url(1);
    let yaml = format!(
        "cameras:\n  - {{ id: cam1, url: \"{url}\", source: METRO, record: {{ mode: off }} }}\n"
    );
    let mut server = Server::with_login(&yaml)?.variable("VEDETTE__LIVE__RTSP__TLS_PORT", "0");
    server.start()?;
    let admin = server.client().sign_in("admin", ADMIN_PASSWORD)?;
    for (name, agency) in [("metro", "METRO"), ("bus", "BUS")] {
        let user =
            json!({ "name": name, "role": "viewer", "agencies": [agency], "password": PASSWORD });
        let answer = admin.post("/api/users", &user)?;
        ensure!(answer.status == 201, "{}: {}", answer.status, answer.text());
    }
    Ok(server)
}

fn address(server: &Server, who: &str) -> Result<String> {
    let who = who.replace(' ', "%20");
    Ok(format!("rtsp://{who}{}/cam1", server.listener("rtsp")?))
}

fn plays(server: &Server, who: &str) -> Result<()> {
    let url = address(server, who)?;
    wait_for("a reader with the right to it", SOON, || {
        let said = ffmpeg(&url, "tcp", "1")?;
        ensure!(!said.contains("Server returned"), "{who}: {said}");
        Ok(Some(()))
    })
}

#[test]
fn basic_and_digest_open_the_cameras_of_an_agency_and_no_others() -> Result<()> {
    let cameras = cameras()?;
    let mut server = server(&cameras)?;
    plays(&server, &format!("metro:{PASSWORD}@"))?;
    let shown = format!("metro:{PASSWORD}");
    let basic = super::slow::describe(&server.listener("rtsp")?, "cam1", &shown)?;
    ensure!(basic.starts_with("RTSP/1.0 200 "), "{basic}");
    let refused = [
        ("", "401 Unauthorized"),
        ("metro:wrong@", "401 Unauthorized"),
        ("nobody:wrong@", "401 Unauthorized"),
        (&format!("bus:{PASSWORD}@")[..], "404 Not Found"),
    ];
    for (who, expected) in refused {
        let said = ffmpeg(&address(&server, who)?, "tcp", "1")?;
        ensure!(said.contains(expected), "{who}: {said}");
    }
    let script = repository().join("e2e/tools/rtsp_digest.py");
    let url = address(&server, "")?;
    let (said, _) = output(tool("python3")?.arg(script).args([&url, "metro", PASSWORD]))?;
    let said: Vec<&str> = said.lines().collect();
    ensure!(
        said == ["DESCRIBE 401", "DESCRIBE 200", "SETUP 200", "PLAY 200", "packets"],
        "{said:?}"
    );
    server.stop()
}

#[test]
fn a_thousand_wrong_guesses_disturb_no_reader() -> Result<()> {
    let cameras = cameras()?;
    let mut server = server(&cameras)?;
    let who = format!("metro:{PASSWORD}@");
    plays(&server, &who)?;
    let reader = std::thread::spawn({
        let url = address(&server, &who)?;
        move || ffmpeg(&url, "tcp", "6")
    });
    let began = server.log().matches("reader began").count();
    wait_for("the reader", SOON, || {
        Ok((server.log().matches("reader began").count() > began).then_some(()))
    })?;
    let listener = server.listener("rtsp")?;
    for guess in 0..1_000 {
        let header = "Authorization: Basic dTp4\r\n";
        let asked = format!("DESCRIBE rtsp://h/none{guess} RTSP/1.0\r\nCSeq: 1\r\n{header}");
        let said = super::slow::Client::connect(&listener)?.ask(&asked)?;
        ensure!(said.contains(" 401 ") || said.contains(" 403 "), "{said}");
    }
    let said = reader.join().map_err(|_| anyhow::anyhow!("the reader panicked"))??;
    ensure!(!said.contains("missed") && !said.contains("rror"), "{said}");
    server.stop()
}

#[test]
fn a_key_opens_by_basic_and_in_the_address() -> Result<()> {
    let cameras = cameras()?;
    let mut server = server(&cameras)?;
    let admin = server.client().sign_in("admin", ADMIN_PASSWORD)?;
    let key = json!({ "name": "recorder", "role": "viewer", "agencies": ["METRO"] });
    let made = admin.post("/api/keys", &key)?.json()?;
    let key = made.get("key").and_then(|key| key.as_str()).context("a key")?.to_owned();
    plays(&server, &format!("metro:{PASSWORD}@"))?;
    let url = format!("{}?token={key}", address(&server, "")?);
    let said = ffmpeg(&url, "tcp", "1")?;
    ensure!(!said.contains("Server returned"), "{said}");
    let basic = super::slow::describe(&server.listener("rtsp")?, "cam1", &format!("key:{key}"))?;
    ensure!(basic.starts_with("RTSP/1.0 200 "), "{basic}");
    let wrong = super::slow::describe(&server.listener("rtsp")?, "cam1", "key:vk_wrong")?;
    ensure!(wrong.starts_with("RTSP/1.0 401 "), "{wrong}");
    server.stop()
}

#[test]
fn the_same_is_spoken_over_tls() -> Result<()> {
    let cameras = cameras()?;
    let mut server = server(&cameras)?;
    plays(&server, &format!("metro:{PASSWORD}@"))?;
    let who = format!("metro:{}", PASSWORD.replace(' ', "%20"));
    let url = format!("rtsps://{who}@{}/cam1", server.listener("rtsps")?);
    let said = ffmpeg(&url, "tcp", "2")?;
    ensure!(!said.contains("Server returned") && !said.contains("rror"), "{said}");
    server.stop()
}

#[test]
fn a_reader_ends_when_its_right_ends() -> Result<()> {
    let cameras = cameras()?;
    let mut server = server(&cameras)?;
    let who = format!("metro:{PASSWORD}@");
    plays(&server, &who)?;
    let folder = tempfile::tempdir()?;
    let mut player = tool("ffmpeg")?;
    let url = address(&server, &who)?;
    player.args(["-v", "error", "-rtsp_transport", "tcp", "-i", &url, "-f", "null", "-"]);
    let mut player = e2e::Process::start(&mut player, &folder.path().join("log"))?;
    wait_for("the reader", SOON, || Ok(server.log().contains("reader began").then_some(())))?;
    std::thread::sleep(Duration::from_secs(2));
    ensure!(player.ended()?.is_none(), "it plays");
    let admin = server.client().sign_in("admin", ADMIN_PASSWORD)?;
    let users = admin.get("/api/users")?.json()?;
    let users = users.get("items").or(users.get("users")).and_then(|list| list.as_array());
    let id = users.context("users")?.iter().find(|user| user["name"] == "metro");
    let id = id.and_then(|user| user["id"].as_str()).context("metro")?;
    let answer = admin.patch(&format!("/api/users/{id}"), &json!({ "enabled": false }))?;
    ensure!(answer.status == 200, "{}", answer.text());
    player.wait(Duration::from_secs(10))?;
    ensure!(server.log().contains("its right ended"), "{}", server.log());
    server.stop()
}
