//! Is this host fit to run the server: each thing that is looked at gives a finding with its remedy.
//!
//! Looks from outside, beside a running server or without one. Writes nothing that stays.

pub mod bundle;
mod data;
mod disk;
mod host;
mod ports;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use api::messages::Language;

use crate::config::{Config, Faults};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Ok,
    Warning,
    Fault,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub level: Level,
    code: &'static str,
    values: BTreeMap<&'static str, String>,
}

impl Finding {
    fn new<const N: usize>(
        level: Level,
        code: &'static str,
        values: [(&'static str, String); N],
    ) -> Self {
        Self { level, code, values: BTreeMap::from(values) }
    }

    /// The line for people.
    pub fn line(&self, language: Language) -> String {
        let none = BTreeMap::new();
        let level = match self.level {
            Level::Ok => "doctor_ok",
            Level::Warning => "doctor_warning",
            Level::Fault => "doctor_fault",
        };
        let level = language.text(level, None, &none);
        format!("{level:<8} {}", language.text(self.code, None, &self.values))
    }
}

/// Looks at everything. Takes some seconds; longer where the database is large.
pub async fn examine(loaded: &Result<Config, Faults>) -> Vec<Finding> {
    let mut found = Vec::new();
    let config = match loaded {
        Ok(config) => config,
        Err(faults) => {
            let reason = faults.0.first().map_or(String::new(), ToString::to_string);
            found.push(Finding::new(Level::Fault, "doctor_config_bad", [("reason", reason)]));
            found.extend([host::clock().await, host::ffmpeg().await]);
            return found;
        }
    };
    let file = config.file.as_ref().map_or("-".to_owned(), |file| file.display().to_string());
    let cameras = config.cameras.len().to_string();
    let values = [("file", file), ("cameras", cameras)];
    found.push(Finding::new(Level::Ok, "doctor_config_good", values));
    let holder = crate::listen::holder(&config.data_dir);
    found.push(match &holder {
        Some(process) => Finding::new(Level::Ok, "doctor_running", [("process", process.clone())]),
        None => Finding::new(Level::Ok, "doctor_stopped", []),
    });
    found.extend(disk::examine(config).await);
    found.push(host::clock().await);
    found.extend(ports::examine(config, holder.is_some()).await);
    found.push(host::open_files(config.cameras.len()));
    found.push(host::ffmpeg().await);
    found.extend(data::examine(config).await);
    found
}

/// The folder itself, or the nearest one above it that is there.
fn nearest(path: &Path) -> PathBuf {
    let there = path.ancestors().find(|folder| folder.is_dir());
    there.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

#[cfg(test)]
mod tests;
