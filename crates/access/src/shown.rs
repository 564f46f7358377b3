//! What somebody shows, from where, and why it was not taken.

use std::net::IpAddr;
use std::time::Duration;

use base::{ErrorKind, Secret};

use crate::oidc;
use crate::password;
use crate::random::NoRandom;

/// What somebody shows.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A browser's session.
    Session(Secret),
    /// A key, a signed address or a provider's token.
    Bearer(Secret),
    /// A user and a password; of the user `key` it is a key.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A user who proved to know the password without showing it; made by [`crate::Gate::prove`] only.
    Proven {
        /// The user's id.
        user: String,
        /// Of what was proven: another password has another.
        mark: Secret,
    },
}

/// Why nobody was recognized.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is wrong, has ended, or is nobody's.
    #[error("the credentials are wrong or have ended")]
    Wrong,
    /// Too many wrong ones before it.
    #[error("locked for {} s", .0.as_secs())]
    Locked(Duration),
    /// Too many at once.
    #[error("too many sign-ins at once")]
    Busy,
    /// The database or the provider is away.
    #[error("credentials cannot be checked now: {0}")]
    Unavailable(String),
}

impl Refused {
    /// What kind of refusal it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Wrong => ErrorKind::Unauthenticated,
            Self::Locked(_) => ErrorKind::Exhausted,
            Self::Busy | Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "credentials_wrong",
            Self::Locked(_) => "login_locked",
            Self::Busy => "logins_busy",
            Self::Unavailable(_) => "access_unavailable",
        }
    }
}

impl From<catalog::Error> for Refused {
    fn from(error: catalog::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<password::Error> for Refused {
    fn from(error: password::Error) -> Self {
        match error {
            password::Error::Weak => Self::Wrong,
            password::Error::Busy => Self::Busy,
            password::Error::Internal => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<oidc::Error> for Refused {
    fn from(error: oidc::Error) -> Self {
        match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Internal => {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Wrong,
        }
    }
}

impl From<NoRandom> for Refused {
    fn from(error: NoRandom) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Where a sign-in comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The address.
    pub address: IpAddr,
    /// The program, shortened.
    pub agent: String,
}
