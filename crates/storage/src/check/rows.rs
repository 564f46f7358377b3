//! From the rows to the files: whether each segment is there as it was sealed.

use std::fs::File;
use std::io;
use std::path::Path;

use base::CameraId;
use catalog::{Removal, Removals, Rule, Sealed, Segment, SegmentId, SegmentState, Segments};

use super::{Check, Difference, Error};
use crate::repair::{self, blocking, hash, repair_segment, shorten};
use crate::retention::file_of;

const PAGE_LEN: u32 = 500;
/// A removal that was begun longer ago is not under way any more.
const REMOVAL_MICROS_MAX: i64 = 300_000_000;

/// What a sealed segment's file is.
enum Found {
    AsSealed,
    Gone,
    Length(u64),
    Changed,
    Unreadable(io::Error),
}

impl Check<'_> {
    pub(super) async fn rows(&mut self) -> Result<(), Error> {
        let mut after = SegmentId(i64::MIN);
        loop {
            let camera: Option<&CameraId> = self.options.camera.as_ref();
            let rows = self.remover.database().stored(camera, after, PAGE_LEN).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            for row in rows {
                self.row(row).await?;
            }
        }
        if self.options.repair {
            self.remover.finish_begun(self.now).await?;
        }
        Ok(())
    }

    async fn row(&mut self, row: Segment) -> Result<(), Error> {
        let path = row.new.path.clone();
        if let Some(removal) = &row.removal {
            if self.now.micros_since(removal.at) > REMOVAL_MICROS_MAX {
                self.found(Difference::HalfRemoved { path }, self.options.repair);
            }
            return Ok(());
        }
        let Some(sealed) = row.sealed.clone() else { return self.unsealed(row).await };
        let found = self.examine(&path, &sealed).await?;
        if matches!(found, Found::AsSealed) {
            return Ok(());
        }
        // It may have been removed while it was read.
        let again = self.remover.database().segment(row.id).await?;
        if again != row {
            return Ok(());
        }
        let (difference, mended) = match found {
            Found::AsSealed => return Ok(()),
            Found::Gone => (Difference::FileGone { path }, self.mark_lost(&row).await?),
            Found::Length(found) => {
                let mended = found < sealed.bytes && self.mend_short(&row).await?;
                (Difference::WrongLength { path, expected: sealed.bytes, found }, mended)
            }
            Found::Changed => (Difference::BytesChanged { path }, false),
            Found::Unreadable(error) => {
                (Difference::Unreadable { path, error: error.to_string() }, false)
            }
        };
        self.found(difference, mended);
        Ok(())
    }

    /// A segment that is being recorded, or that a crash left so.
    async fn unsealed(&mut self, row: Segment) -> Result<(), Error> {
        if !self.options.is_alone || row.state != SegmentState::Recording {
            return Ok(());
        }
        if self.options.repair {
            let root = self.remover.volume().path();
            let (database, lost) = (self.remover.database(), &self.options.lost_found);
            let mut report = repair::Report::default();
            repair_segment(database, root, lost, &row, &mut report).await?;
        }
        self.found(Difference::NotSealed { path: row.new.path }, self.options.repair);
        Ok(())
    }

    async fn examine(&mut self, path: &str, sealed: &Sealed) -> Result<Found, Error> {
        let Some(file) = file_of(self.remover.volume().path(), path) else {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "not a path of a segment");
            return Ok(Found::Unreadable(error));
        };
        let expected = sealed.clone();
        let found = blocking(move || examine(&file, &expected)).await?;
        self.report.segments += 1;
        self.report.bytes += sealed.bytes;
        Ok(found.unwrap_or_else(Found::Unreadable))
    }

    /// The row of a file that is gone says so; an archived segment is still in the archive.
    async fn mark_lost(&self, row: &Segment) -> Result<bool, Error> {
        if !self.options.repair {
            return Ok(false);
        }
        let database = self.remover.database();
        let removal = Removal { rule: Rule::Lost, at: self.now, by: None };
        let begun = database.begin_removal(&[row.id], &removal).await?;
        database.finish_removal(&begun).await?;
        Ok(!begun.is_empty())
    }

    /// What is left of a file is kept, and the row agrees with it. What was sealed is what the archive
    /// confirms: an archived row is not changed.
    async fn mend_short(&self, row: &Segment) -> Result<bool, Error> {
        let is_ours =
            matches!(row.state, SegmentState::Created | SegmentState::Retry | SegmentState::Failed);
        if !self.options.repair || !is_ours {
            return Ok(false);
        }
        let root = self.remover.volume().path();
        if shorten(self.remover.database(), root, &self.options.lost_found, row).await? {
            return Ok(true);
        }
        self.mark_lost(row).await
    }
}

fn examine(path: &Path, sealed: &Sealed) -> io::Result<Found> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Gone),
        Err(error) => return Err(error),
    };
    let len = file.metadata()?.len();
    if len != sealed.bytes {
        return Ok(Found::Length(len));
    }
    Ok(if hash(&file)? == sealed.sha256 { Found::AsSealed } else { Found::Changed })
}
