//! Files of another media router.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::{Config, Environment, load_text};

fn imported(text: &str) -> Imported {
    import(Path::new("mediamtx.yml"), text).unwrap()
}

/// What is printed loads.
fn loaded(imported: &Imported) -> Config {
    let path = Path::new("vedette.yaml");
    let found = load_text(path, &imported.text(), &Environment::default(), path);
    found.unwrap_or_else(|faults| panic!("{faults}\n{}", imported.text()))
}

#[test]
fn addresses_and_rules_become_our_keys() {
    let imported = imported(
        "api: yes\napiAddress: :9997\nmetrics: no\nrtspAddress: :8555\nhlsVariant: lowLatency\nhlsSegmentDuration: 2s\n\
         webrtc: no\nwebrtcLocalUDPAddress: :8190\nrtpAddress: :9000\nrtcpAddress: :9001\n\
         pathDefaults:\n  sourceOnDemand: yes\n  sourceOnDemandCloseAfter: 20s\n\
         paths:\n  \"~^metro_(.+)$\":\n    source: rtsp://vms.example:554/metro/$G1\n  \
         \"~^bus_(.+)$\":\n    runOnDemand: ffmpeg -rtsp_transport tcp -i rtsp://vms.example:554/bus/$G1 -c copy -f rtsp rtsp://localhost:$RTSP_PORT/$MTX_PATH\n    runOnDemandRestart: yes\n  all_others:\n",
    );
    assert!(imported.left.is_empty(), "{:?}", imported.left);
    let text = imported.text();
    for line in [
        "\"~^metro_(.+)$\": { url: \"rtsp://vms.example:554/metro/$G1\", on_demand: true }",
        "\"~^bus_(.+)$\": { url: \"rtsp://vms.example:554/bus/$G1\", on_demand: true }",
        "\"all_others\": { publish: true }",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let config = loaded(&imported);
    assert_eq!(config.settings.port("live.rtsp.port"), crate::config::Port::On(8555));
    assert_eq!(config.settings.port("live.webrtc.port"), crate::config::Port::Off);
    assert_eq!(config.settings.ports("live.rtsp.udp_ports"), [9000, 9001]);
    assert!(config.settings.listen("live.metrics.listen").is_none());
    assert_eq!(config.settings.duration("live.on_demand.close_after").as_secs(), 20);
    assert_eq!(config.paths.len(), 3);
}

#[test]
fn pulled_paths_are_cameras_recorded_as_they_were() {
    let imported = imported(
        "paths:\n  gate:\n    source: rtsp://u:p@h/1\n    record: yes\n    recordFormat: mpegts\n    recordSegmentDuration: 20s\n    recordDeleteAfter: 7d\n  \
         yard:\n    source: rtsps://h/2\n    sourceProtocol: udp\n  Upper/1:\n    source: rtsp://h/3\n    record: yes\n  stage: {}\n",
    );
    let config = loaded(&imported);
    let [gate, yard] = config.cameras.as_slice() else { panic!("{}", imported.text()) };
    assert_eq!((gate.record.mode.as_str(), gate.record.format.as_str()), ("continuous", "ts"));
    assert_eq!(gate.record.keep.max_age.as_secs(), 7 * 86_400);
    assert_eq!((yard.record.mode.as_str(), yard.udp), ("off", true));
    assert_eq!(
        imported.left,
        ["paths.Upper/1.record: only cameras are recorded: add it under `cameras`"]
    );
    assert_eq!(config.paths.len(), 2);
}

#[test]
fn what_has_no_key_is_told_above_the_keys() {
    let imported = imported(
        "authMethod: internal\nrtmp: yes\nrunOnConnect: touch /tmp/x\nhlsVariant: mpegts\n\
         paths:\n  a:\n    source: rpiCamera\n  b:\n    runOnReady: date | mail\n    fallback: /x\n  \
         c:\n    runOnDemand: ffmpeg -i rtsp://h/1 -c:v libx264 -f rtsp rtsp://localhost/c\n",
    );
    let left = imported.left.join("\n");
    for key in [
        "authMethod",
        "rtmp",
        "runOnConnect",
        "hlsVariant",
        "paths.a.source",
        "paths.b.runOnReady",
        "paths.b.fallback",
        "paths.c.runOnDemand",
    ] {
        assert!(left.contains(&format!("{key}: ")), "{key}\n{left}");
    }
    assert!(imported.text().lines().any(|line| line.starts_with("# not carried over: authMethod")));
    loaded(&imported);
}

#[test]
fn a_file_of_something_else_is_an_error() {
    let path = Path::new("x.yml");
    assert!(import(path, "- a\n- b\n").is_err());
    assert!(import(path, "a: [\n").is_err());
    assert!(import(path, "").unwrap().text().starts_with('#'));
}
