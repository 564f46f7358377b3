//! Why bytes could not be kept.

use std::io;

use base::ErrorKind;

/// An error of the storage.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// More is waiting to be written than may; the disk does not keep up.
    #[error("the disk is too slow: {queued} bytes wait to be written")]
    Overloaded {
        /// Bytes that wait.
        queued: u64,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The disk is read-only.
    #[error("the disk is read-only")]
    ReadOnly,
    /// The volume is not the one that it was, or is away.
    #[error(
        "the volume at `{root}` is not the one that the database knows; mount it, or remove its `.vedette-volume` to take it as a new one"
    )]
    WrongVolume {
        /// Its root.
        root: String,
    },
    /// Another failure of the disk.
    #[error("{0}")]
    Io(String),
    /// The volume has been closed.
    #[error("the volume is closed")]
    Closed,
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Overloaded { .. } => ErrorKind::Exhausted,
            Self::WrongVolume { .. } => ErrorKind::Conflict,
            Self::Full | Self::ReadOnly | Self::Io(_) | Self::Closed => ErrorKind::Unavailable,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overloaded { .. } => "disk_slow",
            Self::Full => "disk_full",
            Self::ReadOnly => "disk_read_only",
            Self::WrongVolume { .. } => "volume_wrong",
            Self::Io(_) => "disk_failed",
            Self::Closed => "volume_closed",
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Io(error.to_string()),
        }
    }
}
