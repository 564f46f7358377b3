//! The front door over TLS, with curl as the client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Server, binary, command, output, tool, wait_for};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(30);

fn server(yaml: &str) -> Result<Server> {
    // Off by default where access.mode is open.
    Ok(Server::new(yaml)?.variable("VEDETTE__SERVER__TLS__PORT", "0"))
}

fn https(server: &Server) -> Result<String> {
    let map: Value =
        serde_json::from_slice(&std::fs::read(server.data().join("run/listeners.json"))?)?;
    let address = map.get("https").and_then(Value::as_str).context("no https in listeners.json")?;
    Ok(address.to_owned())
}

/// `<version> <status>` and the headers, as curl got them.
fn curl(url: &str, ca: &Path, options: &[&str]) -> Result<String> {
    let mut curl = tool("curl")?;
    curl.args(["-sS", "--max-time", "20", "-o", "/dev/null", "-D", "-"]);
    curl.args(["-w", "%{http_version} %{http_code}"])
        .args(options)
        .arg("--cacert")
        .arg(ca)
        .arg(url);
    Ok(output(&mut curl)?.0)
}

/// A pair for localhost in a folder of its own.
fn pair() -> Result<(tempfile::TempDir, PathBuf, PathBuf)> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("vedette.yaml"), "data_dir: .\n")?;
    output(command(binary()?).args(["tls", "self-signed"]).current_dir(folder.path()))?;
    let (cert, key) = (folder.path().join("tls/cert.pem"), folder.path().join("tls/key.pem"));
    Ok((folder, cert, key))
}

#[test]
fn both_versions_of_http_are_spoken_over_tls_with_a_certificate_made_once() -> Result<()> {
    let mut server = server("")?;
    server.start()?;
    let ca = server.data().join("tls/cert.pem");
    let url = format!("https://{}/health", https(&server)?);
    for (option, version) in [("--http2", "2 200"), ("--http1.1", "1.1 200")] {
        let said = curl(&url, &ca, &[option])?;
        ensure!(said.ends_with(version), "{option}: {said}");
        ensure!(said.contains("strict-transport-security: max-age=31536000"), "{said}");
    }
    ensure!(curl(&url, &ca, &["--tls-max", "1.2"])?.ends_with("2 200"));
    ensure!(server.get("/health")?.headers.get("strict-transport-security").is_none());
    let (said, _) = output(
        command(binary()?).args(["health", url.trim_end_matches("/health")]).arg("--ca").arg(&ca),
    )?;
    ensure!(said.contains("\"status\":\"healthy\""), "{said}");

    let mut clear = TcpStream::connect(https(&server)?)?;
    clear.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut said = Vec::new();
    clear.read_to_end(&mut said)?;
    ensure!(!said.starts_with(b"HTTP"), "the port of TLS speaks in the clear");

    let mode = |path: &Path| std::fs::metadata(path).map(|data| data.permissions().mode() & 0o777);
    ensure!(mode(&server.data().join("tls/key.pem"))? == 0o600);
    ensure!(mode(&server.data().join("tls"))? == 0o700);
    let before = std::fs::read(&ca)?;
    server.stop()?;
    server.start()?;
    ensure!(std::fs::read(&ca)? == before, "made anew");
    let (said, _) =
        output(command(binary()?).args(["tls", "self-signed"]).current_dir(server.folder()))?;
    ensure!(said.contains("tls/cert.pem") && said.contains("SHA-256 "), "{said}");
    ensure!(std::fs::read(&ca)? == before, "made anew without --force");
    server.stop()
}

#[test]
fn a_changed_certificate_is_served_without_a_restart_and_a_broken_one_is_not() -> Result<()> {
    let (first, second) = (pair()?, pair()?);
    let folder = tempfile::tempdir()?;
    let (cert, key) = (folder.path().join("chain.pem"), folder.path().join("own.key"));
    let put = |from: &(tempfile::TempDir, PathBuf, PathBuf)| -> Result<()> {
        std::fs::copy(&from.2, &key)?;
        std::fs::copy(&from.1, &cert)?;
        Ok(())
    };
    put(&first)?;
    let mut server = server("")?
        .variable("VEDETTE__SERVER__TLS__CERT", &cert.display().to_string())
        .variable("VEDETTE__SERVER__TLS__KEY", &key.display().to_string())
        .permit(&["the changed certificate does not work"]);
    server.start()?;
    let url = format!("https://{}/health", https(&server)?);
    ensure!(curl(&url, &first.1, &[])?.ends_with("2 200"));
    put(&second)?;
    wait_for("the new certificate", SOON, || Ok(curl(&url, &second.1, &[]).ok()))?;
    ensure!(curl(&url, &first.1, &[]).is_err(), "the old one is trusted still");

    let line = |code: &'static str| {
        wait_for(code, SOON, || {
            let health = server.get("/health")?.json()?;
            let line = health.get("components").and_then(|parts| parts.get("certificate"));
            let found = line.and_then(|line| line.get("code")).and_then(Value::as_str);
            Ok((found.unwrap_or("healthy") == code).then_some(()))
        })
    };
    std::fs::write(&cert, "-----BEGIN CERTIFICATE-----\nbroken")?;
    line("certificate_refused")?;
    ensure!(curl(&url, &second.1, &[])?.ends_with("2 200"));
    put(&first)?;
    line("healthy")?;
    ensure!(curl(&url, &first.1, &[])?.ends_with("2 200"));
    ensure!(server.log().matches("does not work").count() == 1, "said more than once");
    server.stop()
}

#[test]
fn a_server_whose_certificate_is_wrong_does_not_start_and_names_the_key() -> Result<()> {
    let (first, second) = (pair()?, pair()?);
    let missing = first.0.path().join("missing.pem");
    for (cert, key, said) in [
        (&missing, &first.2, "server.tls.cert: "),
        (&first.2, &first.2, "holds no certificate"),
        (&first.1, &second.2, "server.tls.key: "),
    ] {
        let folder = tempfile::tempdir()?;
        let (cert, key) = (cert.display(), key.display());
        let tls = format!("{{ port: 0, cert: \"{cert}\", key: \"{key}\" }}");
        let yaml = format!(
            "data_dir: ./data\nserver: {{ port: 0, tls: {tls} }}\naccess: {{ mode: open }}\n"
        );
        std::fs::write(folder.path().join("vedette.yaml"), yaml)?;
        let done = command(binary()?).arg("serve").current_dir(folder.path()).output()?;
        let error = String::from_utf8_lossy(&done.stderr);
        ensure!(!done.status.success() && error.contains(said), "{said}: {error}");
    }
    Ok(())
}

#[test]
fn a_server_without_free_descriptors_answers_again_when_there_are_some() -> Result<()> {
    let mut server = server("")?.permit(&["no connection can be accepted"]);
    server.start()?;
    let id = server.id().context("it runs")?;
    let used = std::fs::read_dir(format!("/proc/{id}/fd"))?.count();
    let limit = Some(u64::try_from(used)? + 20);
    let pid = Pid::from_raw(i32::try_from(id)?).context("a process")?;
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: limit, maximum: limit })?;
    let address = https(&server)?;
    let idle: Vec<_> = (0..60).map(|_| TcpStream::connect(&address)).collect::<Result<_, _>>()?;
    wait_for("the error", SOON, || {
        Ok(server.log().contains("no connection can be accepted").then_some(()))
    })?;
    drop(idle);
    wait_for("an answer", SOON, || Ok((server.get("/health")?.status == 200).then_some(())))?;
    ensure!(server.log().matches("no connection can be accepted").count() <= 2, "{}", server.log());
    server.stop()
}
