//! What a crash left, made whole: torn files are cut to their last whole fragment and indexed.
//!
//! Runs at start, before anything is recorded, and may be killed and run again at any point: each
//! step leaves row and file such that the next run finishes it. Reads files on blocking threads.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use base::Wall;
use catalog::{Database, Gap, GapReason, Ledger, NewSegment, Removals, Sealed, Segment, Segments};
use sha2::{Digest, Sha256};

use crate::file::{self, Found};
use crate::keys;

/// Files of one name in `lost+found`.
const NAMES_MAX: u32 = 1_000;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Segments that were open and are whole now.
    pub sealed: u64,
    /// Of these, files that ended torn and were cut.
    pub cut: u64,
    /// Rows whose file held nothing to keep.
    pub discarded: u64,
    /// Files without a row that were indexed.
    pub indexed: u64,
    /// Files that cannot be played, now in `lost+found`.
    pub lost: u64,
}

/// Why repair could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The catalogue.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The disk.
    #[error("{path}: {source}")]
    Disk {
        /// Which file.
        path: String,
        /// What the disk said.
        source: std::io::Error,
    },
    /// The thread that read the disk ended.
    #[error("repair was interrupted")]
    Interrupted,
}

/// What became of one file.
enum Outcome {
    Whole { bytes: u64, duration_us: i64, sha256: [u8; 32], codecs: String, cut: bool },
    Nothing,
    Unplayable,
}

/// Repairs all segments that the catalogue holds as being recorded, and indexes the newest files that
/// it does not know. `lost_found` takes what cannot be played.
///
/// # Errors
/// When the catalogue or the disk fails; what was done so far stays done.
pub async fn run(database: &Database, root: &Path, lost_found: &Path) -> Result<Report, Error> {
    let mut report = Report::default();
    for segment in database.open_segments().await? {
        repair_segment(database, root, lost_found, &segment, &mut report).await?;
    }
    Ok(report)
}

/// Repairs the file of one segment whose row is still in state `RECORDING`.
///
/// # Errors
/// As [`run`].
pub async fn repair_segment(
    database: &Database,
    root: &Path,
    lost_found: &Path,
    segment: &Segment,
    report: &mut Report,
) -> Result<(), Error> {
    let path = segment.new.path.clone();
    let (file, lost) = (root.join(&path), lost_found.join(&path));
    match blocking(move || make_whole(&file, &lost))
        .await?
        .map_err(|source| Error::Disk { path, source })?
    {
        Outcome::Whole { bytes, duration_us, sha256, cut, .. } => {
            let end = segment.new.start.plus_micros(duration_us);
            let sealed = Sealed { end, duration_us, bytes, sha256 };
            database.seal_segment(segment.id, &sealed).await?;
            report.sealed += 1;
            report.cut += u64::from(cut);
        }
        Outcome::Nothing => {
            database.discard_segment(segment.id).await?;
            report.discarded += 1;
        }
        Outcome::Unplayable => {
            database.discard_segment(segment.id).await?;
            report.lost += 1;
        }
    }
    tracing::info!(camera = %segment.new.camera, path = %segment.new.path, "segment repaired");
    Ok(())
}

/// Indexes files that have no row: none can come from this program, but a database may have been
/// restored from an older copy.
///
/// # Errors
/// As [`run`].
pub async fn index_strangers(
    database: &Database,
    root: &Path,
    lost_found: &Path,
) -> Result<Report, Error> {
    let mut report = Report::default();
    let walked = root.to_owned();
    for path in blocking(move || list_files(&walked)).await? {
        if keys::parse_segment(&path).is_some() && database.segment_by_path(&path).await?.is_none()
        {
            index_stranger(database, root, lost_found, path, &mut report).await?;
        }
    }
    Ok(report)
}

/// Indexes a file of a segment's name that has no row.
///
/// # Errors
/// As [`run`].
pub(crate) async fn index_stranger(
    database: &Database,
    root: &Path,
    lost_found: &Path,
    path: String,
    report: &mut Report,
) -> Result<(), Error> {
    let Some((camera, start)) = keys::parse_segment(&path) else { return Ok(()) };
    let (file, lost, name) = (root.join(&path), lost_found.join(&path), path.clone());
    let outcome = blocking(move || make_whole(&file, &lost)).await?;
    match outcome.map_err(|source| Error::Disk { path: name, source })? {
        Outcome::Whole { bytes, duration_us, sha256, codecs, .. } => {
            let stream = camera.main_path();
            let format = if path.ends_with(".ts") { "ts" } else { "fmp4" }.to_owned();
            let new = NewSegment { camera, stream, path, start, format, codecs };
            let id = database.create_segment(&new).await?;
            let end = new.start.plus_micros(duration_us);
            database.seal_segment(id, &Sealed { end, duration_us, bytes, sha256 }).await?;
            report.indexed += 1;
        }
        Outcome::Nothing => report.discarded += 1,
        Outcome::Unplayable => report.lost += 1,
    }
    Ok(())
}

/// Makes a sealed row agree with what is left of its file, which is shorter than it was: torn ends are cut,
/// the span that is lost becomes a gap. False when the file cannot be played; it is in `lost_found` then.
///
/// # Errors
/// As [`run`].
pub(crate) async fn shorten(
    database: &Database,
    root: &Path,
    lost_found: &Path,
    segment: &Segment,
) -> Result<bool, Error> {
    let path = segment.new.path.clone();
    let (file, lost) = (root.join(&path), lost_found.join(&path));
    let outcome = blocking(move || make_whole(&file, &lost)).await?;
    let outcome = outcome.map_err(|source| Error::Disk { path, source })?;
    let Outcome::Whole { bytes, duration_us, sha256, .. } = outcome else { return Ok(false) };
    let end = segment.new.start.plus_micros(duration_us);
    database.reseal_segment(segment.id, &Sealed { end, duration_us, bytes, sha256 }).await?;
    let gap = Gap {
        camera: segment.new.camera.clone(),
        start: end,
        end: segment.sealed.as_ref().map(|sealed| sealed.end.max(end)),
        reason: GapReason::Disk,
    };
    database.add_gap(&gap).await?;
    Ok(true)
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Interrupted)
}

fn make_whole(path: &Path, lost: &Path) -> std::io::Result<Outcome> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Outcome::Nothing),
        Err(error) => return Err(error),
    };
    let found = match file::look(path, &file)? {
        Found::Playable(found) => found,
        Found::Nothing => {
            fs::remove_file(path)?;
            return Ok(Outcome::Nothing);
        }
        Found::Unplayable => return set_aside_unplayable(path, lost),
    };
    if found.torn {
        file.set_len(found.valid_len)?;
        file.sync_all()?;
    }
    Ok(Outcome::Whole {
        bytes: found.valid_len,
        duration_us: found.duration_us,
        sha256: hash(&file)?,
        codecs: found.tracks.rfc6381(),
        cut: found.torn,
    })
}

fn set_aside_unplayable(path: &Path, lost: &Path) -> std::io::Result<Outcome> {
    set_aside(path, lost)?;
    tracing::warn!(path = %path.display(), "file cannot be played, moved to lost+found");
    Ok(Outcome::Unplayable)
}

/// Moves a file to `lost`, or to `lost.2` and so on where one is there already.
pub(crate) fn set_aside(path: &Path, lost: &Path) -> std::io::Result<()> {
    let numbered = |number: u32| PathBuf::from(format!("{}.{number}", lost.display()));
    let mut names = std::iter::once(lost.to_owned()).chain((2..NAMES_MAX).map(numbered));
    let taken = || std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    let lost = &names.find(|name| !name.exists()).ok_or_else(taken)?;
    if let Some(parent) = lost.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::rename(path, lost) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            fs::copy(path, lost)?;
            fs::remove_file(path)?;
        }
        moved => moved?,
    }
    Ok(())
}

pub(crate) fn hash(mut file: &File) -> std::io::Result<[u8; 32]> {
    use std::io::Seek;
    file.seek(std::io::SeekFrom::Start(0))?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// All files below `root`, relative to it, in no order. Folders that cannot be read are passed over.
pub(crate) fn list_files(root: &Path) -> Vec<String> {
    let (mut folders, mut files) = (vec![PathBuf::new()], Vec::new());
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => files.extend(path.to_str().map(str::to_owned)),
                _ => {}
            }
        }
    }
    files
}

/// The wall time until which a repaired segment reaches; for logs and gaps.
#[must_use]
pub fn end_of(segment: &Segment) -> Wall {
    segment.sealed.as_ref().map_or(segment.new.start, |sealed| sealed.end)
}

#[cfg(test)]
pub(crate) mod tests;
