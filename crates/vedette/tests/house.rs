//! The house's own rules: who may use whom, how long a file may be, what may not stand in one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The allowed arrows: a row may use its list.
const ARROWS: [(&str, &str); 14] = [
    ("base", ""),
    ("media", "base"),
    ("rtsp", "base media"),
    ("child", "base media"),
    ("hub", "base media"),
    ("catalog", "base"),
    ("access", "base catalog"),
    ("storage", "base media catalog"),
    ("ingest", "base media hub child vms"),
    ("live", "base media rtsp hub child access"),
    ("record", "base media hub child catalog storage"),
    ("playback", "base media rtsp child catalog storage vms access"),
    ("sim", "base media rtsp child"),
    ("api", "base media hub ingest record detect storage catalog access vms live playback"),
];
const LINES_MAX: usize = 600;

fn repository() -> PathBuf {
    std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../..")
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let skipped = ["target", "node_modules", "dist", ".git", "corpus", "data"];
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() && !skipped.iter().any(|skip| name == *skip) => files(&path, out),
            kind if kind.is_file() => out.push(path),
            _ => {}
        }
    }
}

fn sources(endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for folder in ["crates", "e2e", "benches", "web/src", "docs", "scripts", "fuzz"] {
        files(&repository().join(folder), &mut all);
    }
    all.into_iter()
        .filter(|path| {
            path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known))
        })
        .filter_map(|path| std::fs::read_to_string(&path).ok().map(|text| (path, text)))
        .collect()
}

/// The rooms that a manifest's `[dependencies]` name, and those of `[dev-dependencies]`.
fn used(manifest: &str, rooms: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut lists = BTreeMap::<&str, Vec<String>>::new();
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            continue;
        }
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        if rooms.contains(&name) {
            lists.entry(section).or_default().push(name.to_owned());
        }
    }
    let take = |name| lists.get(name).cloned().unwrap_or_default();
    (take("dependencies"), take("dev-dependencies"))
}

#[test]
fn rooms_use_only_what_they_may() {
    let rooms: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for entry in std::fs::read_dir(repository().join("crates")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name} does not take the workspace's lints"
        );
        if name == "vedette" {
            continue;
        }
        let allowed = ARROWS
            .iter()
            .find(|(room, _)| *room == name)
            .unwrap_or_else(|| panic!("{name} is in no row"))
            .1;
        let allowed: Vec<&str> = allowed.split(' ').collect();
        let (uses, tests_use) = used(&manifest, &rooms);
        for room in uses {
            assert!(allowed.contains(&room.as_str()), "{name} may not use {room}");
        }
        for room in tests_use {
            assert!(
                allowed.contains(&room.as_str()) || room == "sim",
                "the tests of {name} may not use {room}"
            );
        }
    }
    for outside in ["e2e", "benches"] {
        let manifest =
            std::fs::read_to_string(repository().join(outside).join("Cargo.toml")).unwrap();
        let (uses, _) = used(&manifest, &rooms);
        assert!(uses.is_empty(), "{outside} runs the binary and links nothing of ours: {uses:?}");
    }
}

#[test]
fn files_can_be_read_in_one_sitting() {
    for (path, text) in sources(&["rs", "ts", "tsx"]) {
        let generated = path.ends_with("api/schema.ts");
        let lines = text.lines().count();
        // A table of keys is a table: one entry after the other, nothing to follow.
        let is_table = path.ends_with("config/table.rs");
        assert!(generated || is_table || lines <= LINES_MAX, "{}: {lines} lines", path.display());
    }
}

#[test]
fn every_file_says_what_it_is_and_none_is_left_undone() {
    for (path, text) in sources(&["rs"]) {
        let shown = path.display();
        assert!(
            text.starts_with("//!") || text.starts_with("#![no_main]"),
            "{shown} has no header"
        );
        let word = |a: &str, b: &str| format!("{a}{b}");
        for left in [
            word("todo", "!("),
            word("unimplemented", "!("),
            word("FIX", "ME"),
            word("#[ign", "ore"),
        ] {
            assert!(!text.contains(&left), "{shown} holds {left}");
        }
    }
}

#[test]
fn the_project_speaks_of_itself_only() {
    let word = |a: &str, b: &str| format!("{a}{b}");
    let foreign = [word("/ro", "ot/"), word("/wo", "rk/"), word("/ho", "me/")];
    for (path, text) in sources(&["rs", "ts", "tsx", "md", "sh", "mjs", "py", "json", "ftl"]) {
        for path_of_a_machine in &foreign {
            assert!(
                !text.contains(path_of_a_machine.as_str()),
                "{}: {path_of_a_machine}",
                path.display()
            );
        }
    }
}
