//! What is generated of the table: the example files and the reference page.

use std::fmt::Write;

use super::show::quote;
use super::table::{CAMERA_KEYS, KEYS, Key, Kind, PATH_KEYS};

const HEAD: &str = "# Every key of vedette with its default. Keep what you change, delete the rest.\n\
    # Reference: docs/reference/configuration.md\n";

const PATHS_EXAMPLE: &str = "  # paths:\n\
    \x20 #   \"metro_*\": { agency: METRO, url: \"rtsp://10.1.0.5/cam/{1}\" }    # pulled while somebody watches\n\
    \x20 #   \"~^bus_([0-9]+)$\": { agency: BUS, publish: true }                # published by its devices\n\
    \x20 #   all_others: { publish: true }                                    # every other path\n";

/// `vedette.example.yaml`.
pub fn example_yaml() -> String {
    let mut out = format!("{HEAD}\n");
    let mut open: Vec<&str> = Vec::new();
    for key in KEYS {
        let parts: Vec<&str> = key.path.split('.').collect();
        let Some((name, sections)) = parts.split_last() else { continue };
        let common = open.iter().zip(sections).take_while(|(a, b)| a == b).count();
        for (depth, section) in sections.iter().enumerate().skip(common) {
            let _ = writeln!(out, "{}{section}:", "  ".repeat(depth));
        }
        open = sections.to_vec();
        let line = format!("{}{name}: {}", "  ".repeat(sections.len()), example(key));
        let _ = writeln!(out, "{line:<44} # {}", key.doc);
        if key.path == "live.paths" {
            out.push_str(PATHS_EXAMPLE);
        }
    }
    out.push_str("\ncameras: []\n# A camera:\n# cameras:\n");
    let mut open = "";
    for (index, key) in CAMERA_KEYS.iter().enumerate() {
        let (section, name) = key.path.split_once('.').unwrap_or(("", key.path));
        if section != open && !section.is_empty() {
            let _ = writeln!(out, "#     {section}:");
        }
        open = section;
        let dash = if index == 0 { "- " } else { "  " };
        let deeper = if section.is_empty() { "" } else { "  " };
        let line = format!("#   {dash}{deeper}{name}: {}", example(key));
        let _ = writeln!(out, "{line:<44} # {}", key.doc);
    }
    out
}

/// `vedette.example.toml`.
pub fn example_toml() -> String {
    let mut out = format!("{HEAD}\ncameras = []\n");
    let mut sections: Vec<&str> = KEYS.iter().map(|key| section_of(key.path)).collect();
    sections.sort_unstable();
    sections.dedup();
    for section in sections {
        if !section.is_empty() {
            let _ = writeln!(out, "\n[{section}]");
        }
        for key in KEYS.iter().filter(|key| section_of(key.path) == section) {
            let name = key.path.rsplit('.').next().unwrap_or_default();
            let line = format!("{name} = {}", toml_value(key));
            let _ = writeln!(out, "{line:<44} # {}", key.doc);
        }
    }
    out
}

/// `.env.example`: every key as a variable, those of older deployments with it.
pub fn example_env() -> String {
    let mut out = String::from(
        "# Every key of vedette as a variable, with its default. Copy to .env beside the configuration and\n\
         # uncomment what you change; the real environment wins over it.\n\n\
         # A camera: CAMERA_1_URL=rtsp://user:password@192.168.1.100:554/stream1\n",
    );
    for key in KEYS {
        let _ = write!(out, "\n# {}", key.doc);
        if !key.variable.is_empty() {
            let _ = write!(out, " Also {}.", key.variable);
        }
        let name = key.path.replace('.', "__").to_uppercase();
        let _ = writeln!(out, "\n#VEDETTE__{name}={}", key.default);
    }
    out
}

fn section_of(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(section, _)| section)
}

fn example(key: &Key) -> String {
    match key.kind {
        Kind::Text
        | Kind::Secret
        | Kind::Path
        | Kind::Listen
        | Kind::Resolution
        | Kind::Choice(_) => quote(key.default),
        _ if key.default.is_empty() => "".to_owned(),
        _ => key.default.to_owned(),
    }
}

fn toml_value(key: &Key) -> String {
    match key.kind {
        Kind::Bool | Kind::Int(..) | Kind::Float(..) | Kind::Ports => key.default.to_owned(),
        Kind::Texts if key.default != "[]" => {
            let texts = key.default.trim_matches(['[', ']']).split(", ").map(quote);
            format!("[{}]", texts.collect::<Vec<_>>().join(", "))
        }
        Kind::Texts | Kind::FreeList => key.default.to_owned(),
        Kind::Free => key.default.replace(": ", " = "),
        _ => quote(key.default),
    }
}

/// `docs/reference/configuration.md`.
pub fn reference_page() -> String {
    let mut out = String::from(
        "# Configuration: every key\n\nGenerated from the table of keys in `crates/vedette/src/config/table.rs`; a test compares them.\n\
         `VEDETTE__SECTION__KEY` overrides any key.\n\n| key | type | default | page | what |\n| --- | --- | --- | --- | --- |\n",
    );
    let mut row = |prefix: &str, key: &Key| {
        let mut what = key.doc.replace('|', "\\|");
        if !key.alias.is_empty() {
            let _ = write!(what, " Also `{}`.", key.alias);
        }
        if !key.variable.is_empty() {
            let _ = write!(what, " Variable `{}`.", key.variable);
        }
        let default =
            if key.default.is_empty() { "".to_owned() } else { format!("`{}`", key.default) };
        let _ = writeln!(
            out,
            "| `{prefix}{}` | {} | {default} | {} | {what} |",
            key.path,
            key.kind.name().replace('|', "\\|"),
            key.page
        );
    };
    KEYS.iter().for_each(|key| row("", key));
    CAMERA_KEYS.iter().for_each(|key| row("cameras[].", key));
    PATH_KEYS.iter().for_each(|key| row("live.paths.<pattern>.", key));
    out
}
