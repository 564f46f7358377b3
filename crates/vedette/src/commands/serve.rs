//! `vedette serve`.
use crate::config::Config;
use std::process::ExitCode;
/// Serves.
pub fn run(_config: Config, _ready: impl FnOnce(&str)) -> anyhow::Result<ExitCode> {
    anyhow::bail!("x")
}
