//! The volume as retention sees it: is it the right one, and how much is free.

use std::path::{Path, PathBuf};

use super::Error;
use crate::local::probe;

/// Space of a volume, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// That may still be written.
    pub free: u64,
    /// In all.
    pub total: u64,
}

/// The root of a volume with the id that it must have.
#[derive(Clone, Debug)]
pub struct VolumeRoot {
    root: PathBuf,
    id: String,
}

impl VolumeRoot {
    /// The volume at `root` with the id that the database knows.
    #[must_use]
    pub const fn new(root: PathBuf, id: String) -> Self {
        Self { root, id }
    }

    /// The root.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Asks the disk. Blocks on it.
    ///
    /// # Errors
    /// [`Error::Volume`] when another volume, or none, is there: nothing found there, or missing there,
    /// says anything about the segments.
    pub fn space(&self) -> Result<Space, Error> {
        probe(&self.root, Some(&self.id))?;
        let stat = rustix::fs::statvfs(&self.root).map_err(std::io::Error::from);
        let stat = stat.map_err(crate::Error::from)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(Space { free: bytes(stat.f_bavail), total: bytes(stat.f_blocks) })
    }

    /// [`VolumeRoot::space`] on a thread that may wait.
    pub(crate) async fn space_later(&self) -> Result<Space, Error> {
        let volume = self.clone();
        let asked = tokio::task::spawn_blocking(move || volume.space());
        asked.await.map_err(|_| Error::Interrupted)?
    }
}
