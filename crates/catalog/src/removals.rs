//! How segments go: what lies on the disk, oldest first, and the two steps of a removal.
//!
//! A removal is begun in the row (rule, time, who), then the file is deleted, then the row is
//! finished. A crash between leaves a row that says what was meant: it is finished later.

use std::future::Future;

use base::{CameraId, Wall};
use serde::{Deserialize, Serialize};

use crate::{Error, Sealed, Segment, SegmentId, SegmentState};

/// By which rule a segment went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Older than its camera's recordings may be.
    MaxAge,
    /// More than its camera, or all of them, may hold.
    MaxDiskUsage,
    /// Free space fell under what is kept free.
    MinFree,
    /// The disk refused a write although it has free space.
    Pressure,
    /// Asked for by the cleanup command.
    Cleanup,
    /// A person removed it.
    Person,
    /// Its file was found gone or unreadable: nobody here removed it.
    Lost,
}

impl Rule {
    /// The rule as it is written in rows, answers and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxAge => "max_age",
            Self::MaxDiskUsage => "max_disk_usage",
            Self::MinFree => "min_free",
            Self::Pressure => "pressure",
            Self::Cleanup => "cleanup",
            Self::Person => "person",
            Self::Lost => "lost",
        }
    }
}

/// A removal, begun or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// By which rule.
    pub rule: Rule,
    /// When.
    pub at: Wall,
    /// By whom, for [`Rule::Person`] and [`Rule::Cleanup`].
    pub by: Option<String>,
}

/// What a camera holds on the disk in sealed segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The camera.
    pub camera: CameraId,
    /// How many.
    pub segments: u64,
    /// Bytes of their files.
    pub bytes: u64,
}

/// Of which cameras.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// These.
    Only(Vec<CameraId>),
    /// All but these.
    Except(Vec<CameraId>),
}

/// Which segments are candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// In one of these states; [`SegmentState::Recording`] is never among what is found.
    pub states: Vec<SegmentState>,
    /// Of these cameras.
    pub cameras: Which,
    /// Rows, at most.
    pub limit: u32,
}

/// The way of segments out of the volume.
pub trait Removals: Send + Sync {
    /// What each camera holds on the disk, by camera. Costs a walk over an index of all that is there.
    fn usage(&self) -> impl Future<Output = Result<Vec<Usage>, Error>> + Send;

    /// Sealed segments on the disk of which no removal is begun, the oldest first.
    fn oldest(
        &self,
        candidates: &Candidates,
    ) -> impl Future<Output = Result<Vec<Segment>, Error>> + Send;

    /// Writes into the rows that their files are about to be deleted, in one step, and returns those
    /// for which that holds now: on the disk, sealed, not being uploaded, not begun by another.
    /// An uploader must not take up a row of which a removal is begun.
    fn begin_removal(
        &self,
        ids: &[SegmentId],
        removal: &Removal,
    ) -> impl Future<Output = Result<Vec<SegmentId>, Error>> + Send;

    /// The files are gone: rows become `REMOVED` with place `none`; archived ones `CLEANED` with
    /// place `s3`, since their footage is still there.
    fn finish_removal(&self, ids: &[SegmentId]) -> impl Future<Output = Result<(), Error>> + Send;

    /// The files could not be deleted and stay.
    fn cancel_removal(&self, ids: &[SegmentId]) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removals that were begun and not finished, `limit` at most: a crash left them.
    fn begun_removals(
        &self,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Segment>, Error>> + Send;

    /// Rows whose file should be on the disk, by number from after `after` on, `limit` at most.
    fn stored(
        &self,
        camera: Option<&CameraId>,
        after: SegmentId,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Segment>, Error>> + Send;

    /// Makes a sealed row agree with what is left of its file.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not sealed, archived, or no longer on the disk.
    fn reseal_segment(
        &self,
        id: SegmentId,
        sealed: &Sealed,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}
