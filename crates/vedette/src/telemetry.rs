//! Logs: to stdout and to a file that is put aside when it has grown.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Config;

/// Holds the writers; what is logged is flushed when it is dropped.
pub struct Guard {
    _writers: Vec<WorkerGuard>,
}

/// Starts logging as the configuration says.
pub fn start(config: &Config) -> io::Result<Guard> {
    let settings = &config.settings;
    let level = settings.text("logging.level").replace("warning", "warn");
    // Libraries speak up only when something is wrong; retina retries are ours to report.
    let filter =
        EnvFilter::new(format!("{level},retina=error,sqlx=warn,hyper=warn,h2=warn,fluent=error"));
    let json = settings.text("logging.format") == "json";
    let (stdout, guard) = tracing_appender::non_blocking(io::stdout());
    let mut writers = vec![guard];
    let path = config.path("logging.file");
    let file = if path.as_os_str().is_empty() {
        None
    } else {
        let size = u64::try_from(settings.int("logging.max_size_mb")).unwrap_or(50) * 1_000_000;
        let keep = usize::try_from(settings.int("logging.backup_count")).unwrap_or(5);
        let (file, guard) = tracing_appender::non_blocking(Rotating::open(&path, size, keep)?);
        writers.push(guard);
        Some(file)
    };
    let colour = file.is_none() && !json && io::IsTerminal::is_terminal(&io::stdout());
    let tee = Tee { stdout, file };
    let layer = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(colour)
        .with_writer(move || tee.clone());
    let registry = tracing_subscriber::registry().with(filter);
    let started = match json {
        true => registry.with(layer.json().flatten_event(true)).try_init(),
        false => registry.with(layer).try_init(),
    };
    started.map_err(io::Error::other)?;
    Ok(Guard { _writers: writers })
}

/// Every line to both.
#[derive(Clone)]
struct Tee {
    stdout: NonBlocking,
    file: Option<NonBlocking>,
}

impl Write for Tee {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            file.write_all(line)?;
        }
        self.stdout.write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

/// A log file of bounded size: `x.log`, then `x.log.1` (the newest put aside) and so on.
struct Rotating {
    path: PathBuf,
    file: File,
    len: u64,
    len_max: u64,
    keep: usize,
}

impl Rotating {
    fn open(path: &Path, len_max: u64, keep: usize) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, len, len_max, keep })
    }

    fn aside(&self, number: usize) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..self.keep).rev() {
            // A number that was never reached is not there.
            let _ = std::fs::rename(self.aside(number), self.aside(number + 1));
        }
        if self.keep == 0 {
            self.file.set_len(0)?;
        } else {
            std::fs::rename(&self.path, self.aside(1))?;
            self.file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        }
        self.len = 0;
        Ok(())
    }
}

impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.len > 0 && self.len + line.len() as u64 > self.len_max {
            self.rotate()?;
        }
        let written = self.file.write(line)?;
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_log_file_is_put_aside_at_its_size_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/a.log");
        let mut log = Rotating::open(&path, 100, 2).unwrap();
        for n in 0..10 {
            writeln!(log, "{n}{}", "x".repeat(48)).unwrap();
        }
        let names: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(names.len(), 3);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with('8'));
        assert!(std::fs::metadata(path).unwrap().len() <= 100);
    }
}
