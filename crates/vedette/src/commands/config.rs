//! `vedette config check`, `show`, `example` and `reference`.

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

/// Prints every key with its default.
pub fn example(form: &str) -> anyhow::Result<ExitCode> {
    let text = match form {
        "yaml" => config::example_yaml(),
        "toml" => config::example_toml(),
        "env" => config::example_env(),
        _ => anyhow::bail!("`{form}` is not a form; use yaml, toml or env"),
    };
    say(text.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Prints the reference of all keys.
pub fn reference() -> anyhow::Result<ExitCode> {
    say(config::reference_page().trim_end());
    Ok(ExitCode::SUCCESS)
}
