//! The result of all sources, written back as YAML with secrets as `***`.

use std::fmt::Write;

use base::secret::redact;
use url::Url;

use super::Config;
use super::check::Typed;
use super::table::{KEYS, Kind};
use super::tree::{Node, Value};
use super::value::{Port, show_duration};

/// The configuration as it is in force.
pub fn show(config: &Config) -> String {
    let mut out = String::new();
    let mut open: Vec<&str> = Vec::new();
    for key in KEYS {
        let parts: Vec<&str> = key.path.split('.').collect();
        let Some((name, sections)) = parts.split_last() else { continue };
        let common = open.iter().zip(sections).take_while(|(a, b)| a == b).count();
        for (depth, section) in sections.iter().enumerate().skip(common) {
            let _ = writeln!(out, "{}{section}:", "  ".repeat(depth));
        }
        open = sections.to_vec();
        let value = match (key.path, key.kind) {
            ("data_dir", _) => quote(&config.data_dir.display().to_string()),
            (_, Kind::Path) => quote(&config.path(key.path).display().to_string()),
            (path, kind) => typed(kind, &config.settings.get(path)),
        };
        let _ = writeln!(out, "{}{name}: {value}", "  ".repeat(sections.len()));
    }
    cameras(&mut out, config);
    out
}

fn cameras(out: &mut String, config: &Config) {
    if config.cameras.is_empty() {
        out.push_str("cameras: []\n");
        return;
    }
    out.push_str("cameras:\n");
    for camera in &config.cameras {
        let _ = writeln!(out, "  - id: {}", quote(camera.id.as_str()));
        for (name, value) in
            [("name", &camera.name), ("source", &camera.source), ("role", &camera.role)]
        {
            let _ = writeln!(out, "    {name}: {}", quote(value));
        }
        let _ = writeln!(out, "    url: {}", quote(&redact(camera.url.as_str())));
        if let Some(sub_url) = &camera.sub_url {
            let _ = writeln!(out, "    sub_url: {}", quote(&redact(sub_url.as_str())));
        }
        if !camera.username.is_empty() {
            let _ = writeln!(out, "    username: {}", quote(&camera.username));
        }
        if !camera.password.is_empty() {
            let _ = writeln!(out, "    password: \"{}\"", camera.password);
        }
        let _ = writeln!(out, "    transport: {}", if camera.udp { "udp" } else { "tcp" });
        let _ =
            writeln!(out, "    enabled: {}\n    on_demand: {}", camera.enabled, camera.on_demand);
        let record = &camera.record;
        let _ = writeln!(
            out,
            "    record: {{ mode: {}, stream: {}, format: {}, segment_duration: {}, audio: {} }}",
            record.mode,
            quote(&record.stream),
            record.format,
            show_duration(record.segment_duration),
            record.audio
        );
    }
}

/// A value as YAML.
fn typed(kind: Kind, typed: &Typed) -> String {
    match typed {
        Typed::Text(text) if kind == Kind::Secret && !text.is_empty() => "\"***\"".to_owned(),
        Typed::Text(text) if matches!(kind, Kind::Choice(_)) => quote(text),
        Typed::Text(text) => quote(&redact(text)),
        Typed::Bool(value) => value.to_string(),
        Typed::Int(value) => value.to_string(),
        Typed::Float(value) => value.to_string(),
        Typed::Size(value) => value.to_string(),
        Typed::Duration(value) => show_duration(*value),
        Typed::Port(Port::Off) => "off".to_owned(),
        Typed::Port(Port::On(port)) => port.to_string(),
        Typed::Listen(None) => "\"\"".to_owned(),
        Typed::Listen(Some(listen)) if listen.host.contains(':') => {
            format!("\"[{}]:{}\"", listen.host, listen.port)
        }
        Typed::Listen(Some(listen)) => format!("\"{}:{}\"", listen.host, listen.port),
        Typed::Texts(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| quote(&redact(text))).collect();
            format!("[{}]", texts.join(", "))
        }
        Typed::Ports(ports) => format!("{ports:?}"),
        Typed::Resolution(None) => "\"\"".to_owned(),
        Typed::Resolution(Some((width, height))) => format!("{width}x{height}"),
        Typed::Free(node) => free(node, ""),
    }
}

/// All secret texts of a configuration, as they are and as they stand in an address.
pub fn secrets(config: &Config) -> Vec<String> {
    let mut found: Vec<String> =
        config.cameras.iter().map(|camera| camera.password.reveal().to_owned()).collect();
    for key in KEYS {
        match config.settings.get(key.path) {
            Typed::Text(text) => {
                let url = Url::parse(&text).ok();
                found.extend(url.and_then(|url| url.password().map(str::to_owned)));
                if key.kind == Kind::Secret {
                    found.push(text);
                }
            }
            Typed::Free(node) => secrets_of(&node, "", &mut found),
            _ => {}
        }
    }
    let encoded = |secret: &String| {
        let mut url = Url::parse("rtsp://user@host").ok()?;
        url.set_password(Some(secret)).ok()?;
        url.password().map(str::to_owned)
    };
    let encoded: Vec<String> = found.iter().filter_map(encoded).collect();
    found.extend(encoded);
    found.retain(|secret| !secret.is_empty());
    // Long ones first: one may hold another.
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found.dedup();
    found
}

fn secrets_of(node: &Node, name: &str, found: &mut Vec<String>) {
    match &node.value {
        Value::Map(entries) => {
            entries.iter().for_each(|(name, node)| secrets_of(node, name, found));
        }
        Value::List(items) => items.iter().for_each(|item| secrets_of(item, name, found)),
        _ if is_secret(name) => found.extend(node.scalar()),
        _ => {
            let url = node.scalar().and_then(|text| Url::parse(&text).ok());
            found.extend(url.and_then(|url| url.password().map(str::to_owned)));
        }
    }
}

fn is_secret(name: &str) -> bool {
    ["password", "secret", "token", "key"].iter().any(|word| name.contains(word))
}

/// A section of the user's own in one line; what may be a secret by its name is hidden.
fn free(node: &Node, name: &str) -> String {
    let secret = is_secret(name);
    match &node.value {
        Value::Map(entries) => {
            let mut entries: Vec<String> = entries
                .iter()
                .map(|(name, node)| format!("{}: {}", quote(name), free(node, name)))
                .collect();
            entries.sort();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| free(item, name)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Text(_) if secret => "\"***\"".to_owned(),
        Value::Text(text) => quote(&redact(text)),
        _ => node.scalar().unwrap_or_default(),
    }
}

/// A text in double quotes, as YAML and TOML both read it.
pub fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
