//! Logs: to stdout and to a file that is put aside when it has grown.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::config::Config;

/// Holds the writers; what is logged is flushed when it is dropped.
pub struct Guard {
    filter: Filter,
    _writers: Vec<WorkerGuard>,
}

/// By which the level is changed.
type Filter = reload::Handle<EnvFilter, Registry>;

impl Guard {
    /// Logs at another level from here on.
    pub fn set_level(&self, level: &str) {
        if let Err(error) = self.filter.reload(filter(level)) {
            tracing::warn!(err = %error, "the level of the log cannot be changed");
        }
    }
}

/// Starts logging as the configuration says.
pub fn start(config: &Config) -> io::Result<Guard> {
    let settings = &config.settings;
    let level = settings.text("logging.level");
    let json = settings.text("logging.format") == "json";
    let (stdout, guard) = tracing_appender::non_blocking(io::stdout());
    let mut writers = vec![guard];
    let path = config.path("logging.file");
    let file = if path.as_os_str().is_empty() {
        None
    } else {
        let size = u64::try_from(settings.int("logging.max_size_mb")).unwrap_or(50) * 1_000_000;
        let keep = usize::try_from(settings.int("logging.backup_count")).unwrap_or(5);
        let open = Rotating::open(&path, size, keep).map_err(|error| {
            io::Error::new(error.kind(), format!("logging.file: {}: {error}", path.display()))
        })?;
        let (file, guard) = tracing_appender::non_blocking(open);
        writers.push(guard);
        Some(file)
    };
    let colour = file.is_none() && !json && io::IsTerminal::is_terminal(&io::stdout());
    let tee = Tee { stdout, file };
    let (filter, handle) = reload::Layer::new(filter(&level));
    let lines = lines(filter, json, colour, move || tee.clone());
    lines.try_init().map_err(io::Error::other)?;
    Ok(Guard { filter: handle, _writers: writers })
}

fn filter(level: &str) -> EnvFilter {
    let level = level.replace("warning", "warn");
    // Libraries speak up only when something is wrong; retina retries are ours to report.
    EnvFilter::new(format!("{level},retina=error,sqlx=warn,hyper=warn,h2=warn,fluent=error"))
}

/// What is logged, and how a line looks.
fn lines<F, W>(filter: F, json: bool, colour: bool, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    F: Layer<Registry> + Send + Sync,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer =
        tracing_subscriber::fmt::layer().with_target(false).with_ansi(colour).with_writer(writer);
    let registry = tracing_subscriber::registry().with(filter);
    match json {
        true => Box::new(registry.with(layer.json().flatten_event(true))),
        false => Box::new(registry.with(layer)),
    }
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
        let log = Self { path: path.to_owned(), file, len, len_max, keep };
        // Of a time when more were kept.
        let surplus = (keep + 1..).map(|number| log.aside(number));
        for old in surplus.take_while(|old| std::fs::remove_file(old).is_ok()) {
            tracing::debug!(file = %old.display(), "older log removed");
        }
        Ok(log)
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
            // What cannot be put aside is written on: a long log is better than none. Tried again when
            // it has grown as much once more.
            if self.rotate().is_err() {
                self.len = 0;
            }
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
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of three lines, at `level`.
    fn written(level: &str, json: bool) -> String {
        let writer = Kept::default();
        let kept = writer.clone();
        tracing::subscriber::with_default(
            lines(filter(level), json, false, move || writer.clone()),
            || {
                tracing::debug!("not told");
                tracing::info!(camera = "a", segment = 7, "first");
                tracing::warn!(err = "x \"y\"\nz", "second");
            },
        );
        let bytes = kept.0.lock().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lines_of_json_have_their_fields_at_the_top() {
        let text = written("info", true);
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [first, second] = lines.as_slice() else { panic!("{text}") };
        assert_eq!((&first["camera"], &first["segment"]), (&"a".into(), &7.into()));
        assert_eq!((&first["message"], &first["level"]), (&"first".into(), &"INFO".into()));
        assert_eq!(second["err"], "x \"y\"\nz");
        assert!(first["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn lines_of_text_are_without_colour_and_below_the_level_nothing_is_told() {
        let text = written("warning", false);
        assert!(text.contains(" WARN second") && !text.contains("first"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_log_that_cannot_be_put_aside_is_written_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        // A folder of that name cannot be replaced by a file.
        std::fs::create_dir_all(folder.path().join("a.log.1/x")).unwrap();
        let mut log = Rotating::open(&path, 20, 1).unwrap();
        (0..9).for_each(|n| writeln!(log, "line {n}").unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 9);
    }

    #[test]
    fn fewer_backups_or_none_are_kept_from_the_next_start_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        for (keep, files) in [(3, 4), (1, 2), (0, 1)] {
            let mut log = Rotating::open(&path, 10, keep).unwrap();
            (0..9).for_each(|n| writeln!(log, "line {n}").unwrap());
            assert_eq!(names(), files, "{keep}");
            assert!(std::fs::read_to_string(&path).unwrap().ends_with("line 8\n"));
        }
    }

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
