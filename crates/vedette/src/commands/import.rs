//! `vedette config import`: our keys for the configuration of another media router, and what could not be
//! carried over.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::cli::{complain, say};
use crate::config::{Node, Value, parse_tree};

mod command;
mod global;
mod paths;
#[cfg(test)]
mod tests;

/// A larger file is no configuration.
const FILE_LEN_MAX: u64 = 4 << 20;

/// Reads `file` and prints our keys as YAML; what could not be carried over stands above them as comments,
/// and on stderr.
pub fn run(file: &Path) -> anyhow::Result<ExitCode> {
    let named = || file.display().to_string();
    let length = std::fs::metadata(file).with_context(named)?.len();
    if length > FILE_LEN_MAX {
        bail!("{}: longer than {FILE_LEN_MAX} bytes", file.display());
    }
    let text = std::fs::read_to_string(file).with_context(named)?;
    let imported = import(file, &text)?;
    for line in &imported.left {
        complain(&format!("not carried over: {line}"));
    }
    say(imported.text().trim_end());
    Ok(ExitCode::SUCCESS)
}

/// What was made of a file.
#[derive(Debug, Default)]
pub struct Imported {
    /// `live`, and what is above it: dotted keys with YAML values.
    keys: Vec<(String, String)>,
    cameras: Vec<String>,
    paths: Vec<String>,
    /// What has no key here, each in a sentence.
    left: Vec<String>,
}

impl Imported {
    fn set(&mut self, key: &str, value: impl Into<String>) {
        self.keys.retain(|(known, _)| known != key);
        self.keys.push((key.to_owned(), value.into()));
    }

    fn leave(&mut self, key: &str, why: &str) {
        self.left.push(format!("{key}: {why}"));
    }

    /// As YAML.
    fn text(&self) -> String {
        let mut out = String::from("# Made by `vedette config import`.\n");
        for line in &self.left {
            out.push_str(&format!("# not carried over: {}\n", line.replace('\n', " ")));
        }
        out.push_str(&nested(&self.keys));
        if !self.paths.is_empty() {
            if !self.keys.iter().any(|(key, _)| key.starts_with("live.")) {
                out.push_str("live:\n");
            }
            out.push_str("  paths:\n");
            self.paths.iter().for_each(|line| out.push_str(&format!("    {line}\n")));
        }
        if !self.cameras.is_empty() {
            out.push_str("cameras:\n");
            self.cameras.iter().for_each(|line| out.push_str(&format!("  - {line}\n")));
        }
        out
    }
}

/// Dotted keys as sections; those of `live` come last, so that more of it can follow.
fn nested(keys: &[(String, String)]) -> String {
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort_by_key(|(key, _)| (key.starts_with("live."), key.clone()));
    let (mut out, mut open) = (String::new(), Vec::<&str>::new());
    for (key, value) in keys {
        let mut parts: Vec<&str> = key.split('.').collect();
        let last = parts.pop().unwrap_or_default();
        let same = open.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        for (depth, part) in parts.iter().enumerate().skip(same) {
            out.push_str(&format!("{}{part}:\n", "  ".repeat(depth)));
        }
        out.push_str(&format!("{}{last}: {value}\n", "  ".repeat(parts.len())));
        open = parts;
    }
    out
}

/// Makes our keys of the text of a file.
pub fn import(file: &Path, text: &str) -> anyhow::Result<Imported> {
    let root = parse_tree(file, text)?;
    let Value::Map(entries) = &root.value else {
        bail!("{}: {} where keys are needed", file.display(), root.kind());
    };
    let mut out = Imported::default();
    for (key, node) in entries {
        match key.as_str() {
            "paths" | "pathDefaults" => {}
            _ => global::carry(&mut out, &root, key, node),
        }
    }
    paths::carry(&mut out, &root);
    Ok(out)
}

/// A value as text; empty for lists and sections.
fn text(node: Option<&Node>) -> String {
    node.and_then(Node::scalar).unwrap_or_default()
}

fn is_yes(word: &str) -> bool {
    matches!(word, "yes" | "true" | "on")
}
