//! Why a stream cannot be published.

use base::ErrorKind;
use hub::paths::NotPublishable;

/// Why a stream cannot be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Another source feeds the path.
    #[error("the path is already being published")]
    Taken,
    /// Nothing of what is announced can be carried.
    #[error("no medium that can be carried")]
    NothingToCarry,
    /// The path is none that may be published to.
    #[error("{0}")]
    NotPublishable(NotPublishable),
}

impl From<NotPublishable> for PublishError {
    fn from(why: NotPublishable) -> Self {
        match why {
            NotPublishable::Taken => Self::Taken,
            why => Self::NotPublishable(why),
        }
    }
}

impl PublishError {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::Taken => ErrorKind::Conflict,
            Self::NothingToCarry => ErrorKind::Unsupported,
            Self::NotPublishable(why) => why.kind(),
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Taken => "path_taken",
            Self::NothingToCarry => "nothing_to_carry",
            Self::NotPublishable(why) => why.code(),
        }
    }
}
