//! Processes that end with their handle.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::wait_for;

/// A program with an input of nothing.
#[must_use]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// A tool of the system. Tests that need one fail without it: `make setup` installs all.
///
/// # Errors
/// When it is not installed.
pub fn tool(name: &str) -> Result<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    anyhow::ensure!(found, "{name} is not installed; run `make setup`");
    Ok(command(name))
}

/// Runs a program to its end and returns what it printed: stdout, stderr.
///
/// # Errors
/// When it fails; the error holds what it complained of.
pub fn output(command: &mut Command) -> Result<(String, String)> {
    let done = command.output().with_context(|| format!("{:?}", command.get_program()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&done.stdout), text(&done.stderr));
    if !done.status.success() {
        bail!("{:?}: {}: {stdout}{stderr}", command.get_program(), done.status);
    }
    Ok((stdout, stderr))
}

/// A running process.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts `command`, both of its outputs going to the file `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = command.stdout(file.try_clone()?).stderr(file).spawn();
        Ok(Self { child: child.with_context(|| format!("{:?}", command.get_program()))? })
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// The system's.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// The system's.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .context("a process number")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn wait(&mut self, deadline: Duration) -> Result<ExitStatus> {
        wait_for("a process to end", deadline, || self.ended())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
