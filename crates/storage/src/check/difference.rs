//! What can differ, in plain words.

use std::fmt;

use base::{CameraId, Wall};

/// A difference between ledger, rows and files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are the path, the camera and the numbers that are shown"
)]
pub enum Difference {
    /// A row whose file is not there.
    FileGone { path: String },
    /// A file that is shorter or longer than it was when it was sealed.
    WrongLength { path: String, expected: u64, found: u64 },
    /// A file whose bytes are not those that were sealed.
    BytesChanged { path: String },
    /// A file that cannot be read.
    Unreadable { path: String, error: String },
    /// A segment that nobody records and that was not sealed.
    NotSealed { path: String },
    /// A removal that was begun and not finished.
    HalfRemoved { path: String },
    /// A file of a segment that was removed.
    FileLeft { path: String },
    /// A file of a segment's name without a row.
    RowMissing { path: String },
    /// A file that is none of ours.
    Foreign { path: String },
    /// Two segments of one stream that claim the same moments.
    Overlap { first: String, second: String, millis: i64 },
    /// A span that is neither recorded nor has a reason.
    Unexplained { camera: CameraId, start: Wall, end: Wall },
}

/// A difference, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What differs.
    pub difference: Difference,
    /// It no longer does.
    pub mended: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileGone { path } => write!(f, "{path}: the file is gone"),
            Self::WrongLength { path, expected, found } => {
                write!(f, "{path}: the file has {found} bytes, it was sealed with {expected}")
            }
            Self::BytesChanged { path } => {
                write!(f, "{path}: the bytes are not those that were recorded (SHA-256 differs)")
            }
            Self::Unreadable { path, error } => {
                write!(f, "{path}: the file cannot be read: {error}")
            }
            Self::NotSealed { path } => {
                write!(f, "{path}: the segment was not sealed, and nobody records it")
            }
            Self::HalfRemoved { path } => {
                write!(f, "{path}: the removal was begun and not finished")
            }
            Self::FileLeft { path } => {
                write!(f, "{path}: the segment was removed, yet the file is there")
            }
            Self::RowMissing { path } => {
                write!(f, "{path}: the database does not know this segment")
            }
            Self::Foreign { path } => write!(f, "{path}: not a file of this program"),
            Self::Overlap { first, second, millis } => {
                write!(f, "{second}: begins {millis} ms before {first} ends")
            }
            Self::Unexplained { camera, start, end } => {
                write!(f, "{camera}: not recorded from {start} to {end}, and no reason is known")
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mended = if self.mended { " - mended" } else { "" };
        write!(f, "{}{mended}", self.difference)
    }
}
