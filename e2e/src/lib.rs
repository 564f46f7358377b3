//! Drives the real binary with real clients. Links nothing of ours.
//!
//! Every wait is for a condition, with a deadline; ports are chosen by the system; whatever is started
//! is ended when its handle goes.

mod answer;
mod client;
mod process;
mod server;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub use answer::Answer;
pub use client::Client;
pub use process::{Process, command, output, tool};
pub use server::{ADMIN_PASSWORD, GstCamera, Server, Simulator};

/// The binary under test.
///
/// # Errors
/// When `VEDETTE_BIN` names none.
pub fn binary() -> Result<PathBuf> {
    let path =
        std::env::var_os("VEDETTE_BIN").context("VEDETTE_BIN names the binary; use `make e2e`")?;
    let path = PathBuf::from(path);
    anyhow::ensure!(path.is_file(), "{} is not there; use `make e2e`", path.display());
    Ok(path)
}

/// The repository.
#[must_use]
pub fn repository() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests")).join("..")
}

/// True for the long trials.
#[must_use]
pub fn is_soak() -> bool {
    std::env::var_os("VEDETTE_SOAK").is_some()
}

/// Asks again and again until the answer is one, `deadline` at most.
///
/// # Errors
/// Names `what` was waited for, and the last failure.
pub fn wait_for<T>(
    what: &str,
    deadline: Duration,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let began = Instant::now();
    let mut last = None;
    while began.elapsed() < deadline {
        match ask() {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    match last {
        Some(error) => Err(error.context(format!("waited {deadline:?} for {what}"))),
        None => bail!("waited {deadline:?} for {what}"),
    }
}

/// Holds the machine for trials whose judges play by the clock, and for browsers, which take all of it: one
/// of them at a time. A trial that failed does not hold it on.
pub fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
