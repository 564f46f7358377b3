//! Why the catalogue could not answer.

use base::ErrorKind;

/// An error of the catalogue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such row.
    #[error("{what} `{id}` is not in the catalogue")]
    NotFound {
        /// The noun: `camera`, `segment`.
        what: &'static str,
        /// The id that was asked for.
        id: String,
    },
    /// The caller's cursor, filter or value is wrong.
    #[error("{0}")]
    Invalid(String),
    /// There is one already.
    #[error("{what} `{id}` exists")]
    Exists {
        /// The noun: `user`.
        what: &'static str,
        /// The name that is taken.
        id: String,
    },
    /// Nobody would be left who may change this.
    #[error("the last enabled administrator cannot go")]
    LastAdmin,
    /// The database file is newer than this program.
    #[error(
        "the database was written by a newer version (schema {found}, this program knows {known}); start that version or restore the copy from before the upgrade"
    )]
    NewerSchema {
        /// What the file says.
        found: i64,
        /// What this program has.
        known: i64,
    },
    /// The engine failed: locked, full disk, damaged file.
    #[error("database: {0}")]
    Engine(String),
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Exists { .. } | Self::LastAdmin => ErrorKind::Conflict,
            Self::NewerSchema { .. } => ErrorKind::Unsupported,
            Self::Engine(_) => ErrorKind::Unavailable,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Invalid(_) => "invalid",
            Self::Exists { .. } => "exists",
            Self::LastAdmin => "last_admin",
            Self::NewerSchema { .. } => "database_newer",
            Self::Engine(_) => "database_unavailable",
        }
    }
}
