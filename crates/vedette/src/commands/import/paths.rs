//! Paths: cameras where their names are ids and they are pulled, rules otherwise. Pure.

use base::CameraId;

use super::{Imported, command, is_yes, text};
use crate::config::{Node, Value, parse_duration, quote};

/// Keys of a path that are read here.
const KNOWN: [&str; 13] = [
    "source",
    "sourceOnDemand",
    "sourceOnDemandStartTimeout",
    "sourceOnDemandCloseAfter",
    "rtspTransport",
    "sourceProtocol",
    "maxReaders",
    "record",
    "recordFormat",
    "recordSegmentDuration",
    "recordDeleteAfter",
    "runOnDemand",
    "overridePublisher",
];
/// Keys that mean nothing once a command has become an address, or that are so here anyway.
const NOT_NEEDED: [&str; 7] = [
    "runOnDemandRestart",
    "runOnDemandStartTimeout",
    "runOnDemandCloseAfter",
    "rtspAnyPort",
    "recordPartDuration",
    "recordMaxPartSize",
    "disablePublisherOverride",
];

/// A path with what it inherits.
struct Entry<'a> {
    own: &'a Node,
    defaults: Option<&'a Node>,
}

impl Entry<'_> {
    fn get(&self, key: &str) -> String {
        let own = text(self.own.get(key));
        if own.is_empty() { text(self.defaults.and_then(|node| node.get(key))) } else { own }
    }
}

/// Carries all paths over, or says why not.
pub(super) fn carry(out: &mut Imported, root: &Node) {
    let defaults = root.get("pathDefaults");
    for (key, ours) in [
        ("sourceOnDemandStartTimeout", "live.on_demand.start_timeout"),
        ("sourceOnDemandCloseAfter", "live.on_demand.close_after"),
    ] {
        let value = text(defaults.and_then(|node| node.get(key)));
        if parse_duration(&value).is_some() {
            out.set(ours, value);
        }
    }
    if let Some(Node { value: Value::Map(entries), .. }) = defaults {
        leave_unknown(out, "pathDefaults", entries);
    }
    let Some(Node { value: Value::Map(entries), .. }) = root.get("paths") else { return };
    for (name, own) in entries {
        if let Value::Map(keys) = &own.value {
            leave_unknown(out, &format!("paths.{name}"), keys);
        }
        one(out, name, &Entry { own, defaults });
    }
}

fn leave_unknown(out: &mut Imported, shown: &str, keys: &[(String, Node)]) {
    for (key, node) in keys {
        let is_empty = node.scalar().is_some_and(|value| value.is_empty());
        let key = key.as_str();
        if is_empty || KNOWN.contains(&key) || NOT_NEEDED.contains(&key) {
            continue;
        }
        let why = match key {
            _ if key.starts_with("runOn") => {
                "hooks are argument lists (run_on_ready: [program, argument]), never a shell"
            }
            "publishUser" | "publishPass" | "readUser" | "readPass" | "publishIPs" | "readIPs" => {
                "people and keys are added by `vedette user` and in the console"
            }
            "recordPath" => "recordings lie below storage.segments_dir",
            _ => "there is no such key here",
        };
        out.leave(&format!("{shown}.{key}"), why);
    }
}

fn one(out: &mut Imported, name: &str, entry: &Entry<'_>) {
    let shown = format!("paths.{name}");
    let is_rest = matches!(name, "all_others" | "all" | "~^.*$");
    let hook = entry.get("runOnDemand");
    let by_command = command::pulled(&hook).filter(|_| !hook.is_empty());
    if !hook.is_empty() && by_command.is_none() {
        out.leave(
            &format!("{shown}.runOnDemand"),
            "only ffmpeg that copies a stream is understood",
        );
    }
    let source = entry.get("source");
    let is_publisher = source.is_empty() || source == "publisher";
    let on_demand = by_command.is_some() || is_yes(&entry.get("sourceOnDemand"));
    let url = by_command.or_else(|| (!is_publisher).then_some(source));
    match url {
        Some(url) if !is_pulled(&url) => {
            out.leave(&format!("{shown}.source"), "not an address that can be pulled");
        }
        Some(url) if CameraId::new(name).is_ok() => camera(out, name, &url, on_demand, entry),
        Some(url) => {
            leave_recording(out, &shown, entry);
            if is_rest || (name.starts_with('~') && !url.contains('$')) {
                return out.leave(&shown, "a pattern whose address names no part of the path");
            }
            let url = url.replace("$MTX_PATH", "{0}").replace("$RTSP_PATH", "{0}");
            // A pattern is always pulled on demand.
            let on_demand = on_demand || name.starts_with('~');
            rule(out, name, &format!("url: {}, on_demand: {on_demand}", quote(&url)), entry);
        }
        None => {
            leave_recording(out, &shown, entry);
            let name = if is_rest { "all_others" } else { name };
            rule(out, name, "publish: true", entry);
        }
    }
}

fn is_pulled(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme).unwrap_or_default();
    ["rtsp", "rtsps", "rtmp", "srt", "http", "https"].contains(&scheme)
}

fn leave_recording(out: &mut Imported, shown: &str, entry: &Entry<'_>) {
    if is_yes(&entry.get("record")) {
        out.leave(&format!("{shown}.record"), "only cameras are recorded: add it under `cameras`");
    }
}

fn rule(out: &mut Imported, name: &str, what: &str, entry: &Entry<'_>) {
    let readers = entry.get("maxReaders");
    let readers = match readers.parse::<u32>() {
        Ok(readers) if readers > 0 => format!(", max_readers: {readers}"),
        _ => String::new(),
    };
    out.paths.push(format!("{}: {{ {what}{readers} }}", quote(name)));
}

fn camera(out: &mut Imported, name: &str, url: &str, on_demand: bool, entry: &Entry<'_>) {
    let mut keys = vec![format!("id: {}", quote(name)), format!("url: {}", quote(url))];
    if on_demand {
        keys.push("on_demand: true".to_owned());
    }
    let transport = [entry.get("rtspTransport"), entry.get("sourceProtocol")];
    if transport.iter().any(|word| word == "udp") {
        keys.push("transport: udp".to_owned());
    }
    let mut record =
        vec![format!("mode: {}", if is_yes(&entry.get("record")) { "continuous" } else { "off" })];
    if is_yes(&entry.get("record")) {
        if entry.get("recordFormat") == "mpegts" {
            record.push("format: ts".to_owned());
        }
        for (theirs, ours) in
            [("recordSegmentDuration", "segment_duration"), ("recordDeleteAfter", "max_age")]
        {
            let value = entry.get(theirs);
            if parse_duration(&value).is_some() {
                record.push(format!("{ours}: {value}"));
            }
        }
    }
    keys.push(format!("record: {{ {} }}", record.join(", ")));
    out.cameras.push(format!("{{ {} }}", keys.join(", ")));
}
