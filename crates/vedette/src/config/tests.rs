//! The form of the configuration as people meet it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::table::{CAMERA_KEYS, KEYS, PATH_KEYS};
use super::*;

fn load_yaml(text: &str) -> Result<Config, Faults> {
    load_with("test.yaml", text, &[])
}

fn load_with(name: &str, text: &str, variables: &[(&str, &str)]) -> Result<Config, Faults> {
    let real = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load_text(Path::new(name), text, &Environment::new(real, None), Path::new("/etc/vedette"))
}

fn faults(text: &str) -> String {
    load_yaml(text).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn no_file_is_the_defaults_with_no_camera() {
    let config = load_yaml("").unwrap();
    assert!(config.cameras.is_empty() && !config.is_open());
    assert_eq!(config.settings.port("server.port"), Port::On(8080));
    assert_eq!(config.settings.port("server.tls.port"), Port::On(8443));
    let open = load_yaml("access: { mode: open }").unwrap();
    assert_eq!(open.settings.port("server.tls.port"), Port::Off);
    assert_eq!(config.settings.duration("record.segment_duration"), Duration::from_secs(900));
    assert_eq!(config.settings.texts("storage.backends"), ["local"]);
    assert_eq!(config.path("storage.segments_dir"), Path::new("/etc/vedette/data/segments"));
    assert_eq!((config.host().as_str(), open.host().as_str()), ("::", "localhost"));
    for key in KEYS {
        let _ = config.settings.get(key.path);
    }
}

#[test]
fn what_may_be_connected_to_is_read_and_checked() {
    let outgoing = load_yaml("access: { outgoing: { deny: [10.0.0.0/8], allow: [10.1.1.1] } }");
    let outgoing = outgoing.unwrap().outgoing();
    assert!(outgoing.check([10, 1, 1, 1].into()).is_ok());
    assert!(outgoing.check([10, 1, 1, 2].into()).is_err());
    let wrong = faults("access: { outgoing: { deny: [10.0.0.0/99] } }");
    assert!(wrong.contains("access.outgoing.deny: `10.0.0.0/99` is not a network"), "{wrong}");
}

#[test]
fn all_faults_come_at_once_with_file_line_key_and_remedy() {
    let text = faults(
        "server:\n  prot: 8080\n  tls:\n    port: many\nrecord: { mode: always }\ncameras:\n  - id: Bad Id\n    url: rtsp://h/a\n  - id: a\n    url: gopher://h/a\n  - id: b\n",
    );
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        text.contains("test.yaml:2: server.prot: unknown key; did you mean `server.port`?"),
        "{text}"
    );
    assert!(text.contains("test.yaml:4: server.tls.port: `many` is not"), "{text}");
    assert!(text.contains("test.yaml:5: record.mode: `always` is not"), "{text}");
    assert!(text.contains("test.yaml:7: cameras[0].id:"), "{text}");
    assert!(text.contains("test.yaml:10: cameras[1].url: `gopher` is not a scheme"), "{text}");
    assert!(text.contains("test.yaml:11: cameras[2].url: no address"), "{text}");
    assert_eq!(lines.len(), 6, "{text}");
}

#[test]
fn yaml_and_toml_say_the_same() {
    let toml = "data_dir = \"d\"\n[server]\nport = 0\n[[cameras]]\nname = \"Front Door\"\nurl = \"rtsp://u:p%40w@h:554/x?a=1\"\nfps = 15\n";
    let yaml = "data_dir: d\nserver: { port: 0 }\ncameras:\n  - { name: Front Door, url: \"rtsp://u:p%40w@h:554/x?a=1\", fps: 15 }\n";
    let (a, b) = (load_with("a.toml", toml, &[]).unwrap(), load_yaml(yaml).unwrap());
    assert_eq!(show(&a), show(&b));
    let camera = &a.cameras[0];
    assert_eq!(
        (camera.id.as_str(), camera.username.as_str(), camera.password.reveal()),
        ("front-door", "u", "p@w")
    );
    assert_eq!(camera.url.as_str(), "rtsp://h:554/x?a=1");
    assert!(!show(&a).contains("p@w") && show(&a).contains("***"));
    let text = load_with("a.toml", "[server]\nport = 1\nprot = 2\n", &[])
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(text.contains("a.toml:3: server.prot"), "{text}");
}

#[test]
fn names_of_any_script_become_ids_and_none_is_made_of_the_address() {
    let config = load_yaml(
        "cameras: [{ name: \"البوابة الشرقية\", url: \"rtsp://h/a\" }, { url: \"rtsp://h/b\" }]",
    )
    .unwrap();
    assert!(!config.cameras[0].id.as_str().is_empty());
    assert!(config.cameras[1].id.as_str().starts_with("camera-"));
    assert!(
        faults("cameras: [{ id: a, url: \"rtsp://h/a\" }, { id: a, url: \"rtsp://h/b\" }]")
            .contains("two cameras")
    );
    assert!(faults("cameras: [{ id: live, url: \"rtsp://h/a\" }]").contains("reserved"));
    assert!(faults("camera: { ip: 10.0.0.1 }\ncameras: []\n").contains("both there"));
}

#[test]
fn variables_override_in_their_order() {
    let yaml = "server: { port: \"${PORT:-9000}\" }\ncameras: [{ id: camera-1, url: \"rtsp://old/a\" }]\ns3: { endpoint: \"http://file\" }\n";
    let variables = [
        ("PORT", "9001"),
        ("CAMERA_1_URL", "rtsp://new/a"),
        ("CAMERA_2_URL", "rtsp://two/a"),
        ("S3_ENDPOINT", "http://named"),
        ("VEDETTE__CAMERAS__0__FPS", "12"),
        ("VEDETTE__SERVER__HOSTS", "[cctv.example]"),
    ];
    let config = load_with("a.yaml", yaml, &variables).unwrap();
    assert_eq!(config.settings.port("server.port"), Port::On(9001));
    assert_eq!(
        config.cameras.iter().map(|c| c.url.host_str().unwrap()).collect::<Vec<_>>(),
        ["new", "two"]
    );
    assert_eq!(config.settings.text("s3.endpoint"), "http://named");
    assert_eq!(config.settings.text("s3.bucket"), "camera-recordings");
    assert_eq!(config.settings.texts("storage.backends"), ["local", "s3"]);
    assert_eq!(config.settings.texts("server.hosts"), ["cctv.example"]);
    let wins = load_with("a.yaml", yaml, &[("VEDETTE__SERVER__PORT", "1"), ("PORT", "2")]).unwrap();
    assert_eq!(wins.settings.port("server.port"), Port::On(1));
    assert!(faults("data_dir: ${NOWHERE}").contains("NOWHERE is not set"));
}

#[test]
fn combinations_that_cannot_be_are_refused() {
    let open =
        |access: &str| format!("server: {{ host: 0.0.0.0 }}\naccess: {{ mode: open{access} }}");
    assert!(faults(&open("")).contains("access.open_networks"));
    assert!(load_yaml(&open(", open_networks: [10.0.0.0/8]")).is_ok());
    assert!(load_yaml("server: { host: 0.0.0.0 }").is_ok());
    assert!(
        faults("storage: { segment_duration_minutes: 5 }\nrecord: { segment_duration: 15m }")
            .contains("different")
    );
    assert!(
        load_yaml("storage: { segment_duration_minutes: 15 }\nrecord: { segment_duration: 15m }")
            .is_ok()
    );
    assert!(
        faults("storage: { max_disk_usage: 5GB }").contains("storage.recordings.max_disk_usage")
    );
    assert!(faults("server: { port: 1\n").contains("test.yaml:"));
    assert!(load_yaml("server: { tls: off }").is_ok());
    assert!(faults("server: { tls: { cert: a.pem } }").contains("given without server.tls.key"));
}

#[test]
fn two_files_of_known_names_are_an_error_that_names_both() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("vedette.yaml"), "").unwrap();
    let load = || Source::new(None, folder.path(), Vec::new()).load().result;
    assert!(load().is_ok());
    std::fs::write(folder.path().join("config.toml"), "").unwrap();
    let text = load().map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("vedette.yaml") && text.contains("config.toml"), "{text}");
}

#[test]
fn what_is_read_again_is_the_file_that_was_found_and_it_must_say_something() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(
        path("vedette.yaml"),
        "cameras: [{ id: a, url: \"rtsp://h/1\", password: \"${P}${file:s}\" }]",
    )
    .unwrap();
    std::fs::write(path(".env"), format!("P_FILE={}", path("p").display())).unwrap();
    std::fs::write(path("p"), "x").unwrap();
    let source = Source::new(None, folder.path(), Vec::new());
    let first = source.load();
    // A missing secret is watched too: it may come.
    assert!(first.result.is_err());
    for name in ["vedette.yaml", ".env", "p", "s"] {
        assert!(first.files.contains(&path(name)), "{name}: {:?}", first.files);
    }
    std::fs::write(path("s"), "y\n").unwrap();
    let config = source.load().result.unwrap();
    assert_eq!(config.cameras[0].password.reveal(), "xy");
    let again = source.again(&config);
    std::fs::write(path("vedette.toml"), "").unwrap();
    assert!(again.load().result.is_ok());
    std::fs::write(path("vedette.yaml"), "# half written\n").unwrap();
    assert!(again.load().result.unwrap_err().to_string().contains("is empty"));
    std::fs::remove_file(path("vedette.yaml")).unwrap();
    assert!(again.load().result.unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn keys_that_wait_for_a_restart_are_those_that_cameras_do_not_inherit() {
    let before = load_yaml("server: { response_headers: { a: 1 } }").unwrap();
    let moved = load_yaml(
        "\n\nserver: { response_headers: { a: 1 } }\nrecord: { mode: off }\ntime_zone: Asia/Dubai\nlive: { paths: { a: { publish: true } } }",
    )
    .unwrap();
    assert!(restart_keys(&before, &moved).is_empty());
    let other =
        load_yaml("server: { response_headers: { a: 2 } }\ndata_dir: /elsewhere\nlog_level: debug")
            .unwrap();
    assert_eq!(
        restart_keys(&before, &other),
        ["data_dir", "logging.level", "server.response_headers"]
    );
}

fn repository(path: &str) -> std::path::PathBuf {
    std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("../..")
        .join(path)
}

/// Compares a file with what is generated; with UPDATE set, writes it.
fn generated(path: &str, text: &str) {
    let file = repository(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == text,
        "{path} is not what the table of keys says; run the tests once with UPDATE=1"
    );
}

#[test]
fn examples_and_reference_are_what_the_table_says_and_load_as_the_defaults() {
    generated("vedette.example.yaml", &example_yaml());
    generated("vedette.example.toml", &example_toml());
    generated(".env.example", &example_env());
    generated("docs/reference/configuration.md", &reference_page());
    let defaults = load_yaml("").unwrap();
    let strip = |config: &Config| show(config).replace("8443", "off");
    for (name, text) in [("a.yaml", example_yaml()), ("a.toml", example_toml())] {
        let example =
            load_with(name, &text, &[]).unwrap_or_else(|faults| panic!("{name}: {faults}"));
        assert_eq!(strip(&example), strip(&defaults), "{name}");
    }
    let all = example_env().replace("\n#VEDETTE__", "\nVEDETTE__");
    let environment = Environment::new([], Some(&all));
    let example = load_text(Path::new("none.yaml"), "", &environment, Path::new("/etc/vedette"))
        .unwrap_or_else(|faults| panic!(".env: {faults}"));
    assert_eq!(strip(&example), strip(&defaults), ".env");
    for key in KEYS.iter().chain(CAMERA_KEYS).chain(PATH_KEYS) {
        assert!(!key.doc.is_empty() && !key.page.is_empty());
    }
}

#[test]
fn what_is_recorded_follows_from_stream_format_and_hours() {
    let base = "cameras:\n  - { id: a, url: rtsp://h/1";
    let one =
        |rest: &str| load_yaml(&format!("{base}{rest} }}")).map(|config| config.cameras[0].clone());
    let ts = one(", record: { format: ts }").unwrap();
    assert_eq!(ts.record.segment_duration, Duration::from_secs(10));
    let derived =
        one(", record: { stream: derived }, transcode: { resolution: 1280x720 }").unwrap();
    assert_eq!(derived.transcode.unwrap().name(), "720p");
    assert!(one(", record: { stream: sub }").unwrap_err().to_string().contains("sub_url"));
    assert!(one(", record: { stream: derived }").unwrap_err().to_string().contains("transcode"));
    let hours = one(
        ", time_zone: Asia/Dubai, record: { mode: schedule, schedule: { mon: [\"08:00-18:00\"] } }",
    );
    assert!(hours.unwrap().record.schedule.is_some());
    for wrong in
        ["schedule: { }", "schedule: { mon: [\"8\"] }", "schedule: { may: [\"08:00-18:00\"] }"]
    {
        let faults =
            one(&format!(", record: {{ mode: schedule, {wrong} }}")).unwrap_err().to_string();
        assert!(faults.contains("record.schedule"), "{faults}");
    }
    let captured =
        load_yaml("capture: { resolution: 1280x720 }\ncamera: { id: a, url: rtsp://h/1 }").unwrap();
    let record = &captured.cameras[0].record;
    assert_eq!((record.stream.as_str(), record.format.as_str()), ("derived", "ts"));
}

#[test]
fn files_of_older_systems_load() {
    let folder = repository("../shared/data/configs");
    if !folder.is_dir() {
        return eprintln!("SKIPPED: the older systems' configuration files are not here");
    }
    let moved = |name: &str| {
        std::fs::read_to_string(folder.join(name)).unwrap().replace("./", "/tmp/none/")
    };
    let load = |name: &str| load_with(name, &moved(name), &[("CAMERA_PASSWORD", "secret")]);
    let pipeline = load("pipeline.yaml").unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(
        pipeline.cameras[0].url.as_str(),
        "rtsp://192.168.1.100:554/cam/realmonitor?channel=1&subtype=0"
    );
    assert_eq!(pipeline.settings.text("logging.level"), "info");
    let recorder = load("recorder.toml").unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(recorder.cameras[0].id.as_str(), "camera-1");
    assert_eq!(recorder.settings.duration("record.segment_duration"), Duration::from_secs(900));
    load("frames.yaml").unwrap_or_else(|faults| panic!("{faults}"));
    for name in ["recorder.env", "map.env"] {
        let environment = Environment::new([], Some(&moved(name)));
        let config = load_text(Path::new("none.yaml"), "", &environment, Path::new("/")).unwrap();
        assert_eq!(config.cameras.len(), if name == "recorder.env" { 2 } else { 0 });
    }
    // A media router's file is for `config import`; as ours it is refused key by key.
    assert!(load("router.yml").is_err());
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_faults(text in "[ -~\n]{0,200}") {
        let _ = load_yaml(&text);
        let _ = load_with("a.toml", &text, &[("VEDETTE__CAMERAS__3__URL", "x"), ("VEDETTE__X", "[")]);
    }

    #[test]
    fn any_value_for_any_key_is_taken_or_explained(index in 0..KEYS.len(), value in "[a-zA-Z0-9:./{}\\[\\] -]{0,20}") {
        let name = format!("VEDETTE__{}", KEYS[index].path.replace('.', "__").to_uppercase());
        if let Err(faults) = load_with("a.yaml", "", &[(&name, &value)]) {
            prop_assert!(!faults.0.is_empty());
        }
    }
}
