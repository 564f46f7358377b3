//! Segments: one row per recorded file, written before the file is opened and kept after it is gone.

use std::future::Future;

use base::{CameraId, StreamPath, Wall};
use serde::{Deserialize, Serialize};

use crate::{Error, Page, Removal};

/// A segment's number, unique in this catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentId(pub i64);

/// Where a segment is in its life. `Recording -> Created`, then with an archive `Uploading ->
/// Uploaded -> Cleaned` with `Retry` and `Failed` beside; `Removed` keeps the row and its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are those of the state machine above")]
pub enum SegmentState {
    Recording,
    Created,
    Uploading,
    Uploaded,
    Retry,
    Failed,
    Cleaned,
    Removed,
}

/// Where a segment's bytes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On this node's volume.
    Local,
    /// In object storage.
    S3,
    /// Nowhere any more.
    None,
}

/// What is known of a segment before its file is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSegment {
    /// The camera.
    pub camera: CameraId,
    /// The stream that is recorded: `<camera>` or `<camera>/sub`.
    pub stream: StreamPath,
    /// The file, relative to the volume's root, `/` between parts. Unique.
    pub path: String,
    /// Wall time of its first access unit.
    pub start: Wall,
    /// `fmp4` or `ts`.
    pub format: String,
    /// Codecs as RFC 6381 lists them.
    pub codecs: String,
}

/// What is known once a segment is sealed or repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Wall time of the end of its last access unit.
    pub end: Wall,
    /// Duration by the media clock, in microseconds.
    pub duration_us: i64,
    /// Length of the file.
    pub bytes: u64,
    /// Of the whole file.
    pub sha256: [u8; 32],
}

/// A segment's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number.
    pub id: SegmentId,
    /// What was known at its start.
    pub new: NewSegment,
    /// What is known since it was sealed; `None` while it is recorded.
    pub sealed: Option<Sealed>,
    /// Where it is in its life.
    pub state: SegmentState,
    /// Where its bytes lie.
    pub place: Place,
    /// Why its file went, or is about to.
    pub removal: Option<Removal>,
}

/// The segments of the catalogue.
pub trait Segments: Send + Sync {
    /// Writes the row of a segment that is about to be recorded, state `Recording`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the path is taken by another row.
    fn create_segment(
        &self,
        segment: &NewSegment,
    ) -> impl Future<Output = Result<SegmentId, Error>> + Send;

    /// `Recording -> Created`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such segment in state `Recording`.
    fn seal_segment(
        &self,
        id: SegmentId,
        sealed: &Sealed,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Takes back a row whose file never came to hold a fragment.
    fn discard_segment(&self, id: SegmentId) -> impl Future<Output = Result<(), Error>> + Send;

    /// All rows in state `Recording`: at start, the ones that a crash left.
    fn open_segments(&self) -> impl Future<Output = Result<Vec<Segment>, Error>> + Send;

    /// The row of a file of the volume, if any.
    fn segment_by_path(
        &self,
        path: &str,
    ) -> impl Future<Output = Result<Option<Segment>, Error>> + Send;

    /// One segment.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    fn segment(&self, id: SegmentId) -> impl Future<Output = Result<Segment, Error>> + Send;

    /// Segments of `camera` that overlap `start..end`, by start; a segment that is being recorded
    /// has no end and overlaps everything after its start. `limit` rows at most.
    fn segments(
        &self,
        camera: &CameraId,
        start: Wall,
        end: Wall,
        limit: u32,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page<Segment>, Error>> + Send;
}
