//! Cameras that are not there, not right, or not there for a while.

use std::time::Duration;

use anyhow::Result;
use e2e::{Server, Simulator, wait_for};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn what_is_wrong_with_a_camera_is_said_in_both_languages() -> Result<()> {
    let simulator = Simulator::start(&["--user", "admin", "--password", "right"])?;
    let with = |login: &str| simulator.url(1).replace("rtsp://", &format!("rtsp://{login}@"));
    let mut server = Server::new(&format!(
        "cameras:\n  - {{ id: wrong, url: \"{}\" }}\n  - {{ id: none, url: \"{}\" }}\n  - {{ id: path, url: \"{}\" }}\n  - {{ id: away, url: \"rtsp://127.0.0.1:1/x\" }}\n  - {{ id: name, url: \"rtsp://camera.invalid/x\" }}\n  - {{ id: asleep, url: \"rtsp://127.0.0.1:1/x\", enabled: false }}\n",
        with("admin:wrong"), simulator.url(1), with("admin:right").replace("cam1", "cam9"),
    ))?
    .permit(&["source failed"]);
    server.start()?;
    let cases = [
        ("wrong", "error", "unauthorized", Some("authentication")),
        ("none", "error", "credentials_missing", Some("authentication")),
        ("path", "error", "not_found", Some("camera_down")),
        ("away", "offline", "refused", Some("camera_down")),
        ("name", "offline", "name_unknown", Some("network")),
    ];
    for (id, status, code, gap) in cases {
        let camera = server.wait_status(id, status, SOON)?;
        let error = &camera["last_error"];
        assert_eq!(error["code"], code, "{id}: {camera}");
        let (english, arabic) =
            (error["message_en"].as_str().unwrap(), error["message_ar"].as_str().unwrap());
        assert!(
            english.is_ascii() && !arabic.is_ascii() && !english.contains('{'),
            "{english} {arabic}"
        );
        assert!(!camera.to_string().contains("wrong@"), "{camera}");
        wait_for("the gap's reason", SOON, || {
            let spans = server.spans(id)?;
            Ok(spans.iter().any(|span| span["reason"].as_str() == gap).then_some(()))
        })?;
    }
    assert_eq!(server.camera("asleep")?["status"], "disabled");
    assert!(!server.log().contains("admin:wrong"));
    server.stop()
}

#[test]
fn a_camera_that_goes_and_comes_back_is_recorded_again_and_the_hole_is_explained() -> Result<()> {
    let simulator = Simulator::start(&["--cameras", "1", "--loop"])?;
    let address = simulator.address().to_owned();
    let yaml = format!(
        "record: {{ segment_duration: 3s }}\ncameras:\n  - {{ id: cam, url: \"{}\" }}\n",
        simulator.url(1)
    );
    let mut server = Server::new(&yaml)?.permit(&["source failed"]);
    server.start()?;
    server.wait_status("cam", "online", SOON)?;
    wait_for("a segment", SOON, || Ok((!server.segments("cam")?.is_empty()).then_some(())))?;
    drop(simulator);
    server.wait_status("cam", "connecting", SOON)?;
    let before = server.segments("cam")?.len();
    let _simulator = Simulator::start_at(&address, &["--cameras", "1", "--loop"])?;
    server.wait_status("cam", "online", Duration::from_secs(60))?;
    wait_for("new segments", SOON, || Ok((server.segments("cam")?.len() > before).then_some(())))?;
    let spans = server.spans("cam")?;
    let states: Vec<&str> = spans.iter().filter_map(|span| span["state"].as_str()).collect();
    assert!(states.ends_with(&["recorded", "gap", "recorded"]), "{spans:?}");
    let coverage = server.get("/api/recordings/cam/coverage")?.json()?;
    assert_eq!(coverage["unexplained_seconds"].as_f64(), Some(0.0), "{coverage}");
    let live = server.get("/live/cam/main_stream.m3u8")?;
    assert!(live.text().contains("EXTINF"), "{}", live.text());
    server.stop()
}
