//! The disks: room, speed, and whether they can be written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Finding, Level, nearest};
use crate::config::Config;

/// As much is written to measure a disk, and removed again.
const TRIAL_LEN: usize = 32 << 20;
const BLOCK_LEN: usize = 1 << 20;
/// A slower trial ends here.
const TRIAL_MAX: Duration = Duration::from_secs(10);
/// Below this a disk is slow for recordings.
const SLOW_RATE: u64 = 20;
const SLOW_SYNC: Duration = Duration::from_millis(500);

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let config = config.clone();
    // A disk that hangs holds this thread and not the others' findings.
    let looking = tokio::task::spawn_blocking(move || examine_blocking(&config));
    looking.await.unwrap_or_default()
}

fn examine_blocking(config: &Config) -> Vec<Finding> {
    let folders = [
        ("data_dir", config.data_dir.clone()),
        ("storage.segments_dir", config.path("storage.segments_dir")),
        ("temp_dir", config.path("temp_dir")),
    ];
    let (mut found, mut disks) = (Vec::new(), Vec::new());
    for (key, folder) in folders {
        let there = nearest(&folder);
        let device = fs::metadata(&there).map(|meta| meta.dev()).ok();
        if key != "temp_dir" && !disks.contains(&device) {
            disks.push(device);
            found.extend(room(config, &there));
            match speed(&there) {
                Ok(finding) => found.push(finding),
                Err(error) => found.push(cannot_write(key, &folder, &error)),
            }
            continue;
        }
        let written = Trial::new(&there).and_then(|mut trial| trial.file.write_all(b"x"));
        found.push(match written {
            Ok(()) => {
                let values = [("key", key.to_owned()), ("path", folder.display().to_string())];
                Finding::new(Level::Ok, "doctor_write_good", values)
            }
            Err(error) => cannot_write(key, &folder, &error),
        });
    }
    found
}

fn cannot_write(key: &str, folder: &Path, error: &io::Error) -> Finding {
    let path = folder.display().to_string();
    let values = [("key", key.to_owned()), ("path", path), ("reason", error.to_string())];
    Finding::new(Level::Fault, "doctor_write_bad", values)
}

fn room(config: &Config, folder: &Path) -> Option<Finding> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    let (free, total) = (bytes(stat.f_bavail), bytes(stat.f_blocks));
    let least = config.settings.size("storage.min_free").min(total / 20);
    let percent = u64::try_from(config.settings.int("alerts.disk_percent")).unwrap_or(85);
    let is_filling = free < total / 100 * 100_u64.saturating_sub(percent);
    let (level, code) = match (free < least, is_filling) {
        (true, _) => (Level::Fault, "doctor_space_low"),
        (false, true) => (Level::Warning, "doctor_space_filling"),
        (false, false) => (Level::Ok, "doctor_space_good"),
    };
    let values = [
        ("path", folder.display().to_string()),
        ("free", (free / 1_000_000_000).to_string()),
        ("total", (total / 1_000_000_000).to_string()),
        ("percent", percent.to_string()),
    ];
    Some(Finding::new(level, code, values))
}

/// Writes and syncs, and says how fast that was.
fn speed(folder: &Path) -> io::Result<Finding> {
    let mut trial = Trial::new(folder)?;
    // Not zeros: some disks do not write those.
    let block: Vec<u8> = (0..=u8::MAX).cycle().take(BLOCK_LEN).collect();
    let (began, mut len) = (Instant::now(), 0_u64);
    while len < TRIAL_LEN as u64 && began.elapsed() < TRIAL_MAX {
        trial.file.write_all(&block)?;
        len += BLOCK_LEN as u64;
    }
    trial.file.sync_data()?;
    let whole = began.elapsed();
    trial.file.write_all(b"x")?;
    let began = Instant::now();
    trial.file.sync_data()?;
    let sync = began.elapsed();
    let rate = u128::from(len) / whole.as_micros().max(1);
    let is_slow = rate < u128::from(SLOW_RATE) || sync > SLOW_SYNC;
    let (level, code) = match is_slow {
        true => (Level::Warning, "doctor_speed_slow"),
        false => (Level::Ok, "doctor_speed_good"),
    };
    let values = [
        ("path", folder.display().to_string()),
        ("rate", rate.to_string()),
        ("sync", sync.as_millis().to_string()),
    ];
    Ok(Finding::new(level, code, values))
}

/// A file that is removed when it goes out of use.
struct Trial {
    path: PathBuf,
    file: File,
}

impl Trial {
    fn new(folder: &Path) -> io::Result<Self> {
        let path = folder.join(format!(".vedette-doctor-{}", base::id::random_hex()));
        let file = File::create_new(&path)?;
        Ok(Self { path, file })
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = fs::remove_file(&self.path);
    }
}
