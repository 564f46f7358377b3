//! What keys mean together: aliases, defaults that follow from others, and combinations that cannot be.

use std::path::Path;
use std::time::Duration;

use super::camera::{Keep, Record, TS_SEGMENT, Transcode};
use super::check::{Settings, Typed};
use super::fault::Fault;
use super::table::KEYS;
use super::tree::{Node, Origin, Value};
use super::value::{Port, is_loopback};
use crate::access_config;

/// Moves what older files write to the keys of today. Two different values are a fault.
pub fn resolve_aliases(root: &mut Node, faults: &mut Vec<Fault>) {
    for key in KEYS.iter().filter(|key| !key.alias.is_empty()) {
        let Some(mut older) = root.remove(key.alias) else { continue };
        if key.alias.ends_with("_minutes") {
            match older.scalar().and_then(|text| text.parse::<f64>().ok()) {
                Some(minutes) => older.value = Value::Text(format!("{}s", minutes * 60.0)),
                None => {
                    let remedy = "write a number of minutes";
                    faults.push(Fault::new(
                        &older.origin,
                        key.alias,
                        "not a number of minutes",
                        remedy,
                    ));
                    continue;
                }
            }
        }
        let same = |node: &Node| {
            let durations = |node: &Node| super::value::parse_duration(&node.scalar()?);
            node.scalar() == older.scalar()
                || (durations(node).is_some() && durations(node) == durations(&older))
        };
        match root.at(key.path) {
            Some(newer) if !same(newer) => {
                let problem = format!("`{}` and `{}` have different values", key.alias, key.path);
                let remedy = format!("keep `{}`", key.path);
                faults.push(Fault::new(&older.origin, key.alias, problem, remedy));
            }
            Some(_) => {}
            None => {
                let path: Vec<String> = key.path.split('.').map(str::to_owned).collect();
                root.set(&path, older);
            }
        }
    }
}

/// Fills in defaults that follow from other keys.
pub fn derive(settings: &mut Settings, faults: &mut Vec<Fault>) {
    let archive = ["s3.bucket", "s3.endpoint", "s3.access_key"];
    let origin = archive
        .iter()
        .find_map(|key| settings.origin(key).filter(|_| !settings.text(key).is_empty()))
        .cloned();
    if let Some(origin) = origin {
        if settings.origin("storage.backends").is_none() {
            let both = Typed::Texts(vec!["local".into(), "s3".into()]);
            settings.derive("storage.backends", both, origin.clone());
        }
        if settings.text("s3.bucket").is_empty() {
            settings.derive("s3.bucket", Typed::Text("camera-recordings".into()), origin);
        }
    }
    if settings.text("access.mode") == "open" && settings.origin("server.tls.port").is_none() {
        let origin = Origin { source: "access.mode".into(), line: 0 };
        settings.derive("server.tls.port", Typed::Port(Port::Off), origin);
    }
    if settings.text("record.format") == "ts"
        && settings.origin("record.segment_duration").is_none()
    {
        let origin = Origin { source: "record.format".into(), line: 0 };
        settings.derive(
            "record.segment_duration",
            Typed::Duration(Duration::from_secs(10)),
            origin,
        );
    }
    if let Some(origin) = settings.origin("storage.max_disk_usage").filter(|_| {
        !settings.bool("storage.save_frames") && settings.size("storage.max_disk_usage") != 1 << 30
    }) {
        let problem = "limits saved frames, and storage.save_frames is off";
        let remedy = "for recordings write storage.recordings.max_disk_usage";
        faults.push(Fault::new(origin, "storage.max_disk_usage", problem, remedy));
    }
}

/// What cameras inherit. `capture` makes a derived stream what is recorded, as MPEG-TS.
pub fn record(settings: &Settings) -> Record {
    let capture = Transcode::read(settings, "capture");
    let given = |key: &str| settings.origin(key).is_some();
    let mut record = Record {
        mode: settings.text("record.mode"),
        stream: settings.text("record.stream"),
        format: settings.text("record.format"),
        segment_duration: settings.duration("record.segment_duration"),
        audio: settings.bool("record.audio"),
        keep: Keep::read(settings, Keep::default()),
        capture,
        schedule: None,
        time_zone: settings.text("time_zone"),
        spans: settings.spans("record.schedule"),
    };
    if capture.is_some() {
        if !given("record.stream") {
            record.stream = "derived".to_owned();
        }
        if !given("record.format") {
            record.format = "ts".to_owned();
        }
        let own = settings.duration("capture.segment_duration");
        if !own.is_zero() {
            record.segment_duration = own;
        } else if !given("record.segment_duration") && record.format == "ts" {
            record.segment_duration = TS_SEGMENT;
        }
    }
    record
}

/// Keys that can only be wrong together or by their meaning.
pub fn check_meaning(settings: &Settings, faults: &mut Vec<Fault>) {
    let mut fault = |key: &str, problem: String, remedy: &str| {
        let built_in = Origin { source: "defaults".into(), line: 0 };
        let origin = settings.origin(key).unwrap_or(&built_in);
        faults.push(Fault::new(origin, key, problem, remedy));
    };
    if settings.text("access.mode") == "open" && settings.texts("access.open_networks").is_empty() {
        let host = settings.text("server.host");
        if !host.is_empty() && !is_loopback(&host) {
            let problem = format!("`{host}` is reachable from elsewhere and access.mode is open");
            fault(
                "server.host",
                problem,
                "write localhost, or list the networks in access.open_networks",
            );
        }
        for key in [
            "admin.listen",
            "status.listen",
            "live.control.listen",
            "live.metrics.listen",
            "live.playback.listen",
        ] {
            let elsewhere = settings
                .listen(key)
                .filter(|listen| !listen.host.is_empty() && !is_loopback(&listen.host));
            if let Some(listen) = elsewhere {
                let problem = format!(
                    "`{}` is reachable from elsewhere and access.mode is open",
                    listen.host
                );
                fault(
                    key,
                    problem,
                    "write 127.0.0.1, or list the networks in access.open_networks",
                );
            }
        }
    }
    for key in [
        "access.open_networks",
        "access.anonymous.from",
        "access.outgoing.allow",
        "access.outgoing.deny",
        "live.control.trusted_networks",
        "live.metrics.networks",
        "server.trusted_proxies",
    ] {
        for network in settings.texts(key) {
            if access::trust::Network::parse(&network).is_none() {
                fault(
                    key,
                    format!("`{network}` is not a network"),
                    "write an address or 10.0.0.0/8",
                );
            }
        }
    }
    for backend in settings.texts("storage.backends") {
        if !["local", "s3", "vms"].contains(&backend.as_str()) {
            fault(
                "storage.backends",
                format!("`{backend}` is not a back end"),
                "use local, s3, vms",
            );
        }
    }
    for (given, missing) in
        [("server.tls.cert", "server.tls.key"), ("server.tls.key", "server.tls.cert")]
    {
        if !settings.text(given).is_empty() && settings.text(missing).is_empty() {
            fault(given, format!("given without {missing}"), "give both, or neither");
        }
    }
    let database = settings.text("database.url");
    if !database.is_empty()
        && !["postgresql://", "postgres://"].iter().any(|scheme| database.starts_with(scheme))
    {
        let problem = "not a PostgreSQL address".to_owned();
        fault(
            "database.url",
            problem,
            "write postgresql://user:password@host/name, or leave it empty for SQLite",
        );
    }
    if settings.duration("record.segment_duration") < Duration::from_secs(1) {
        fault("record.segment_duration", "shorter than a second".to_owned(), "write 1s or more");
    }
    if settings.duration("record.durability").is_zero() {
        fault("record.durability", "never reaches the disk".to_owned(), "write 1s");
    }
    for wrong in access_config::oidc(settings).iter().flat_map(access::oidc::Config::validate) {
        fault(&format!("access.oidc.{}", wrong.key), wrong.problem, wrong.remedy);
    }
}

/// The data folder, relative to the configuration file.
pub fn data_dir(settings: &Settings, base: &Path) -> String {
    match settings.origin("data_dir") {
        Some(_) => settings.text("data_dir"),
        None => base.join("data").display().to_string(),
    }
}
