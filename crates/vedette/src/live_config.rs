//! Configuration that lives: the file is watched, its cameras take effect one by one, and an edit that
//! is wrong changes nothing.
//!
//! Looked at once a second by content rather than by events: editors that rename, network file
//! systems and mounted secrets all look the same this way. Runs in the server's own task.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use base::health::{Board, Health};

use crate::config::{Camera, Config, Faults, Loaded, Source, restart_keys};
use crate::wire::{self, Running};

/// Between two looks. An edit has settled when two looks find the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Of each file as much as is compared.
const READ_MAX: u64 = 4 << 20;
/// Of the faults as much as is shown on the board.
const SHOWN_MAX: usize = 4_000;
const PART: &str = "configuration";

/// The configuration in force and the watch over its files.
pub struct LiveConfig {
    source: Source,
    files: Vec<PathBuf>,
    settle: Settle,
    /// As the server was started, with the cameras of now: what is not of cameras stays so.
    in_force: Config,
    told: Told,
}

/// What was said last, so that it is said once.
#[derive(Default)]
struct Told {
    faults: String,
    restart: Vec<&'static str>,
}

/// An edit that has settled, and the mark by which it is known.
pub struct Edit {
    loaded: Loaded,
    mark: u64,
}

impl LiveConfig {
    /// Watches what `started` was read from. `None` where that cannot be read twice: a pipe.
    pub fn new(source: Source, started: &Config) -> Option<Self> {
        let source = source.again(started);
        let file = source.file();
        if file.as_ref().is_some_and(|path| path.exists() && !path.is_file()) {
            tracing::info!("the configuration is no file and is not watched");
            return None;
        }
        Some(Self {
            files: source.load().files,
            source,
            settle: Settle::default(),
            in_force: started.clone(),
            told: Told::default(),
        })
    }

    /// Waits for the next edit that has settled. Cancel-safe: an edit that was not taken is found
    /// again.
    pub async fn edited(&mut self) -> Edit {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let (files, source) = (self.files.clone(), self.source.clone());
            let Ok(mark) = tokio::task::spawn_blocking(move || mark_of(&files)).await else {
                continue;
            };
            if !self.settle.look(mark) {
                continue;
            }
            // Read after the mark was made: what is written in between is found at the next look.
            if let Ok(loaded) = tokio::task::spawn_blocking(move || source.load()).await {
                return Edit { loaded, mark };
            }
        }
    }

    /// Makes `running` what the edit says; one with faults is shown and changes nothing.
    pub async fn take(&mut self, edit: Edit, running: &mut Running) {
        let Edit { loaded, mark } = edit;
        self.files = loaded.files;
        let board = running.board().clone();
        let built = |config: Config| match wire::refuse_cameras(&config.cameras) {
            Ok(()) => Ok(config),
            Err(error) => Err(format!("{error:#}")),
        };
        let text = |faults: Faults| faults.to_string();
        match loaded.result.map_err(text).and_then(built) {
            Err(faults) => {
                self.settle.done(mark);
                self.refused(&board, faults);
            }
            Ok(config) => {
                let next = Config {
                    cameras: config.cameras.clone(),
                    paths: config.paths.clone(),
                    ..self.in_force.clone()
                };
                match running.apply(&next).await {
                    Ok(()) => {
                        self.settle.done(mark);
                        self.taken(&board, &config);
                        self.in_force = next;
                    }
                    // Not done: tried again at the next look.
                    Err(error) => {
                        self.refused(&board, format!("the database refused it: {error}"));
                    }
                }
            }
        }
    }

    fn refused(&mut self, board: &Board, faults: String) {
        if self.told.faults != faults {
            // One line in the log, whatever the number of faults.
            let faults = faults.replace('\n', " | ");
            tracing::error!(faults, "configuration refused, what was in force stays in force");
        }
        let shown: String = faults.chars().take(SHOWN_MAX).collect();
        board.explain(PART, Health::Degraded, "refused", shown);
        self.told.faults = faults;
    }

    fn taken(&mut self, board: &Board, config: &Config) {
        let change = Change::between(&self.in_force.cameras, &config.cameras);
        if change != Change::default() {
            let Change { added, changed, removed } = change;
            tracing::info!(?added, ?changed, ?removed, "cameras of the configuration changed");
        }
        if self.in_force.paths != config.paths {
            tracing::info!(rules = config.paths.len(), "paths of the configuration changed");
        }
        if !std::mem::take(&mut self.told.faults).is_empty() {
            tracing::info!("configuration is in order again");
        }
        let restart = restart_keys(&self.in_force, config);
        if !restart.is_empty() && restart != self.told.restart {
            tracing::warn!(keys = restart.join(", "), "changed keys need a restart");
        }
        let detail = match restart.is_empty() {
            true => String::new(),
            false => format!("a restart is needed for {}", restart.join(", ")),
        };
        board.explain(PART, Health::Healthy, "", detail);
        self.told.restart = restart;
    }
}

/// Which cameras an edit touches, by id.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
}

impl Change {
    fn between(before: &[Camera], after: &[Camera]) -> Self {
        let ids = |cameras: &[Camera]| -> BTreeSet<String> {
            cameras.iter().map(|camera| camera.id.to_string()).collect()
        };
        let (old, new) = (ids(before), ids(after));
        let known = after.iter().filter(|camera| old.contains(camera.id.as_str()));
        let changed = known.filter(|camera| !before.contains(camera));
        Self {
            added: new.difference(&old).cloned().collect(),
            changed: changed.map(|camera| camera.id.to_string()).collect(),
            removed: old.difference(&new).cloned().collect(),
        }
    }
}

/// When an edit has settled. Pure.
#[derive(Debug, Default)]
struct Settle {
    seen: Option<u64>,
    done: Option<u64>,
}

impl Settle {
    /// A look found `mark`: true when it is new and the look before found the same.
    fn look(&mut self, mark: u64) -> bool {
        self.seen.replace(mark) == Some(mark) && self.done != Some(mark)
    }

    /// The edit of this mark needs no more.
    fn done(&mut self, mark: u64) {
        self.done = Some(mark);
    }
}

/// A number that stands for the content of all files. What is no file says nothing.
fn mark_of(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in files {
        path.hash(&mut hasher);
        content(path).hash(&mut hasher);
    }
    hasher.finish()
}

fn content(path: &PathBuf) -> Option<Vec<u8>> {
    // Opening a pipe would wait for whoever writes to it.
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(READ_MAX).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::config::{Environment, load_text};

    fn cameras(yaml: &str) -> Vec<Camera> {
        let path = std::path::Path::new("a.yaml");
        load_text(path, yaml, &Environment::default(), path).unwrap().cameras
    }

    #[test]
    fn an_edit_is_taken_when_two_looks_find_the_same_and_only_once() {
        let mut settle = Settle::default();
        assert!(!settle.look(1));
        assert!(settle.look(1), "not taken yet: it is offered again");
        assert!(settle.look(1));
        settle.done(1);
        assert!(!settle.look(1));
        // Half written, then whole.
        assert!(!settle.look(2) && !settle.look(3) && settle.look(3));
        settle.done(3);
        // Taken back: that is an edit too.
        assert!(!settle.look(1) && settle.look(1));
    }

    #[test]
    fn content_decides_and_not_the_time_or_the_inode() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![folder.path().join("a"), folder.path().join(".env")];
        let none = mark_of(&files);
        std::fs::write(&files[0], "1").unwrap();
        let first = mark_of(&files);
        std::fs::write(folder.path().join("new"), "1").unwrap();
        std::fs::rename(folder.path().join("new"), &files[0]).unwrap();
        assert_eq!(mark_of(&files), first);
        std::fs::write(&files[1], "").unwrap();
        let marks = [none, first, mark_of(&files)];
        assert_eq!(marks.iter().collect::<BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn an_edit_touches_only_the_cameras_that_it_names() {
        let before = cameras(
            "cameras: [{ id: a, url: \"rtsp://h/1\" }, { id: b, url: \"rtsp://h/2\" }, { id: c, url: \"rtsp://h/3\" }]",
        );
        let after = cameras(
            "\n\ncameras: [{ id: d, url: \"rtsp://h/4\" }, { id: b, url: \"rtsp://u:p@h/2\" }, { id: a, url: \"rtsp://h/1\" }]",
        );
        let names = |id: &str| vec![id.to_owned()];
        let expected = Change { added: names("d"), changed: names("b"), removed: names("c") };
        assert_eq!(Change::between(&before, &after), expected);
        assert_eq!(Change::between(&after, &after), Change::default());
    }
}
