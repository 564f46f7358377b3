//! Paths that the control API keeps, as this server's parts want them: cameras beside those of the file,
//! and rules of paths that are no camera's. Pure, but for the rows of the catalogue.

use std::collections::BTreeMap;
use std::time::Duration;

use api::control::{FileSays, Kept, Name, PUBLISHER, PathSettings, Span};
use base::{CameraId, Secret, Wall};
use catalog::{Cameras, Database};
use hub::paths::Rule;
use serde_json::{Map, Value, json};
use url::Url;

use crate::config::{Camera, Config, Port};
use crate::specs;

/// Who manages cameras that the control API made.
const API: &str = "api";

/// The configuration with the kept paths' cameras behind those of the file.
pub fn merged(config: &Config, kept: &Kept) -> Config {
    let mut cameras = config.cameras.clone();
    for (name, settings) in kept.paths() {
        if let Some(camera) = camera(config, &name, &settings) {
            cameras.push(camera);
        }
    }
    Config { cameras, ..config.clone() }
}

/// The rules of kept paths.
pub fn rules(kept: &Kept) -> Vec<Rule> {
    kept.paths().iter().filter_map(|(name, settings)| rule(name, settings)).collect()
}

fn rule(name: &str, settings: &PathSettings) -> Option<Rule> {
    settings.rule(&Name::parse(name).ok()?)
}

/// Makes the catalogue's cameras those of `merged`, each under who manages it.
pub async fn upsert(database: &Database, merged: &Config, now: Wall) -> Result<(), catalog::Error> {
    let rows = specs::catalogue(&merged.cameras);
    let (file, api): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.managed_by != API);
    // Those of the file last: what it names as well is the file's.
    database.upsert_cameras(API, &api, now).await?;
    database.upsert_file_cameras(&file, now).await
}

/// A path whose name is a camera's id is a camera.
fn camera(config: &Config, name: &str, settings: &PathSettings) -> Option<Camera> {
    let (url, username, password) = address(settings)?;
    let mut record = config.record_defaults();
    record.mode = if settings.record == Some(true) { "continuous" } else { "off" }.to_owned();
    record.stream = "main".to_owned();
    record.capture = None;
    if let Some(format) = &settings.record_format {
        record.format = if format == "mpegts" { "ts" } else { "fmp4" }.to_owned();
    }
    if let Some(span) = settings.record_segment_duration {
        record.segment_duration = span.get();
    }
    if let Some(span) = settings.record_delete_after.filter(|span| !span.get().is_zero()) {
        record.keep.max_age = span.get();
    }
    Some(Camera {
        id: CameraId::new(name).ok()?,
        name: name.to_owned(),
        source: "OTHER".to_owned(),
        role: String::new(),
        location: None,
        url,
        sub_url: None,
        username,
        password,
        udp: settings.rtsp_transport.as_deref() == Some("udp"),
        client: "auto".to_owned(),
        enabled: true,
        on_demand: settings.source_on_demand == Some(true),
        record,
        transcode: None,
        tags: Vec::new(),
        hooks: hub::paths::Hooks::default(),
        managed_by: API,
    })
}

/// The address without its credentials, and those.
fn address(settings: &PathSettings) -> Option<(Url, String, Secret)> {
    let source = settings.source.as_ref().map(Secret::reveal).filter(|text| *text != PUBLISHER)?;
    let mut url = Url::parse(source).ok()?;
    let (username, password) = crate::config::take_credentials(&mut url);
    Some((url, username, Secret::new(password)))
}

/// After how long without a unit a source is lost, where that was changed.
pub fn read_timeout(kept: &Kept) -> Option<Duration> {
    Span::parse(&kept.changed_global("readTimeout")?).map(Span::get)
}

/// What the file says of paths, as the control API answers it.
pub fn file_says(config: &Config) -> FileSays {
    let record = config.record_defaults();
    let demand =
        |key: &str| Some(Span::new(config.settings.duration(&format!("live.on_demand.{key}"))));
    let defaults = PathSettings {
        source: Some(Secret::new(PUBLISHER.to_owned())),
        source_fingerprint: Some(String::new()),
        source_on_demand: Some(false),
        source_on_demand_start_timeout: demand("start_timeout"),
        source_on_demand_close_after: demand("close_after"),
        max_readers: Some(0),
        record: Some(false),
        record_path: Some(String::new()),
        record_format: Some(format_of(&record.format)),
        record_part_duration: Some(Span::new(config.settings.duration("record.durability"))),
        record_max_part_size: Some("50M".to_owned()),
        record_segment_duration: Some(Span::new(record.segment_duration)),
        record_delete_after: Some(Span::new(record.keep.max_age)),
        override_publisher: Some(true),
        rtsp_transport: Some("automatic".to_owned()),
        rtsp_any_port: Some(false),
    };
    let cameras = config.cameras.iter().filter(|camera| camera.managed_by != API);
    let mut paths: BTreeMap<String, PathSettings> = cameras.flat_map(of_camera).collect();
    paths.extend(config.paths.iter().map(|rule| {
        let url = rule.pull.as_ref().map(|pull| pull.url.clone());
        let settings = PathSettings {
            source_on_demand: Some(url.is_some() && rule.on_demand),
            source: Some(Secret::new(url.unwrap_or_else(|| PUBLISHER.to_owned()))),
            ..PathSettings::default()
        };
        (rule.name.clone(), settings)
    }));
    FileSays { paths, defaults, global: global(config) }
}

fn format_of(format: &str) -> String {
    if format == "ts" { "mpegts" } else { "fmp4" }.to_owned()
}

fn of_camera(camera: &Camera) -> Vec<(String, PathSettings)> {
    let source = |url: &Url| {
        let mut url = url.clone();
        if !camera.username.is_empty() || !camera.password.is_empty() {
            let _ = url.set_username(&camera.username);
            let _ = url.set_password(Some(camera.password.reveal()));
        }
        Some(Secret::new(url.into()))
    };
    let main = PathSettings {
        source: source(&camera.url),
        source_on_demand: Some(camera.on_demand),
        record: Some(camera.record.mode != "off"),
        record_format: Some(format_of(&camera.record.format)),
        record_segment_duration: Some(Span::new(camera.record.segment_duration)),
        rtsp_transport: Some(if camera.udp { "udp" } else { "tcp" }.to_owned()),
        ..PathSettings::default()
    };
    let mut out = vec![(camera.id.to_string(), main.clone())];
    if let Some(sub_url) = &camera.sub_url {
        let sub = PathSettings { source: source(sub_url), record: Some(false), ..main };
        out.push((camera.id.stream_path("sub").to_string(), sub));
    }
    out
}

/// Global fields as they are in force.
fn global(config: &Config) -> Map<String, Value> {
    let settings = &config.settings;
    let level = match settings.text("logging.level").as_str() {
        "warning" => "warn".to_owned(),
        "trace" => "debug".to_owned(),
        level => level.to_owned(),
    };
    let mut out = Map::new();
    let mut set = |name: &str, value: Value| out.insert(name.to_owned(), value);
    set("logLevel", json!(level));
    set("readTimeout", json!(Span::new(settings.duration("live.source_timeout"))));
    set("writeTimeout", json!("10s"));
    let host = settings.text("server.host");
    for (switch, name, key) in [
        ("rtsp", "rtspAddress", "live.rtsp.port"),
        ("rtspEncryption", "rtspsAddress", "live.rtsp.tls_port"),
        ("hls", "hlsAddress", "live.hls.port"),
        ("webrtc", "webrtcAddress", "live.webrtc.port"),
        ("", "webrtcLocalUDPAddress", "live.webrtc.media_port"),
    ] {
        let (is_on, address) = match settings.port(key) {
            Port::On(port) => (true, format!("{host}:{port}")),
            Port::Off => (false, String::new()),
        };
        set(name, json!(address));
        match switch {
            "" => None,
            // A word with the other server, not a switch.
            "rtspEncryption" => set(switch, json!(if is_on { "optional" } else { "no" })),
            switch => set(switch, json!(is_on)),
        };
    }
    for (name, port) in
        ["rtpAddress", "rtcpAddress"].iter().zip(settings.ports("live.rtsp.udp_ports"))
    {
        set(name, json!(format!("{host}:{port}")));
    }
    for (switch, name, key) in [
        ("api", "apiAddress", "live.control.listen"),
        ("metrics", "metricsAddress", "live.metrics.listen"),
        ("playback", "playbackAddress", "live.playback.listen"),
    ] {
        let listen = settings.listen(key);
        set(switch, json!(listen.is_some()));
        let address = listen.map(|listen| format!("{}:{}", listen.host, listen.port));
        set(name, json!(address.unwrap_or_default()));
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::config::{Environment, load_text};

    fn config(yaml: &str) -> Config {
        let path = std::path::Path::new("a.yaml");
        load_text(path, yaml, &Environment::default(), path).unwrap()
    }

    fn settings(value: Value) -> PathSettings {
        PathSettings::read(value.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_path_with_a_cameras_name_is_a_camera_and_is_recorded_as_it_says() {
        let given = settings(json!({
            "source": "rtsp://u:p%40ss@h:554/1", "record": true, "recordFormat": "mpegts",
            "recordSegmentDuration": "20s", "rtspTransport": "udp", "sourceOnDemand": true,
        }));
        let camera = camera(&config(""), "gate-1", &given).unwrap();
        assert_eq!(camera.url.as_str(), "rtsp://h:554/1");
        assert_eq!((camera.username.as_str(), camera.password.reveal()), ("u", "p@ss"));
        assert_eq!(
            (camera.record.mode.as_str(), camera.record.format.as_str()),
            ("continuous", "ts")
        );
        assert_eq!(camera.record.segment_duration.as_secs(), 20);
        assert!(camera.udp && camera.on_demand && camera.managed_by == "api");
        assert!(rule("gate-1", &given).is_none());
    }

    #[test]
    fn other_names_are_fed_without_a_camera() {
        let given = settings(json!({ "source": "rtsp://h/1" }));
        assert!(camera(&config(""), "Metro/12", &given).is_none());
        let one = rule("Metro/12", &given).unwrap();
        assert_eq!((one.name.as_str(), one.on_demand), ("Metro/12", false));
        assert_eq!(one.pull.unwrap().url, "rtsp://h/1");
        assert!(rule("Metro/13", &settings(json!({}))).unwrap().publish);
    }

    #[test]
    fn an_address_of_a_pattern_keeps_its_places_and_loses_its_password() {
        let given = settings(json!({ "source": "rtsp://u:p%40s@h:554/$G1", "maxReaders": 3 }));
        let made = rule("~^a_(.+)$", &given).unwrap();
        let pull = made.pull.unwrap();
        assert_eq!((pull.url.as_str(), pull.username.as_str()), ("rtsp://h:554/$G1", "u"));
        assert_eq!((pull.password.reveal(), made.max_readers), ("p@s", 3));
    }

    #[test]
    fn the_file_is_told_with_its_cameras_rules_and_addresses() {
        let file = file_says(&config(
            "cameras: [{ id: a, url: \"rtsp://u:p@h/1\", sub_url: \"rtsp://h/2\" }]\n\
             live: { rtsp: { port: off }, paths: { \"metro_*\": { url: \"rtsp://v/{1}\", agency: METRO } } }\n",
        ));
        let names: Vec<&str> = file.paths.keys().map(String::as_str).collect();
        assert_eq!(names, ["a", "a/sub", "metro_*"]);
        assert_eq!(file.paths["a"].shown("a")["source"], "rtsp://u:<redacted>@h/1");
        assert_eq!(
            (&file.global["rtsp"], &file.global["rtspAddress"]),
            (&json!(false), &json!(""))
        );
        assert_eq!(file.global["apiAddress"], "127.0.0.1:9997");
        assert_eq!(file.global["readTimeout"], "10s");
    }
}
