//! What we know, in a database: cameras, segments, the gaps between them, people, the audit trail, and
//! when this node ran.
//!
//! One small trait per noun, one contract suite that each engine passes. Refuses to know files,
//! streams or HTTP. Timestamps are UTC in microseconds everywhere.

pub mod audit;
pub mod cameras;
pub mod coverage;
pub mod error;
pub mod ledger;
pub mod paths;
pub mod people;
pub mod removals;
pub mod segments;
mod sqlite;

#[cfg(test)]
mod contract;

pub use audit::{Entry, Head, Row, Trail, TrailFilter};
pub use cameras::{Camera, CameraFilter, Cameras, Location, Visible};
pub use error::Error;
pub use ledger::{Gap, GapReason, Ledger, Node};
pub use paths::{KeptPath, KeptPaths};
pub use people::{Agencies, Holder, Key, People, Role, Session, User};
pub use removals::{Candidates, Removal, Removals, Rule, Usage, Which};
pub use segments::{NewSegment, Place, Sealed, Segment, SegmentId, SegmentState, Segments};
pub use sqlite::{Database, Inspection, inspect};

/// Most rows of a page of people, keys, sessions or audit rows, whatever is asked for.
pub const LIST_MAX: u32 = 1_000;

/// A page of a list: what was asked for, the cursor of the next page, the total where it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Give it back to get the next page; `None` at the end.
    pub next_cursor: Option<String>,
    /// Rows in all, where counting is part of the answer.
    pub total: Option<u64>,
}
