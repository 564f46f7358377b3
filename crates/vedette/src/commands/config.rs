//! `vedette config check` and `show`.

use std::process::ExitCode;

use crate::cli::say;
use crate::config::{self, Config};

/// Prints that all is well, or what is in force.
pub fn run(config: &Config, show: bool) -> anyhow::Result<ExitCode> {
    if show {
        say(config::show(config).trim_end());
    } else {
        let file = config
            .file
            .as_ref()
            .map_or("the defaults".to_owned(), |file| file.display().to_string());
        say(&format!("{file}: no faults, {} camera(s)", config.cameras.len()));
    }
    Ok(ExitCode::SUCCESS)
}
