//! The one runner of ffmpeg processes: empty environment, no terminal, its last words kept, ended
//! when its handle goes.
//!
//! Refuses to know what is encoded or why. ffmpeg is a program beside ours, never linked.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use base::{ErrorKind, Secret};
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Lines of complaint that are kept.
const LINES_MAX: usize = 20;
const LINE_LEN_MAX: usize = 300;

/// Why a child does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none on this machine.
    #[error("ffmpeg is not installed, or not in PATH")]
    Missing,
    /// The system would not start it.
    #[error("ffmpeg cannot be started: {0}")]
    Start(std::io::Error),
    /// It ended.
    #[error("ffmpeg ended: {0}")]
    Ended(String),
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing => ErrorKind::Unsupported,
            Self::Start(_) | Self::Ended(_) => ErrorKind::Unavailable,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "ffmpeg_missing",
            Self::Start(_) => "ffmpeg_not_started",
            Self::Ended(_) => "ffmpeg_ended",
        }
    }
}

/// Where ffmpeg is, if it is installed.
#[must_use]
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("ffmpeg")).find(|file| file.is_file())
}

/// A running ffmpeg. Dropping it ends the process.
pub struct Ffmpeg {
    child: Child,
    last_words: Arc<Mutex<VecDeque<String>>>,
}

impl Ffmpeg {
    /// Starts one with these arguments. It may read what `protocols` (comma-separated) allow, and
    /// nothing from a terminal. Its complaints are read by a task that ends with it.
    ///
    /// # Errors
    /// [`Error::Missing`] or [`Error::Start`].
    pub fn start<S: AsRef<OsStr>>(
        protocols: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        Self::start_behind(None, protocols, arguments)
    }

    /// As [`Ffmpeg::start`], and its HTTP and TLS connections go through this proxy, those of redirects
    /// and playlists too. Other programs cannot read the proxy's address, as they could an argument.
    ///
    /// # Errors
    /// As [`Ffmpeg::start`].
    pub fn start_behind<S: AsRef<OsStr>>(
        proxy: Option<&Secret>,
        protocols: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        let program = find().ok_or(Error::Missing)?;
        let mut child = Command::new(program)
            .env_clear()
            .envs(proxy.map(|proxy| ("http_proxy", proxy.reveal())))
            .args([
                "-hide_banner",
                "-nostats",
                "-loglevel",
                "error",
                "-protocol_whitelist",
                protocols,
            ])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::Start)?;
        let last_words = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(stderr) = child.stderr.take() {
            let kept = Arc::clone(&last_words);
            tokio::spawn(async move {
                let mut lines = BufReader::new(stderr).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let line: String =
                        base::secret::redact_urls(&line).chars().take(LINE_LEN_MAX).collect();
                    let mut kept = kept.lock();
                    kept.push_back(line);
                    if kept.len() > LINES_MAX {
                        kept.pop_front();
                    }
                }
            });
        }
        Ok(Self { child, last_words })
    }

    /// Its input, once.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Its output, once.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// What it complained of last.
    #[must_use]
    pub fn last_words(&self) -> String {
        Vec::from(self.last_words.lock().clone()).join("; ")
    }

    /// Waits for its end; the error says with what words.
    ///
    /// # Errors
    /// [`Error::Ended`] when it failed.
    pub async fn wait(mut self) -> Result<(), Error> {
        drop(self.child.stdin.take());
        let status = self.child.wait().await.map_err(Error::Start)?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Ended(format!("{status}: {}", self.last_words())))
    }
}
