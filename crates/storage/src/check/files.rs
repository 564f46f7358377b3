//! From the files to the rows: what is there that is not known.

use catalog::{Place, Segments};

use super::{Check, Difference, Error};
use crate::repair::{self, blocking, index_stranger, list_files, set_aside};
use crate::{keys, retention};

/// Files of ours beside segments.
const OURS: [&str; 3] = [".vedette-volume", "live.m3u8", ".live.m3u8"];

impl Check<'_> {
    pub(super) async fn files(&mut self) -> Result<(), Error> {
        let root = self.remover.volume().path().to_owned();
        // Files are listed first: whatever is recorded meanwhile has its row before its file.
        let paths = blocking(move || list_files(&root)).await?;
        for path in paths {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            let camera = folder.split('/').next().unwrap_or_default();
            if self.options.camera.as_ref().is_some_and(|only| only.as_str() != camera) {
                continue;
            }
            if !OURS.contains(&name) {
                self.file(path).await?;
            }
        }
        Ok(())
    }

    async fn file(&mut self, path: String) -> Result<(), Error> {
        if keys::parse_segment(&path).is_none() {
            let mended = self.options.repair && self.set_aside(&path).await?;
            self.found(Difference::Foreign { path }, mended);
            return Ok(());
        }
        let root = self.remover.volume().path().to_owned();
        match self.remover.database().segment_by_path(&path).await? {
            Some(row) if row.place == Place::Local => {}
            Some(_) if !root.join(&path).exists() => {}
            Some(_) => {
                let mended = self.options.repair && self.set_aside(&path).await?;
                self.found(Difference::FileLeft { path }, mended);
            }
            None => {
                let mut report = repair::Report::default();
                if self.options.repair {
                    let (database, lost) = (self.remover.database(), &self.options.lost_found);
                    index_stranger(database, &root, lost, path.clone(), &mut report).await?;
                }
                let mended = report != repair::Report::default();
                self.found(Difference::RowMissing { path }, mended);
            }
        }
        Ok(())
    }

    /// Moves a file to `lost+found`.
    async fn set_aside(&self, path: &str) -> Result<bool, Error> {
        let file = self.remover.volume().path().join(path);
        let lost = self.options.lost_found.join(path);
        let moved = blocking(move || set_aside(&file, &lost)).await?;
        moved.map_err(|source| retention::Error::Disk { path: path.to_owned(), source })?;
        Ok(true)
    }
}
