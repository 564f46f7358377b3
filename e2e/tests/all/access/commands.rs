//! `vedette user` beside a running server.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{output, wait_for};

use super::Stage;

/// A second for the look, and some for a busy machine.
const SECONDS: Duration = Duration::from_secs(5);

fn with_password(stage: &Stage, arguments: &[&str], password: &str) -> Result<String> {
    let mut command = stage.server.command(arguments)?;
    command.arg("--password-stdin").stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("an input")?.write_all(password.as_bytes())?;
    let done = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    ensure!(done.status.success(), "{said}");
    ensure!(!said.contains(password), "it prints the password");
    Ok(said)
}

#[test]
fn people_of_the_command_line_are_known_to_the_running_server_in_seconds() -> Result<()> {
    let mut stage = Stage::bare("", &[])?;
    let add = ["user", "add", "layla", "--role", "operator", "--agency", "METRO"];
    with_password(&stage, &add, "first password of layla")?;
    let layla = stage.stranger().sign_in("layla", "first password of layla")?;
    let me = layla.get("/api/me")?.expect(200)?.json()?;
    ensure!(me["role"] == "operator" && me["agencies"][0] == "METRO", "{me}");

    let (list, _) = output(&mut stage.server.command(&["user", "list"])?)?;
    let line = list.lines().find(|line| line.starts_with("layla\t")).context("not listed")?;
    ensure!(
        line.contains("operator") && line.contains("METRO") && !line.contains("never"),
        "{line}"
    );

    let reset = ["user", "reset-password", "layla"];
    with_password(&stage, &reset, "second password of layla")?;
    wait_for("the old session to end", SECONDS, || {
        Ok((layla.get("/api/cameras")?.status == 401).then_some(()))
    })?;
    ensure!(stage.stranger().sign_in("layla", "first password of layla").is_err());
    stage.stranger().sign_in("layla", "second password of layla")?;

    let (said, _) = output(&mut stage.server.command(&reset)?)?;
    ensure!(said.contains("layla has a new password"), "{said}");
    let twice = stage.server.command(&["user", "add", "layla"])?.output()?;
    ensure!(!twice.status.success(), "added twice");
    let unknown = stage.server.command(&["user", "reset-password", "nobody"])?.output()?;
    ensure!(!unknown.status.success(), "reset of nobody");
    stage.server.stop()
}
