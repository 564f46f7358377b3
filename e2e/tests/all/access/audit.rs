//! The audit trail: complete after a crash, and whole, or `vedette audit verify` says where not.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Client, command, output, tool, wait_for};
use serde_json::{Value, json};

use super::{PASSWORD, SOON, Stage, UNLIMITED};

/// Who changes something again and again until the server is gone; keeps the id of each request that was
/// answered with success.
fn work(stage: &Stage, number: usize, done: &Mutex<Vec<String>>) {
    let change = |turn: usize| -> Result<()> {
        let name = format!("user-{number}-{turn}");
        let user = json!({ "name": name, "role": "viewer", "password": PASSWORD });
        let key = json!({ "name": name, "role": "viewer" });
        let login = json!({ "username": "admin", "password": e2e::ADMIN_PASSWORD });
        let from = |who: &Client| who.clone().with("x-forwarded-for", &stage.address());
        let answers = [
            stage.admin.post("/api/keys", &key)?,
            stage.admin.post("/api/users", &user)?,
            from(&stage.server.client()).post("/api/login", &login)?,
        ];
        let id = answers[0].json()?["id"].as_str().unwrap_or_default().to_owned();
        let ended = stage.admin.delete(&format!("/api/keys/{id}"))?;
        for answer in answers.iter().chain([&ended]).filter(|answer| answer.status < 300) {
            let id = answer.headers.get("x-request-id").context("no id")?.to_str()?.to_owned();
            done.lock().unwrap().push(id);
        }
        Ok(())
    };
    let _ = (0..10_000).try_for_each(change);
}

#[test]
fn no_answered_change_is_missing_after_a_kill() -> Result<()> {
    let mut stage = Stage::bare("", &UNLIMITED)?;
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| -> Result<()> {
        for number in 0..8 {
            let (stage, done) = (&stage, &done);
            scope.spawn(move || work(stage, number, done));
        }
        wait_for("changes", SOON, || Ok((done.lock().unwrap().len() > 60).then_some(())))?;
        stage.server.kill_now()
    })?;
    stage.server.kill()?;
    stage.server.start()?;
    let (said, complaints) = output(&mut stage.server.command(&["audit", "verify"])?)?;
    ensure!(said.contains("0 faults") && complaints.is_empty(), "{said}{complaints}");
    let (rows, _) = output(&mut stage.server.command(&["audit", "export"])?)?;
    let done = done.into_inner().unwrap();
    let missing: Vec<_> = done.iter().filter(|id| !rows.contains(&format!("\"{id}\""))).collect();
    ensure!(missing.is_empty(), "{} of {}: {missing:?}", missing.len(), done.len());
    println!("{} answered changes, {said}", done.len());
    stage.server.stop()
}

/// What somebody does who can write the file, and what is said of it.
const EDITS: [(&str, &str); 8] = [
    ("", ""),
    ("UPDATE audit SET name = 'nobody' WHERE seq = 4", "row 4 was edited"),
    ("UPDATE audit SET at = at - 1 WHERE seq = 5", "row 5 was edited"),
    ("DELETE FROM audit WHERE seq = 3", "row 3 is missing"),
    (
        "UPDATE audit SET seq = -1 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = -1",
        "row 3 was edited",
    ),
    (
        "INSERT INTO audit SELECT (SELECT max(seq) FROM audit) + 1, at, kind, id, name, action, object, agency, address, request, result, detail, previous, hash FROM audit WHERE seq = 2",
        "was edited",
    ),
    (
        "INSERT INTO audit SELECT 0, at, kind, id, name, action, object, agency, address, request, result, detail, previous, hash FROM audit WHERE seq = 2",
        "row 0 is where no row belongs",
    ),
    ("DELETE FROM audit WHERE seq > (SELECT max(seq) FROM audit) - 2", "were cut off"),
];

const SCRIPT: &str = "
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
for name, in database.execute(\"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'\").fetchall():
    database.execute('DROP TRIGGER ' + name)
database.executescript(sys.argv[2])
database.commit()
";

fn copy(from: &Path, to: &Path) -> Result<()> {
    output(command("cp").args(["-r", "--"]).arg(from).arg(to)).map(|_| ())
}

#[test]
fn what_is_done_to_the_trail_behind_the_servers_back_is_named() -> Result<()> {
    let mut stage = Stage::bare("", &[])?;
    for name in ["anna", "omar", "layla", "sami"] {
        stage.user(name, "viewer", &["METRO"])?;
    }
    stage.server.stop()?;
    for (edit, said) in EDITS {
        let folder = tempfile::tempdir()?;
        for name in ["vedette.yaml", "data"] {
            copy(&stage.server.folder().join(name), &folder.path().join(name))?;
        }
        let mut python = tool("python3")?;
        python.args(["-c", SCRIPT]).arg(folder.path().join("data/vedette.db"));
        output(python.arg(edit))?;
        let mut verify = stage.server.command(&["audit", "verify"])?;
        let done = verify.current_dir(folder.path()).output()?;
        let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        ensure!(text.contains(said), "{edit}: {text}");
        let wanted = if edit.is_empty() { 0 } else { 1 };
        ensure!(done.status.code() == Some(wanted), "{edit}: {} {text}", done.status);
    }
    Ok(())
}

#[test]
fn who_reads_the_trail_sees_its_agencies_rows_in_pages() -> Result<()> {
    let stage = Stage::start("", &[])?;
    let (_, driver) = stage.user("driver", "supervisor", &["BUS"])?;
    for id in ["metro", "bus"] {
        stage.admin.get(&format!("/live/{id}/live.m3u8"))?.expect(200)?;
    }
    let rows = |who: &Client, path: &str| -> Result<Vec<Value>> {
        let page = who.get(path)?.expect(200)?.json()?;
        Ok(page["rows"].as_array().cloned().unwrap_or_default())
    };
    wait_for("the view", Duration::from_secs(5), || {
        let found = rows(&stage.admin, "/api/audit?action=watch_live&object=camera:metro")?;
        Ok((!found.is_empty()).then_some(()))
    })?;
    for row in rows(&driver, "/api/audit?limit=1000")? {
        let is_own = row["agency"] == "BUS" || row["who"]["name"] == "driver";
        ensure!(is_own, "not of its agencies: {row}");
    }
    ensure!(rows(&driver, "/api/audit?object=camera:metro")?.is_empty());
    let first = stage.admin.get("/api/audit?limit=2")?.expect(200)?.json()?;
    let cursor = first["next_cursor"].as_str().context("a next page")?;
    let second = rows(&stage.admin, &format!("/api/audit?limit=2&cursor={cursor}"))?;
    ensure!(second[0]["seq"].as_i64() < first["rows"][1]["seq"].as_i64(), "{first} {second:?}");
    Ok(())
}
