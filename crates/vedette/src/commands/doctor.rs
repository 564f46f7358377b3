//! `vedette doctor`: is this host fit, and the support bundle.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::say;
use crate::config::{Config, Faults};
use crate::doctor::{self, Level};
use crate::words::{self, text};

/// Prints a line for each thing that was looked at; fails when one is a fault.
pub fn run(
    bundle: Option<&Path>,
    load: impl FnOnce() -> Result<Config, Faults>,
) -> anyhow::Result<ExitCode> {
    let (language, loaded) = (words::language(), load());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let findings = runtime.block_on(doctor::examine(&loaded));
    for finding in &findings {
        say(&finding.line(language));
    }
    if let Some(folder) = bundle {
        let written = runtime.block_on(doctor::bundle::write(folder, &loaded, &findings))?;
        say(&text(language, "doctor_bundle", [("path", written.display().to_string())]));
    }
    runtime.shutdown_background();
    let is_fit = findings.iter().all(|finding| finding.level < Level::Fault);
    Ok(if is_fit { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
