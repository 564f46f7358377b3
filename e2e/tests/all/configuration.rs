//! The binary's first words: faults, locks, ports, and what it shows.

use anyhow::Result;
use e2e::{Server, binary, command};

#[test]
fn a_wrong_configuration_is_refused_with_all_its_faults() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(
        folder.path().join("vedette.yaml"),
        "server: { prot: 1 }\ncameras:\n  - id: A B\n    url: x\n",
    )?;
    for arguments in [&["config", "check"][..], &["serve"]] {
        let done = command(binary()?).args(arguments).current_dir(folder.path()).output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(!done.status.success());
        assert!(
            said.contains("vedette.yaml:1: server.prot")
                && said.contains("vedette.yaml:4: cameras[0].url"),
            "{said}"
        );
        assert!(
            !folder.path().join("data").exists(),
            "nothing is written before the configuration is right"
        );
    }
    Ok(())
}

#[test]
fn what_is_in_force_is_shown_without_secrets() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let url = "rtsp://admin:hunter2@10.0.0.1/a?token=1";
    std::fs::write(
        folder.path().join("vedette.yaml"),
        format!("cameras: [{{ name: A, url: \"{url}\" }}]"),
    )?;
    let shown = command(binary()?).args(["config", "show"]).current_dir(folder.path()).output()?;
    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(
        shown.status.success() && text.contains("username: \"admin\"") && !text.contains("hunter2"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_second_server_on_the_same_data_names_the_holder() -> Result<()> {
    let mut server = Server::new("cameras: []")?;
    server.start()?;
    let second = command(binary()?).arg("serve").current_dir(server.folder()).output()?;
    let said = String::from_utf8_lossy(&second.stderr);
    let holder = server.id().unwrap().to_string();
    assert!(!second.status.success() && said.contains(&holder), "{said}");
    server.stop()
}

#[test]
fn a_taken_port_is_named_with_its_key() -> Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("vedette.yaml"), format!("server: {{ port: {port} }}"))?;
    let done = command(binary()?).arg("serve").current_dir(folder.path()).output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        !done.status.success() && said.contains("server.port") && said.contains(&port.to_string()),
        "{said}"
    );
    Ok(())
}
