//! The page `docs/reference/access.md`, cell by cell, over both listeners, with curl.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use e2e::{Client, output, repository, tool};
use serde_json::json;

use super::{Stage, is_problem, link, media};

/// A row of the page: method, path, and who may by the columns' names.
struct Row {
    method: String,
    path: String,
    cells: Vec<(String, bool)>,
}

impl Row {
    fn permits(&self, column: &str) -> bool {
        self.cells.iter().any(|(name, yes)| name == column && *yes)
    }

    /// The address that is asked: of what is there for reading, of what is not for changes.
    fn asked(&self, camera: &str) -> String {
        let of_camera = ["/api/cameras", "/api/recordings", "/api/playback"];
        let is_camera = of_camera.iter().any(|prefix| self.path.starts_with(prefix));
        let id = if is_camera { camera } else { "none" };
        let path = self.path.replace("{camera}", camera).replace("{id}", id);
        path.replace("{*file}", &format!("{camera}/live.m3u8"))
    }
}

/// Rows of the front door.
fn rows() -> Result<Vec<Row>> {
    rows_of("")
}

/// Rows of a listener, by its name; of the front door without one.
fn rows_of(listener: &str) -> Result<Vec<Row>> {
    let page = std::fs::read_to_string(repository().join("docs/reference/access.md"))?;
    let heading = format!("\n## `{listener}`\n");
    let section =
        if listener.is_empty() { Some(page.as_str()) } else { page.split(&heading).nth(1) };
    let section = section.with_context(|| format!("no section of {listener}"))?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut lines = section.lines().filter(|line| line.starts_with('|'));
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let names = cells(lines.next().context("no table")?);
    let row = |line: &str| -> Result<Row> {
        let cells = cells(line);
        let route = cells.first().context("an empty row")?.trim_matches('`');
        let (method, path) = route.split_once(' ').context("no method")?;
        let marks = names.iter().cloned().zip(cells.iter().map(|cell| cell == "yes")).skip(2);
        Ok(Row { method: method.to_owned(), path: path.to_owned(), cells: marks.collect() })
    };
    lines.skip(1).map(row).collect()
}

/// Asks for all rows by one run of curl; the statuses and bodies, in the rows' order.
fn curl(
    base: &str,
    who: &Client,
    more: &[&str],
    rows: &[(String, String)],
) -> Result<Vec<(u16, Vec<u8>)>> {
    let folder = tempfile::tempdir()?;
    let mut config = String::new();
    for (number, (method, path)) in rows.iter().enumerate() {
        if number > 0 {
            config.push_str("next\n");
        }
        let file = folder.path().join(number.to_string());
        writeln!(config, "silent\nshow-error\ninsecure\npath-as-is\nmax-time = 25")?;
        writeln!(config, "url = \"{base}{path}\"\nrequest = \"{method}\"")?;
        writeln!(config, "output = \"{}\"\nwrite-out = \"%{{http_code}}\\n\"", file.display())?;
        if matches!(method.as_str(), "POST" | "PATCH") {
            writeln!(config, "data = \"{{}}\"\nheader = \"content-type: application/json\"")?;
        }
        for (name, value) in who.headers() {
            writeln!(config, "header = \"{name}: {value}\"")?;
        }
        for line in more {
            writeln!(config, "{line}")?;
        }
    }
    let file = folder.path().join("config");
    std::fs::write(&file, config)?;
    let (statuses, _) = output(tool("curl")?.arg("--config").arg(&file))?;
    let read = |(number, status): (usize, &str)| -> Result<(u16, Vec<u8>)> {
        let body = std::fs::read(folder.path().join(number.to_string())).unwrap_or_default();
        Ok((status.parse()?, body))
    };
    let answers: Vec<_> = statuses.lines().enumerate().map(read).collect::<Result<_>>()?;
    ensure!(answers.len() == rows.len(), "{} answers of {}", answers.len(), rows.len());
    Ok(answers)
}

fn refused(status: u16, body: &[u8]) -> bool {
    let is_wrong_password = String::from_utf8_lossy(body).contains("\"login_failed\"");
    status == 403 || (status == 401 && !is_wrong_password)
}

/// Everybody of the table but "near by" and "public": the column, and what it shows.
fn everybody(stage: &Stage) -> Result<Vec<(String, Client, String)>> {
    let mut all = vec![("nobody".to_owned(), stage.stranger(), String::new())];
    for role in ["viewer", "operator", "supervisor", "admin"] {
        let agencies = if role == "admin" { "*" } else { "METRO" };
        let body = json!({ "name": role, "role": role, "agencies": [agencies] });
        let (_, key) = stage.key(&body)?;
        all.push((role.to_owned(), stage.stranger().bearer(&key), String::new()));
        let basic = base64(&format!("key:{key}"));
        let by_basic = stage.stranger().with("authorization", &format!("Basic {basic}"));
        all.push((format!("{role}, Basic"), by_basic, String::new()));
        let (_, session) = stage.user(&format!("a {role}"), role, &[agencies])?;
        all.push((format!("{role}, cookie"), session, String::new()));
    }
    for purpose in ["live", "playback"] {
        let token = link(&stage.admin, "metro", purpose, 600)?;
        let asker = stage.stranger();
        all.push((format!("{purpose} address"), asker, format!("?token={token}")));
    }
    let (_, key) = stage.key(&json!({ "name": "encoder", "scopes": ["publish:*"] }))?;
    all.push(("publishing key".to_owned(), stage.stranger().bearer(&key), String::new()));
    Ok(all)
}

/// As RFC 4648 has it; one more library for four lines would be one too many.
fn base64(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let bits = (0..3).fold(0_usize, |bits, at| {
            (bits << 8) | usize::from(bytes.get(at).copied().unwrap_or_default())
        });
        let letter = |at: usize| match at <= bytes.len() {
            true => char::from(LETTERS[(bits >> (18 - 6 * at)) & 63]),
            false => '=',
        };
        (0..4).map(letter).collect::<String>()
    };
    text.as_bytes().chunks(3).map(group).collect()
}

fn bases(stage: &Stage) -> Result<[String; 2]> {
    Ok([stage.server.base().to_owned(), format!("https://{}", stage.server.https()?)])
}

#[test]
fn every_cell_of_the_table_is_so_over_both_listeners() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let rows = rows()?;
    ensure!(rows.len() > 30, "{} rows", rows.len());
    for (name, who, query) in everybody(&stage)? {
        let column = name.split(',').next().unwrap_or_default();
        for base in bases(&stage)? {
            check(&base, &rows, (&name, column), &who, &query)?;
        }
    }
    let near = stage.server.client();
    for base in bases(&stage)? {
        check(&base, &rows, ("near by", "near by"), &near, "")?;
    }
    Ok(())
}

/// The listeners of numbers, playback and the control API, the last also where the front door has it.
#[test]
fn every_cell_of_the_other_listeners_is_so() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let at = |listener: &str| {
        Ok::<_, anyhow::Error>(format!("http://{}", stage.server.listener(listener)?))
    };
    let front = |prefix: &str| format!("{}{prefix}", stage.server.base());
    let doors = [
        ("control", at("control")?),
        ("control", front("/api/v1/rtsp")),
        ("metrics", at("metrics")?),
        ("playback", at("playback")?),
    ];
    let mut everybody = everybody(&stage)?;
    everybody.push(("near by".to_owned(), stage.server.client(), String::new()));
    for (listener, base) in doors {
        let rows = rows_of(listener)?;
        ensure!(!rows.is_empty(), "{listener} has no rows");
        let is_front = base.contains("/api/");
        for (name, who, query) in &everybody {
            let column = name.split(',').next().unwrap_or_default();
            let path = |row: &Row| {
                let path =
                    row.asked("metro").replace("{*name}", "none").replace("{kind}", "rtspconns");
                format!("{}{query}", path.replace("{*id}", "none"))
            };
            let asked: Vec<_> = rows.iter().map(|row| (row.method.clone(), path(row))).collect();
            let answers = curl(&base, who, &[], &asked)?;
            for (row, (status, body)) in rows.iter().zip(&answers) {
                let said = String::from_utf8_lossy(body);
                let shown =
                    format!("{base}: {} {} as {name}: {status} {said}", row.method, row.path);
                let may = row.permits(column) && !(is_front && column == "near by");
                ensure!(refused(*status, body) != may, "{shown}");
                ensure!(*status < 500, "{shown}");
                ensure!(
                    listener != "control"
                        || *status == 200
                        || said.contains("\"status\":\"error\""),
                    "{shown}"
                );
            }
        }
    }
    Ok(())
}

/// Asks for all but the route that would end the session.
fn check(
    base: &str,
    rows: &[Row],
    (name, column): (&str, &str),
    who: &Client,
    query: &str,
) -> Result<()> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.path != "/api/logout").collect();
    let asked: Vec<_> = rows
        .iter()
        .map(|row| (row.method.clone(), format!("{}{query}", row.asked("metro"))))
        .collect();
    let answers = curl(base, who, &[], &asked)?;
    for (row, (status, body)) in rows.iter().zip(&answers) {
        let said = String::from_utf8_lossy(&body[..body.len().min(300)]);
        let shown = format!("{} {} as {name}: {status} {said}", row.method, row.path);
        // A browser would send it to another site's page.
        let reads_only = name.ends_with("Basic") && row.method != "GET";
        let column = if reads_only { "nobody" } else { column };
        let may = row.permits(column);
        // It tells who is signed in, or that nobody is.
        if row.path == "/api/me" {
            let is_somebody = !["nobody", "near by"].contains(&column);
            ensure!(*status == if is_somebody { 200 } else { 401 }, "{shown}");
            continue;
        }
        ensure!(refused(*status, body) != may, "{shown}");
        if may && row.method == "GET" {
            // There is no provider here.
            let is_missing = row.path == "/api/users/{id}" || row.path.starts_with("/api/oidc/");
            let expected = match row.path.as_str() {
                // It is asked without an upgrade.
                "/live/ws" => 426,
                _ if is_missing => 404,
                _ => 200,
            };
            ensure!(*status == expected, "{shown}");
        }
        if may && row.method != "GET" {
            ensure!(matches!(status, 201 | 204 | 400 | 401 | 404 | 429), "{shown}");
        }
        if !may {
            let known = !["nobody", "near by", "public"].contains(&column);
            ensure!(*status == if known { 403 } else { 401 }, "{shown}");
        }
    }
    Ok(())
}

#[test]
fn another_agencys_camera_is_not_there() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let (_, cookie) = stage.user("driver", "supervisor", &["BUS"])?;
    let (_, key) = stage.viewer_key("BUS")?;
    for who in [cookie, stage.stranger().bearer(&key)] {
        let list = who.get("/api/cameras")?.expect(200)?.json()?;
        ensure!(list["total"] == 1 && list["cameras"][0]["id"] == "bus", "{list}");
        let by_name = who.get("/api/cameras?q=metro")?.expect(200)?.json()?;
        ensure!(by_name["total"] == 0, "{by_name}");
        ensure!(who.get("/live.m3u8")?.status != 401, "it may watch");
        let rows = rows()?;
        let of_camera = |row: &&Row| row.asked("metro") != row.asked("bus");
        // Signalling of WebRTC has addresses of its own below.
        let is_signalling = |row: &&Row| row.path == "/live/{*file}" && row.method != "GET";
        for row in rows.iter().filter(of_camera).filter(|row| !is_signalling(row)) {
            let body = (row.method == "POST").then(|| json!({}));
            let ask = |camera| who.send(&row.method, &row.asked(camera), body.as_ref());
            let (own, other, none) = (ask("bus")?, ask("metro")?, ask("none")?);
            let shown = format!("{} {}: {}", row.method, row.path, other.text());
            ensure!(own.status < 300, "{} {}: {}", row.method, row.path, own.text());
            ensure!((other.status, none.status) == (404, 404), "{shown}");
            ensure!(other.code() == none.code(), "{shown} but {}", none.text());
            is_problem(&other)?;
        }
        for method in ["POST", "PATCH", "DELETE"] {
            let below = if method == "POST" { "whep" } else { "whep/none" };
            let nothing = json!({});
            let ask = |camera: &str| {
                let path = format!("/live/{camera}/{below}");
                who.send(method, &path, (method != "DELETE").then_some(&nothing))
            };
            let (other, none) = (ask("metro")?, ask("none")?);
            ensure!((other.status, none.status) == (404, 404), "{method}: {}", other.text());
            ensure!(other.code() == none.code(), "{method}: {}", none.text());
            ensure!(ask("bus")?.code() != other.code(), "{method}: {}", other.text());
        }
        for path in
            ["/live/metro/index.m3u8", "/live/metro/main_stream.m3u8", "/live/metro/init.mp4"]
        {
            ensure!(who.get(path)?.status == 404, "{path}");
        }
    }
    Ok(())
}

#[test]
fn what_is_forged_expired_or_ended_opens_nothing() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let (revoked_id, revoked) = stage.viewer_key("METRO")?;
    stage.admin.delete(&format!("/api/keys/{revoked_id}"))?.expect(204)?;
    let (_, session) = stage.user("gone", "admin", &["*"])?;
    session.post("/api/logout", &json!({}))?.expect(204)?;
    let (id, disabled) = stage.user("disabled", "admin", &["*"])?;
    stage.admin.patch(&format!("/api/users/{id}"), &json!({ "enabled": false }))?.expect(200)?;
    let good = link(&stage.admin, "metro", "live", 600)?;
    let forged = |at: usize| {
        let mut token: Vec<char> = good.chars().collect();
        token[at] = if token[at] == 'A' { 'B' } else { 'A' };
        token.into_iter().collect::<String>()
    };
    // {"alg":"none"} {"sub":"admin","role":"admin"}
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJhZG1pbiJ9.";
    let long = "vk_".to_owned() + &"A".repeat(9_000);
    let mut all = vec![
        session,
        disabled,
        stage.stranger().with("cookie", "vedette_session="),
        stage.stranger().with("authorization", "Digest username=\"admin\""),
        stage.stranger().with("authorization", "Basic %%%"),
        stage.stranger().with("x-forwarded-user", "admin"),
    ];
    for bearer in [&revoked, none, &long, "vk_", "", &forged(3), &forged(good.len() - 2)] {
        all.push(stage.stranger().bearer(bearer));
    }
    let paths = [
        "/api/cameras",
        "/api/users",
        "/live/metro/live.m3u8",
        &media("metro"),
        "/metrics",
        "/health",
    ];
    for who in &all {
        for path in paths {
            let answer = who.get(path)?;
            ensure!(answer.status == 401, "{path} with {:?}: {}", who.headers(), answer.text());
            is_problem(&answer)?;
        }
    }
    for token in [forged(3), forged(good.len() - 2), revoked, none.to_owned(), String::new()] {
        let path = format!("/live/metro/live.m3u8?token={token}");
        ensure!(stage.stranger().get(&path)?.status == 401, "{token}");
    }
    stage.stranger().get(&format!("/live/metro/live.m3u8?token={good}"))?.expect(200)?;
    Ok(())
}

#[test]
fn the_public_sees_what_is_opened_to_it_and_nothing_else() -> Result<()> {
    let yaml = "access: { anonymous: { role: viewer, cameras_with_role: [metro] } }";
    let stage = Stage::start(yaml, &[])?;
    let who = stage.stranger();
    for base in bases(&stage)? {
        check(&base, &rows_for_the_public()?, ("public", "public"), &who, "")?;
    }
    let list = who.get("/api/cameras")?.expect(200)?.json()?;
    ensure!(list["total"] == 1 && list["cameras"][0]["id"] == "metro", "{list}");
    for path in ["/api/cameras/bus", "/live/bus/live.m3u8", &media("bus")] {
        ensure!(who.get(path)?.status == 404, "{path}");
    }
    Ok(())
}

fn rows_for_the_public() -> Result<Vec<Row>> {
    Ok(rows()?.into_iter().filter(|row| row.path != "/api/me").collect())
}
