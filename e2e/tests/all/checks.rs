//! `vedette check rtsp` and `vedette doctor`, as people run them.

use anyhow::Result;
use e2e::{Server, Simulator, binary, command};

/// Exit code and output of a command in an empty folder, in the language of `locale`.
fn run(locale: &str, arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let folder = tempfile::tempdir()?;
    let mut run = command(binary()?);
    run.args(arguments).current_dir(folder.path()).env("LC_ALL", locale);
    let done = run.output()?;
    let said = [done.stdout, done.stderr].concat();
    Ok((done.status.code(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn a_camera_is_checked_in_plain_words_without_its_password() -> Result<()> {
    let simulator = Simulator::start(&["--gop", "1", "--user", "admin", "--password", "hunter2"])?;
    let with = |credentials: &str, path: &str| {
        format!("rtsp://{credentials}{}/{path}", simulator.address())
    };
    let english = "en_GB.UTF-8";
    let cases = [
        (with("admin:hunter2@", "cam1"), english, 0, "640x480"),
        (with("admin:hunter2@", "cam1"), english, 0, "All is well."),
        (with("admin:hunter2x@", "cam1"), english, 1, "refuses the user or the password"),
        (with("admin:hunter2x@", "cam1"), "ar_AE.UTF-8", 1, "رفضت الكاميرا"),
        (with("", "cam1"), english, 1, "asks for a user and a password"),
        (with("admin:hunter2@", "cam9"), english, 1, "no stream at /cam9"),
        ("rtsp://admin:hunter2@127.0.0.1:1/a".to_owned(), english, 1, "nothing listens on port 1"),
        ("gopher://admin:hunter2@h/a".to_owned(), english, 1, "not a scheme"),
        ("nothing".to_owned(), english, 1, "no camera nothing"),
    ];
    for (target, locale, code, words) in cases {
        let (status, said) = run(locale, &["check", "rtsp", &target])?;
        assert!(status == Some(code) && said.contains(words), "{target}: {status:?} {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    Ok(())
}

#[test]
fn the_doctor_looks_at_a_running_server_and_takes_its_words_along() -> Result<()> {
    let yaml = "cameras: [{ id: a, url: \"rtsp://u:hunter2@127.0.0.1:1/a\", enabled: false }]";
    let mut server = Server::new(yaml)?;
    server.start()?;
    let out = tempfile::tempdir()?;
    let mut doctor = command(binary()?);
    doctor.args(["doctor", "--bundle"]).arg(out.path()).current_dir(server.folder());
    let done = doctor.env("LC_ALL", "C").output()?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let holder = format!("process {}", server.id().unwrap());
    for words in [holder.as_str(), "Database: whole", "is the volume that is known"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let bundle = std::fs::read_dir(out.path())?.flatten().next().unwrap().path();
    let read = |name: &str| std::fs::read_to_string(bundle.join(name));
    assert!(read("health.json")?.contains("\"healthy\""));
    assert!(read("metrics.txt")?.contains("# HELP"));
    assert!(read("log.txt")?.contains("listening"));
    for file in std::fs::read_dir(&bundle)?.flatten() {
        assert!(!std::fs::read_to_string(file.path())?.contains("hunter2"), "{file:?}");
    }
    server.stop()
}
