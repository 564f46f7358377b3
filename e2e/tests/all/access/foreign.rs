//! Other sites' pages, names that merely resolve here, proxies that nobody trusts, and hostile requests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Client, Server, is_soak};
use serde_json::json;

use super::{Stage, media};

/// What a page of another site, or a stranger's proxy, cannot help to send.
const FOREIGN: [(&str, &str); 5] = [
    ("origin", "http://evil.example"),
    ("origin", "null"),
    ("host", "evil.example"),
    ("x-forwarded-for", "127.0.0.1"),
    ("forwarded", "for=127.0.0.1"),
];

fn pictures() -> [String; 3] {
    [media("metro"), "/live/metro/live.m3u8".into(), "/api/cameras/metro/snapshot.jpg".into()]
}

#[test]
fn another_sites_page_gets_no_picture_and_changes_nothing_where_all_is_open() -> Result<()> {
    let mut server = Server::new("cameras: [{ id: metro, url: \"rtsp://127.0.0.1:1/a\" }]")?
        .permit(&["camera", "offline"]);
    server.start()?;
    let key = json!({ "name": "evil", "role": "admin" });
    let keys =
        || Ok::<_, anyhow::Error>(server.get("/api/keys")?.expect(200)?.json()?["keys"].clone());
    for (name, value) in FOREIGN {
        let who = server.client().with(name, value);
        for path in pictures().iter().map(String::as_str).chain(["/api/cameras", "/api/users"]) {
            let answer = who.get(path)?;
            ensure!(answer.status == 401, "{name}: {value}: {path}: {}", answer.text());
            ensure!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
        }
        ensure!(who.post("/api/keys", &key)?.status == 401, "{name}: {value}");
    }
    ensure!(keys()?.as_array().is_some_and(Vec::is_empty), "{}", keys()?);
    // A form of a page needs no permission to be sent.
    let form = raw(
        &server,
        &[
            "POST /api/keys HTTP/1.1",
            "Host: localhost",
            "Content-Type: text/plain",
            "Content-Length: 34",
            "Connection: close",
            "",
            "{\"name\":\"evil\",\"role\":\"supervisor\"}",
        ],
    )?;
    ensure!(form.starts_with("HTTP/1.1 415"), "{form}");
    ensure!(keys()?.as_array().is_some_and(Vec::is_empty), "{}", keys()?);
    server.stop()
}

#[test]
fn another_sites_page_changes_nothing_by_the_cookie_and_may_not_read_what_it_gets() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let user = json!({ "name": "eve", "role": "admin" });
    for origin in ["http://evil.example", "null", "https://127.0.0.1"] {
        // A connection whose body was not read is closed after the answer.
        let page = || stage.admin.apart().with("origin", origin);
        let answer = page().post("/api/users", &user)?;
        ensure!(answer.status == 403, "{origin}: {}", answer.text());
        ensure!(page().delete("/api/keys/none")?.status == 403, "{origin}");
        for path in pictures() {
            let answer = page().get(&path)?;
            ensure!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
        }
    }
    let people = stage.admin.get("/api/users?q=eve")?.expect(200)?.json()?;
    ensure!(people["users"].as_array().is_some_and(Vec::is_empty), "{people}");
    Ok(())
}

/// Sends lines as they are; the beginning of what comes back.
fn raw(server: &Server, lines: &[&str]) -> Result<String> {
    let mut socket = connect(server)?;
    socket.write_all(lines.join("\r\n").as_bytes())?;
    let mut said = Vec::new();
    let _ = socket.take(4_096).read_to_end(&mut said);
    Ok(String::from_utf8_lossy(&said).into_owned())
}

fn connect(server: &Server) -> Result<TcpStream> {
    let socket = TcpStream::connect(server.base().trim_start_matches("http://"))?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(socket)
}

/// Ways out of a folder.
const WAYS_OUT: [&str; 12] = [
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "..\\..\\..\\etc\\passwd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "....//....//etc/passwd",
    "..%00/etc/passwd",
    "../secrets/master-key",
    "..%c0%af..%c0%afetc/passwd",
];

#[test]
fn no_path_leads_out_of_what_is_served() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let cookie =
        stage.admin.headers().iter().find(|(name, _)| name == "cookie").context("a cookie")?;
    let cookie = format!("Cookie: {}", cookie.1);
    let routes = [
        "/{}",
        "/assets/{}",
        "/live/{}",
        "/live/metro/{}",
        "/api/cameras/{}",
        "/api/cameras/{}/snapshot.jpg",
        "/api/recordings/{}/segments",
        "/api/playback/{}/media.mp4",
        "/api/users/{}",
        "/docs/{}",
    ];
    for route in routes {
        for way in WAYS_OUT {
            let line = format!("GET {} HTTP/1.1", route.replace("{}", way));
            let lines = [&line, "Host: localhost", &cookie, "Connection: close", "", ""];
            let said = raw(&stage.server, &lines)?;
            let status = said.split(' ').nth(1).unwrap_or_default().to_owned();
            ensure!(!said.contains("root:") && !said.contains("vedette_master"), "{line}: {said}");
            // The console answers a page of its own with its one document.
            let is_page = status == "200" && said.contains("text/html") && said.contains("<html");
            ensure!(is_page || status == "400" || status == "404", "{line}: {said}");
        }
    }
    let body = json!({ "name": "x".repeat(11 << 20), "role": "viewer" });
    let answer = stage.admin.post("/api/users", &body);
    ensure!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 413), "11 MB are taken");
    stage.admin.get("/api/users")?.expect(200)?;
    Ok(())
}

#[test]
fn who_sends_slowly_is_ended() -> Result<()> {
    let stage = Stage::bare("", &[])?;
    let began = Instant::now();
    let said = raw(&stage.server, &["GET /api/me HTTP/1.1", "Host: localhost", "X-Slow: "])?;
    let took = began.elapsed();
    ensure!(took > Duration::from_secs(5) && took < Duration::from_secs(20), "{took:?}: {said}");
    if is_soak() {
        slow_body(&stage.admin, &stage.server)?;
    }
    Ok(())
}

/// Thirty seconds without a byte of the body.
fn slow_body(admin: &Client, server: &Server) -> Result<()> {
    let headers: Vec<String> =
        admin.headers().iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut lines = vec!["POST /api/users HTTP/1.1", "Host: localhost"];
    lines.extend(headers.iter().map(String::as_str));
    lines.extend(["Content-Type: application/json", "Content-Length: 100", "", "{"]);
    let began = Instant::now();
    let said = raw(server, &lines)?;
    ensure!(said.starts_with("HTTP/1.1 408"), "{said}");
    ensure!(began.elapsed() < Duration::from_secs(45), "{:?}", began.elapsed());
    Ok(())
}
