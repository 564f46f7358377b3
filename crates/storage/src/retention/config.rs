//! What may be held, and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use base::CameraId;
use catalog::{Segment, SegmentState};

/// What a full disk means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFull {
    /// The oldest goes.
    #[default]
    OverwriteOldest,
    /// Nothing is removed for space; recording stops.
    Stop,
}

/// A camera's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CameraLimits {
    /// Sealed segments that ended longer ago go; zero: never by age.
    pub max_age: Duration,
    /// Bytes on the disk; 0: no limit.
    pub max_bytes: u64,
    /// Whether its segments go to an archive: then they are owed to it until they are uploaded.
    pub archived: bool,
}

/// All limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Of cameras that are not in `cameras`, among them those that are no longer configured.
    pub default: CameraLimits,
    /// Of the others.
    pub cameras: BTreeMap<CameraId, CameraLimits>,
    /// Bytes of all cameras on the disk; 0: no limit.
    pub max_bytes: u64,
    /// Bytes that stay free, or 5 % of the volume where that is less.
    pub min_free: u64,
    /// What a full disk means.
    pub on_full: OnFull,
    /// Whether what is owed to the archive may go after all else.
    pub drop_unarchived: bool,
}

/// States of segments that are on the disk and not in the archive yet, and that nobody works on.
pub(super) const NOT_ARCHIVED: [SegmentState; 3] =
    [SegmentState::Created, SegmentState::Retry, SegmentState::Failed];

/// What a segment is to retention, in the order in which they go when space is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// In the archive too.
    Archived,
    /// Here and nowhere else, and no archive waits for it.
    Own,
    /// The archive waits for it.
    Owed,
    /// May not be removed.
    Kept,
}

impl Config {
    /// A camera's limits.
    #[must_use]
    pub fn limits(&self, camera: &CameraId) -> CameraLimits {
        self.cameras.get(camera).copied().unwrap_or(self.default)
    }

    /// Bytes that stay free on a volume of `total` bytes.
    #[must_use]
    pub fn reserve(&self, total: u64) -> u64 {
        self.min_free.min(total / 20)
    }

    /// What a segment is to retention: the one place that says what may not be removed. Segments in held
    /// ranges are [`Standing::Kept`] once there are held ranges.
    pub(super) fn standing(&self, segment: &Segment) -> Standing {
        let archived = self.limits(&segment.new.camera).archived;
        match segment.state {
            _ if segment.sealed.is_none() || segment.removal.is_some() => Standing::Kept,
            SegmentState::Uploaded => Standing::Archived,
            SegmentState::Created | SegmentState::Retry | SegmentState::Failed if archived => {
                Standing::Owed
            }
            SegmentState::Created | SegmentState::Retry | SegmentState::Failed => Standing::Own,
            SegmentState::Recording
            | SegmentState::Uploading
            | SegmentState::Cleaned
            | SegmentState::Removed => Standing::Kept,
        }
    }

    /// Whether any rule may remove a segment.
    pub(super) fn may_go(&self, segment: &Segment) -> bool {
        match self.standing(segment) {
            Standing::Archived | Standing::Own => true,
            Standing::Owed => self.drop_unarchived,
            Standing::Kept => false,
        }
    }
}
