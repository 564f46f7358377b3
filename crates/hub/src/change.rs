//! What happens to paths, for who runs programs on it. Nothing is told while nobody listens.

use base::StreamPath;

use crate::stream::Origin;

/// Something happened to a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub path: StreamPath,
    /// What.
    pub what: What,
}

/// What happens to paths. Viewers are numbered within their path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody asks for a path that is fed on demand.
    Demanded,
    /// Nobody does any more.
    Undemanded,
    /// A source feeds it.
    Ready(Origin),
    /// The source has left.
    NotReady,
    /// A viewer has come.
    Read(u64),
    /// A viewer has left.
    Unread(u64),
}
