//! Compares what is known with what is there: ledger, rows and files. Says each difference, and mends what
//! can be mended when asked to; never deletes footage.
//!
//! May run beside a server: what changes meanwhile is looked at again before it is called a difference.

mod difference;
mod files;
mod rows;
mod times;

use std::path::PathBuf;

use base::{CameraId, Wall};

use crate::retention::{self, Remover};

pub use difference::{Difference, Finding};

/// What to check, and what to do about it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only this camera.
    pub camera: Option<CameraId>,
    /// Mend what can be mended.
    pub repair: bool,
    /// No server runs: what is being recorded is not, and is repaired too.
    pub is_alone: bool,
    /// Where files go that are not ours or cannot be played.
    pub lost_found: PathBuf,
}

/// What was looked at and found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Segments whose file was read.
    pub segments: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Differences.
    pub differences: u64,
    /// Of these, mended.
    pub mended: u64,
}

/// Why the comparison could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Catalogue, volume or disk.
    #[error(transparent)]
    Retention(#[from] retention::Error),
    /// A repair.
    #[error(transparent)]
    Repair(#[from] crate::repair::Error),
}

impl From<catalog::Error> for Error {
    fn from(error: catalog::Error) -> Self {
        Self::Retention(error.into())
    }
}

/// Called with each finding as it is found.
pub type Tell<'a> = &'a mut (dyn FnMut(&Finding) + Send);

/// A comparison under way.
struct Check<'a> {
    remover: &'a Remover,
    options: &'a Options,
    now: Wall,
    report: Report,
    tell: Tell<'a>,
}

/// Compares all there is, and tells each difference. Reads every byte of every segment.
///
/// # Errors
/// When the volume is not the right one, the catalogue fails, or mending does; what was mended stays so.
pub async fn run(
    remover: &Remover,
    options: &Options,
    now: Wall,
    tell: Tell<'_>,
) -> Result<Report, Error> {
    remover.volume().space_later().await?;
    let mut check = Check { remover, options, now, report: Report::default(), tell };
    check.files().await?;
    check.rows().await?;
    check.times().await?;
    Ok(check.report)
}

impl Check<'_> {
    fn found(&mut self, difference: Difference, mended: bool) {
        self.report.differences += 1;
        self.report.mended += u64::from(mended);
        (self.tell)(&Finding { difference, mended });
    }

    fn is_asked(&self, camera: &CameraId) -> bool {
        self.options.camera.as_ref().is_none_or(|only| only == camera)
    }
}

#[cfg(test)]
mod tests;
