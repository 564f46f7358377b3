//! Removes segments: the row says so, the file goes, the row is finished. May be killed at any point.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use base::Wall;
use catalog::{Database, Removal, Removals, Rule, Segment, SegmentId};

use super::{Error, Planned, VolumeRoot};
use crate::metrics::RetentionMetrics;

/// Segments in one step of the database.
const BATCH_LEN: usize = 64;
/// With less free than this the database may be refused its own writes.
const DATABASE_NEEDS: u64 = 4 << 20;
/// How old what lay in a folder must be before the folder goes: hour, day, month, year. Younger ones may be
/// about to be written to.
const FOLDER_AGES_SECS: [i64; 4] = [2 * 3_600, 2 * 86_400, 62 * 86_400, 732 * 86_400];

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Segments.
    pub segments: u64,
    /// Bytes by their rows.
    pub bytes: u64,
}

/// Removes segments. Several may work at once, in several processes: a row is begun by one.
#[derive(Clone)]
pub struct Remover {
    database: Database,
    volume: VolumeRoot,
    metrics: RetentionMetrics,
}

/// Files that are gone now, and why the rest is not.
struct Deleted {
    gone: Vec<SegmentId>,
    was_missing: bool,
    failed: Option<Error>,
}

impl Remover {
    /// A remover of segments of `volume`.
    #[must_use]
    pub const fn new(database: Database, volume: VolumeRoot, metrics: RetentionMetrics) -> Self {
        Self { database, volume, metrics }
    }

    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) const fn volume(&self) -> &VolumeRoot {
        &self.volume
    }

    /// Removes what is planned, in order, as far as it still may go. `by` is who asked, if somebody did.
    /// Dropping the future leaves removals that [`Remover::finish_begun`] completes.
    ///
    /// # Errors
    /// At the first file that cannot be deleted, or the catalogue's; what was removed stays removed, the rest
    /// stays. A retry helps when the cause is gone.
    pub async fn remove(
        &self,
        planned: &[Planned],
        by: Option<&str>,
        now: Wall,
    ) -> Result<Removed, Error> {
        let mut removed = Removed::default();
        for same_rule in planned.chunk_by(|a, b| a.rule == b.rule) {
            for batch in same_rule.chunks(BATCH_LEN) {
                let Some(first) = batch.first() else { continue };
                let removal = Removal { rule: first.rule, at: now, by: by.map(str::to_owned) };
                let ids: Vec<SegmentId> = batch.iter().map(|planned| planned.segment.id).collect();
                let begun = self.begin(first, &ids, &removal).await?;
                let begun: BTreeSet<SegmentId> = begun.into_iter().collect();
                let rows = batch.iter().map(|planned| &planned.segment);
                let rows: Vec<Segment> =
                    rows.filter(|row| begun.contains(&row.id)).cloned().collect();
                self.carry_out(rows, |_| first.rule, now, &mut removed).await?;
            }
        }
        Ok(removed)
    }

    /// Completes removals that a crash left begun.
    ///
    /// # Errors
    /// As [`Remover::remove`].
    pub async fn finish_begun(&self, now: Wall) -> Result<Removed, Error> {
        let mut removed = Removed::default();
        loop {
            let rows = self.database.begun_removals(256).await?;
            if rows.is_empty() {
                return Ok(removed);
            }
            let rule =
                |row: &Segment| row.removal.as_ref().map_or(Rule::Lost, |removal| removal.rule);
            self.carry_out(rows, rule, now, &mut removed).await?;
        }
    }

    /// Where the disk is so full that the database cannot even write what is meant, the first file goes
    /// before its row.
    async fn begin(
        &self,
        first: &Planned,
        ids: &[SegmentId],
        removal: &Removal,
    ) -> Result<Vec<SegmentId>, Error> {
        match self.database.begin_removal(ids, removal).await {
            Err(catalog::Error::Engine(reason))
                if self.volume.space_later().await?.free < DATABASE_NEEDS =>
            {
                tracing::warn!(err = %reason, "database has no room to write, one file goes before its row");
                self.delete(vec![first.segment.clone()], removal.at).await?;
                Ok(self.database.begin_removal(ids, removal).await?)
            }
            begun => Ok(begun?),
        }
    }

    /// Deletes the files of rows whose removal is begun, and finishes the rows.
    async fn carry_out(
        &self,
        rows: Vec<Segment>,
        rule: impl Fn(&Segment) -> Rule,
        now: Wall,
        removed: &mut Removed,
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let deleted = self.delete(rows.clone(), now).await?;
        if deleted.was_missing {
            // A volume that went away in between has none of its files.
            self.volume.space_later().await?;
        }
        self.database.finish_removal(&deleted.gone).await?;
        let gone: BTreeSet<SegmentId> = deleted.gone.into_iter().collect();
        let (went, stays): (Vec<&Segment>, Vec<&Segment>) =
            rows.iter().partition(|row| gone.contains(&row.id));
        for row in went {
            let bytes = row.sealed.as_ref().map_or(0, |sealed| sealed.bytes);
            removed.segments += 1;
            removed.bytes += bytes;
            self.tell(row, rule(row), bytes);
        }
        let stays: Vec<SegmentId> = stays.iter().map(|row| row.id).collect();
        if !stays.is_empty() {
            self.database.cancel_removal(&stays).await?;
        }
        deleted.failed.map_or(Ok(()), Err)
    }

    fn tell(&self, row: &Segment, rule: Rule, bytes: u64) {
        tracing::info!(
            camera = %row.new.camera,
            segment = row.id.0,
            path = %row.new.path,
            rule = rule.as_str(),
            bytes,
            "segment removed"
        );
        self.metrics.removed.with_label_values(&[rule.as_str()]).inc();
        self.metrics.removed_bytes.with_label_values(&[rule.as_str()]).inc_by(bytes);
    }

    async fn delete(&self, rows: Vec<Segment>, now: Wall) -> Result<Deleted, Error> {
        let root = self.volume.path().to_owned();
        let deleting = tokio::task::spawn_blocking(move || delete(&root, &rows, now));
        deleting.await.map_err(|_| Error::Interrupted)
    }
}

/// Deletes files until one fails, and the folders that this empties.
fn delete(root: &Path, rows: &[Segment], now: Wall) -> Deleted {
    let mut deleted = Deleted { gone: Vec::new(), was_missing: false, failed: None };
    let mut folders = BTreeSet::new();
    for row in rows {
        let done = match file_of(root, &row.new.path) {
            Some(file) => fs::remove_file(&file).map(|()| file),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a path of a segment")),
        };
        match done {
            Ok(file) => {
                folders.extend(file.parent().map(|folder| (folder.to_owned(), row.new.start)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => deleted.was_missing = true,
            Err(source) => {
                deleted.failed = Some(Error::Disk { path: row.new.path.clone(), source });
                break;
            }
        }
        deleted.gone.push(row.id);
    }
    for (folder, start) in folders {
        // Rows are finished after this: a loss of power must not bring back a file whose row says it is gone.
        let _ = File::open(&folder).and_then(|folder| folder.sync_all());
        remove_empty(&folder, root, now.as_secs().saturating_sub(start.as_secs()));
    }
    deleted
}

/// The file of a path in the catalogue, when that is one below the root.
pub(crate) fn file_of(root: &Path, path: &str) -> Option<PathBuf> {
    let mut parts = Path::new(path).components();
    let is_plain = parts.all(|part| matches!(part, Component::Normal(_)));
    (is_plain && !path.is_empty()).then(|| root.join(path))
}

/// Removes a folder of an hour that is empty, then those above it. What is not empty stays by itself.
fn remove_empty(folder: &Path, root: &Path, age_secs: i64) {
    for (folder, age_min_secs) in folder.ancestors().zip(FOLDER_AGES_SECS) {
        let is_below = folder.starts_with(root) && folder != root;
        if !is_below || age_secs < age_min_secs || fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
