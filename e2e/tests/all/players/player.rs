//! A player that runs, and what it has shown and said so far. Whatever its kind, it prints `frame=N` again and again;
//! one that shows several streams puts a name before each.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Process, wait_for};

use super::SOON;

/// What one player shows of one stream.
struct Screen {
    name: String,
    frames: u64,
    moved: Instant,
    first: Option<Duration>,
    freeze: Duration,
}

pub(super) struct Player {
    name: String,
    process: Process,
    began: Instant,
    log: PathBuf,
    usual: &'static [&'static str],
    screens: Vec<Screen>,
}

impl Player {
    /// Starts one. `usual` is what it says of every server; `screens` are the names before its counts, if any.
    pub(super) fn start(
        name: &str,
        command: &mut Command,
        folder: &Path,
        usual: &'static [&'static str],
        screens: &[&str],
    ) -> Result<Self> {
        let log = folder.join(name.replace(' ', "_"));
        let process = Process::start(command, &log).with_context(|| name.to_owned())?;
        let began = Instant::now();
        let screen = |name: &&str| Screen {
            name: (*name).to_owned(),
            frames: 0,
            moved: began,
            first: None,
            freeze: Duration::ZERO,
        };
        let screens = screens.iter().map(screen).collect();
        Ok(Self { name: name.to_owned(), process, began, log, usual, screens })
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read(&self.log).unwrap_or_default();
        // mpv goes back to the line's beginning and clears it.
        let text = String::from_utf8_lossy(&text).replace("\u{1b}[K", "\n").replace('\r', "\n");
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    }

    /// Notes what it has shown so far.
    pub(super) fn look(&mut self) {
        let (lines, now) = (self.lines(), Instant::now());
        for screen in &mut self.screens {
            let count = |line: &String| {
                line.strip_prefix(&screen.name)?.trim().strip_prefix("frame=")?.trim().parse().ok()
            };
            let frames: u64 = lines.iter().rev().find_map(count).unwrap_or(0);
            if frames == screen.frames {
                continue;
            }
            if screen.first.is_none() {
                screen.first = Some(self.began.elapsed());
            } else {
                screen.freeze = screen.freeze.max(now.duration_since(screen.moved));
            }
            (screen.frames, screen.moved) = (frames, now);
        }
    }

    /// What it has said that is neither of `permitted` nor what it says of every server, and whether it ended.
    pub(super) fn complaints(&mut self, permitted: &[&str]) -> Vec<String> {
        let is_progress = |line: &str| {
            let names = self.screens.iter().filter_map(|screen| line.strip_prefix(&screen.name));
            let mut names = names.chain([line]).filter_map(|line| line.trim().split_once('='));
            names.any(|(key, _)| {
                key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            })
        };
        let usual = self.usual.iter().chain(permitted);
        let is_usual = |line: &str| usual.clone().any(|usual| line.contains(usual));
        let mut said: Vec<String> = self
            .lines()
            .iter()
            .filter(|line| !is_progress(line) && !is_usual(line))
            .map(|line| format!("{}: {line}", self.name))
            .collect();
        if let Ok(Some(status)) = self.process.ended() {
            said.push(format!("{}: it ended with {status}", self.name));
        }
        said
    }

    /// The longest time between two pictures that it measured itself, in milliseconds.
    pub(super) fn freeze_ms(&self) -> Option<u64> {
        let value = |line: &String| line.split_once("freeze_ms=")?.1.trim().parse().ok();
        self.lines().iter().rev().find_map(value)
    }

    /// The pictures that its first screen has shown.
    pub(super) fn frames(&self) -> u64 {
        self.screens.first().map_or(0, |screen| screen.frames)
    }

    /// Prints how it went.
    pub(super) fn tell(&self) {
        for Screen { name, frames, first, freeze, .. } in &self.screens {
            let first = first.map_or(0, |first| first.as_millis());
            println!(
                "{} {name}: started and first picture {first} ms, {frames} pictures, longest step {} ms",
                self.name,
                freeze.as_millis()
            );
        }
    }
}

/// Waits until every one has shown a picture.
pub(super) fn wait_first(players: &mut [Player]) -> Result<()> {
    wait_all(players, SOON, |screen| screen.first.is_some())
}

/// Waits until every one has shown something that it has not shown yet now.
pub(super) fn wait_more(players: &mut [Player], seconds: f64) -> Result<()> {
    let now = Instant::now();
    // One picture may have been on its way; whoever plays on shows another half a second later.
    let later = now + Duration::from_millis(500);
    wait_all(players, Duration::from_secs_f64(seconds), |screen| screen.moved > later)
}

fn wait_all(
    players: &mut [Player],
    deadline: Duration,
    is_done: impl Fn(&Screen) -> bool,
) -> Result<()> {
    let done = wait_for("all players", deadline, || {
        players.iter_mut().for_each(Player::look);
        let all = players.iter().all(|player| player.screens.iter().all(&is_done));
        Ok(all.then_some(()))
    });
    if done.is_ok() {
        return Ok(());
    }
    let mut said = Vec::new();
    for player in players {
        let missing = player.screens.iter().filter(|screen| !is_done(screen));
        let missing: Vec<&str> = missing.map(|screen| screen.name.as_str()).collect();
        let is_missing = !missing.is_empty();
        if is_missing {
            said.push(format!("{}: shows nothing (more) {missing:?}", player.name));
        }
        said.extend(player.complaints(&[]));
    }
    ensure!(said.is_empty(), "{}", said.join("\n"));
    done
}
