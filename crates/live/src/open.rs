//! How a reader enters a stream: its producer starts where it must, and the first key frame is waited for.

use std::time::Duration;

use base::{ErrorKind, StreamPath};
use hub::{Event, Hub, NotAdmitted, Start, Subscriber};
use media::Tracks;
use tokio::time::Instant;

/// Why a stream cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No such path.
    #[error("no such stream")]
    NoStream,
    /// The path exists, but gave no key frame in time.
    #[error("the stream has not begun yet")]
    NotStarted,
    /// As many watch it as may.
    #[error("the stream has as many viewers as it may have")]
    Full,
    /// The server makes as many streams on demand as it can.
    #[error("no more streams can be made now")]
    Busy,
}

impl From<NotAdmitted> for OpenError {
    fn from(refused: NotAdmitted) -> Self {
        match refused {
            NotAdmitted::NoStream => Self::NoStream,
            NotAdmitted::Full => Self::Full,
            NotAdmitted::Busy => Self::Busy,
        }
    }
}

impl OpenError {
    /// What kind of thing went wrong; a retry helps for all but [`Self::NoStream`].
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::NoStream => ErrorKind::NotFound,
            Self::NotStarted | Self::Full | Self::Busy => ErrorKind::Unavailable,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoStream => "stream_not_found",
            Self::NotStarted => "stream_not_started",
            Self::Full => "stream_full",
            Self::Busy => "streams_busy",
        }
    }
}

/// A reader that has been told the description of what it gets next.
pub struct Opened {
    /// Gives the units after the description.
    pub reader: Subscriber,
    /// The description.
    pub tracks: Tracks,
}

/// Enters the stream at `path`, waiting at most `limit`, or as long as its rule says, for its first key frame. Cancel-safe: what was
/// entered is left when the future is dropped.
///
/// # Errors
/// See [`OpenError`].
pub async fn open(
    hub: &Hub,
    path: &StreamPath,
    start: Start,
    limit: Duration,
) -> Result<Opened, OpenError> {
    let limit = start_timeout(hub, path, limit);
    let mut reader = hub.admit(path, start)?;
    let first = async {
        loop {
            if let Event::Tracks(tracks) = reader.next().await {
                return tracks;
            }
        }
    };
    let tracks = tokio::time::timeout(limit, first).await.map_err(|_| OpenError::NotStarted)?;
    Ok(Opened { reader, tracks })
}

/// How long a first reader of `path` waits: `limit`, unless its rule says otherwise.
pub(crate) fn start_timeout(hub: &Hub, path: &StreamPath, limit: Duration) -> Duration {
    let own = hub.rules().find(path).and_then(|found| found.rule().start_timeout);
    own.filter(|_| !hub.is_camera(path)).unwrap_or(limit)
}

/// How long a source has been missing, for who makes something of a stream for many viewers.
pub(crate) struct Missing {
    since: Option<Instant>,
    limit: Duration,
}

impl Missing {
    /// It has not begun: it may take as long as a first reader waits.
    pub(crate) fn new(grace: Duration, start_timeout: Duration) -> Self {
        Self { since: Some(Instant::now()), limit: grace.max(start_timeout) }
    }

    /// Notes what the stream says.
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::Ended => self.since = Some(Instant::now()),
            Event::Tracks(_) | Event::Unit(_) => self.since = None,
            Event::Skipped(_) => {}
        }
    }

    /// True when it has been missing for too long.
    pub(crate) fn is_over(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() > self.limit)
    }
}
