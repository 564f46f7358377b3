//! One program: started with an environment of its own, ended with its cause.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// How long a program may take to end when it is asked to.
pub const END: Duration = Duration::from_secs(2);
/// Of its output as much as is logged in a minute.
const LINES_MAX: u32 = 20;
const LINE_LEN_MAX: usize = 500;
/// What of our own environment it gets: secrets are not among it.
const HANDED_ON: [&str; 6] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER"];

/// A program to be run.
pub struct Program {
    /// The program and its arguments; at least one.
    pub arguments: Vec<String>,
    /// Which hook it is.
    pub hook: &'static str,
    /// `VEDETTE_PATH`.
    pub path: String,
    /// Further variables.
    pub variables: Vec<(&'static str, String)>,
}

impl Program {
    /// Runs it until it ends by itself, its cause has ended, or the server stops.
    pub async fn run(self, ends: CancellationToken, stop: CancellationToken) {
        let mut child = match self.start() {
            Ok(child) => child,
            Err(error) => {
                tracing::warn!(stream = self.path, hook = self.hook, err = %error, "program cannot be run");
                return;
            }
        };
        tracing::debug!(stream = self.path, hook = self.hook, "program runs");
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let log = async { tokio::join!(self.log(out), self.log(err)) };
        let ended = async {
            // What it started may hold its output open when it is gone.
            tokio::select! {
                status = child.wait() => status,
                _ = async { log.await; std::future::pending::<()>().await } => unreachable!("it is pending"),
            }
        };
        let status = tokio::select! {
            status = ended => Some(status),
            () = ends.cancelled() => None,
            () = stop.cancelled() => None,
        };
        match status {
            Some(Ok(status)) if !status.success() => {
                tracing::warn!(stream = self.path, hook = self.hook, %status, "program failed");
            }
            Some(_) => {}
            None => end(&mut child).await,
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        let Some((program, arguments)) = self.arguments.split_first() else {
            return Err(std::io::ErrorKind::InvalidInput.into());
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        for name in HANDED_ON {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("VEDETTE_PATH", &self.path).env("VEDETTE_HOOK", self.hook);
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: what it starts ends with it.
        command.process_group(0).kill_on_drop(true).spawn()
    }

    /// Its output, line by line, bounded in length and number.
    async fn log(&self, output: Option<impl AsyncRead + Unpin>) {
        let Some(mut output) = output else { return };
        let (mut buffer, mut line) = ([0_u8; 1_024], Vec::new());
        let (mut since, mut count) = (Instant::now(), 0_u32);
        while let Ok(len @ 1..) = output.read(&mut buffer).await {
            for byte in buffer.get(..len).unwrap_or_default() {
                if *byte != b'\n' {
                    if line.len() < LINE_LEN_MAX {
                        line.push(*byte);
                    }
                    continue;
                }
                if since.elapsed() > Duration::from_secs(60) {
                    (since, count) = (Instant::now(), 0);
                }
                count = count.saturating_add(1);
                if count <= LINES_MAX {
                    let says = String::from_utf8_lossy(&line);
                    tracing::info!(stream = self.path, hook = self.hook, %says, "program says");
                }
                line.clear();
            }
        }
    }
}

/// Asks it and all that it has started to end, then makes them.
async fn end(child: &mut Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let Some(group) = group else { return };
    // It may have ended by itself meanwhile.
    let _ = kill_process_group(group, Signal::TERM);
    if tokio::time::timeout(END, child.wait()).await.is_err() {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait().await;
    }
}
