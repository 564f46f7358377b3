//! The coverage ledger's other half: every second that should have been recorded and was not, with
//! its reason; and when this node ran, so that a crash is a reason too.

use std::future::Future;

use base::{CameraId, Wall};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Why there is no recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The camera refuses, is silent, or ended the stream.
    CameraDown,
    /// The way to it is broken, or packets were lost.
    Network,
    /// Wrong user or password.
    Authentication,
    /// The disk was full, too slow, read-only or away.
    Disk,
    /// Outside its hours.
    Schedule,
    /// Switched off.
    Disabled,
    /// Removed by retention.
    Retention,
    /// Removed by a person.
    Removed,
    /// This node crashed or lost power.
    NodeFailed,
    /// This node was stopped by its administrator.
    NodeStopped,
}

impl GapReason {
    /// The reason as it is written in rows and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CameraDown => "camera_down",
            Self::Network => "network",
            Self::Authentication => "authentication",
            Self::Disk => "disk",
            Self::Schedule => "schedule",
            Self::Disabled => "disabled",
            Self::Retention => "retention",
            Self::Removed => "removed",
            Self::NodeFailed => "node_failed",
            Self::NodeStopped => "node_stopped",
        }
    }
}

/// A span without a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The camera.
    pub camera: CameraId,
    /// From here.
    pub start: Wall,
    /// To here; `None` while it lasts.
    pub end: Option<Wall>,
    /// Why.
    pub reason: GapReason,
}

/// One run of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// When it started.
    pub started_at: Wall,
    /// When it last said that it runs.
    pub alive_at: Wall,
    /// When it was stopped in order; `None` after a crash.
    pub stopped_at: Option<Wall>,
}

/// The ledger of gaps.
pub trait Ledger: Send + Sync {
    /// Opens a gap at `start`. If one is open already for the camera, that one is closed at `start`
    /// first (unless it has the same reason: then it simply goes on).
    fn open_gap(
        &self,
        camera: &CameraId,
        start: Wall,
        reason: GapReason,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Closes the camera's open gap at `end`; a gap that would be empty or negative vanishes. With
    /// no open gap nothing happens.
    fn close_gap(
        &self,
        camera: &CameraId,
        end: Wall,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Writes a whole gap.
    fn add_gap(&self, gap: &Gap) -> impl Future<Output = Result<(), Error>> + Send;

    /// Gaps of `camera` that overlap `start..end`, by start, 10,000 at most.
    fn gaps(
        &self,
        camera: &CameraId,
        start: Wall,
        end: Wall,
    ) -> impl Future<Output = Result<Vec<Gap>, Error>> + Send;

    /// All gaps that are open, of every camera.
    fn open_gaps(&self) -> impl Future<Output = Result<Vec<Gap>, Error>> + Send;

    /// The end of what the ledger knows of `camera`: the latest end of a segment or gap, an open
    /// gap's start; `None` for a camera that was never recorded.
    fn known_until(
        &self,
        camera: &CameraId,
    ) -> impl Future<Output = Result<Option<Wall>, Error>> + Send;

    /// Every camera of which the ledger knows something, removed ones too, in the order of their ids.
    fn recorded_cameras(&self) -> impl Future<Output = Result<Vec<CameraId>, Error>> + Send;

    /// Begins a run of this node and returns the run before, if any.
    fn node_started(&self, now: Wall) -> impl Future<Output = Result<Option<Node>, Error>> + Send;

    /// Says that this run is alive.
    fn node_alive(&self, now: Wall) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends this run in order.
    fn node_stopped(&self, now: Wall) -> impl Future<Output = Result<(), Error>> + Send;
}
