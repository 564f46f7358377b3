//! Findings of made-up hosts, and a bundle that is searched for planted secrets.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::{Environment, load_text};

fn load(folder: &Path, more: &str) -> Config {
    let yaml = format!("server: {{ port: 0 }}\n{more}");
    load_text(Path::new("a.yaml"), &yaml, &Environment::default(), folder).unwrap()
}

fn level(found: &[Finding], code: &str) -> Option<Level> {
    found.iter().find(|finding| finding.code == code).map(|finding| finding.level)
}

#[tokio::test]
async fn a_host_without_anything_yet_is_fit_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let found = examine(&Ok(load(folder.path(), ""))).await;
    for code in
        ["doctor_config_good", "doctor_stopped", "doctor_write_good", "doctor_database_none"]
    {
        assert_eq!(level(&found, code), Some(Level::Ok), "{code}: {found:?}");
    }
    assert!(found.iter().any(|finding| finding.code.starts_with("doctor_speed")));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn every_finding_has_its_words_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    for finding in examine(&Ok(load(folder.path(), ""))).await {
        for language in [Language::English, Language::Arabic] {
            let line = finding.line(language);
            assert!(!line.contains("doctor_") && !line.contains("{ $"), "{line}");
        }
    }
}

#[tokio::test]
async fn a_taken_port_is_a_fault_unless_this_server_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let more = format!("admin: {{ listen: \"{address}\" }}");
    let config = load(folder.path(), &more);
    let found = ports::examine(&config, false).await;
    assert_eq!(level(&found, "doctor_port_taken"), Some(Level::Fault), "{found:?}");
    std::fs::create_dir_all(config.data_dir.join("run")).unwrap();
    let _listeners =
        crate::listen::ListenersFile::write(&config.data_dir, &[("admin", address)]).unwrap();
    let found = ports::examine(&config, true).await;
    assert_eq!(level(&found, "doctor_port_ours"), Some(Level::Ok), "{found:?}");
}

#[tokio::test]
async fn a_damaged_database_and_a_wrong_volume_are_faults() {
    let folder = tempfile::tempdir().unwrap();
    let config = load(folder.path(), "");
    let segments = config.path("storage.segments_dir");
    std::fs::create_dir_all(&segments).unwrap();
    let path = config.data_dir.join("vedette.db");
    let database = catalog::Database::open(&path, 1).await.unwrap();
    let id = storage::local::probe(&segments, None).unwrap();
    database.set_volume_id(&segments.display().to_string(), &id).await.unwrap();
    let found = data::examine(&config).await;
    assert_eq!(level(&found, "doctor_database_good"), Some(Level::Ok), "{found:?}");
    assert_eq!(level(&found, "doctor_volume_good"), Some(Level::Ok), "{found:?}");
    std::fs::write(segments.join(".vedette-volume"), "other\n").unwrap();
    let found = data::examine(&config).await;
    assert_eq!(level(&found, "doctor_volume_wrong"), Some(Level::Fault), "{found:?}");
    database.close().await;
    std::fs::write(&path, "no database at all").unwrap();
    let found = data::examine(&config).await;
    assert_eq!(level(&found, "doctor_database_bad"), Some(Level::Fault), "{found:?}");
}

#[tokio::test]
async fn no_secret_of_the_configuration_is_in_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let more = "\
database: { url: \"postgresql://vedette:planted-1@db/v\" }
live: { webrtc: { turn: { shared_secret: planted-2 } }, paths: { p: { url: \"rtsp://u:planted-3@h/1\", publish: false } } }
quotas: { url: \"redis://:planted-4@cache\" }
cameras:
  - { id: a, url: \"rtsp://admin:planted-5@h/1?token=planted-6\" }
  - { id: b, url: \"rtsp://h/1\", username: u, password: \"planted 7/%\" }
";
    let config = load(folder.path(), more);
    let log = config.path("logging.file");
    std::fs::create_dir_all(log.parent().unwrap()).unwrap();
    let lines =
        "x planted-1 rtsp://u:planted-8@h planted 7/% planted%207%2F%\npwd=planted-9 kept\n";
    std::fs::write(log, lines).unwrap();
    let found =
        [Finding::new(Level::Ok, "doctor_config_bad", [("reason", "planted-2".to_owned())])];
    let bundle = bundle::write(folder.path(), &Ok(config), &found).await.unwrap();
    let mut names = Vec::new();
    for file in std::fs::read_dir(bundle).unwrap().flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains("planted"), "{:?}: {text}", file.file_name());
        names.push(file.file_name().into_string().unwrap());
        assert!(file.file_name() != "log.txt" || text.contains("kept"));
    }
    names.sort();
    assert_eq!(names, ["config.yaml", "doctor.txt", "log.txt", "versions.txt"]);
}
