//! Why somebody did not get in by OpenID Connect.

use base::ErrorKind;

use crate::random::NoRandom;

/// Of what a provider says, as much as is passed on.
const SAID_MAX: usize = 200;

/// An error of OpenID Connect. None holds a token, a code or a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration has faults ([`super::Config::validate`] lists them).
    #[error("access.oidc: {0}")]
    Configuration(String),
    /// The provider is away, or what it publishes cannot be used.
    #[error("the identity provider: {0}")]
    Unavailable(String),
    /// The provider said no.
    #[error("the identity provider refused: {0}")]
    Refused(String),
    /// The answer belongs to no sign-in that was begun here.
    #[error("this sign-in was not begun here, or is over; begin again")]
    State,
    /// The token is not one that counts here.
    #[error("the token does not count here: {0}")]
    Token(&'static str),
    /// The token's time is over.
    #[error("the token has expired")]
    Expired,
    /// The claims map to no role.
    #[error("the identity provider gives no role here")]
    NoRole,
    /// The operating system gives no random numbers.
    #[error(transparent)]
    Random(#[from] NoRandom),
}

impl Error {
    /// What the provider sent back instead of a code: the parameters `error` and `error_description`.
    #[must_use]
    pub fn refused(error: &str, description: &str) -> Self {
        let said = match (clean(error), clean(description)) {
            (error, description) if error.is_empty() => description,
            (error, description) if description.is_empty() => error,
            (error, description) => format!("{error}: {description}"),
        };
        Self::Refused(if said.is_empty() { "without a reason".to_owned() } else { said })
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Configuration(_) => ErrorKind::Invalid,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Refused(_) | Self::State | Self::Token(_) | Self::Expired => {
                ErrorKind::Unauthenticated
            }
            Self::NoRole => ErrorKind::Forbidden,
            Self::Random(none) => none.kind(),
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Configuration(_) => "oidc_configuration",
            Self::Unavailable(_) => "oidc_unavailable",
            Self::Refused(_) => "oidc_refused",
            Self::State => "oidc_state",
            Self::Token(_) => "token_invalid",
            Self::Expired => "token_expired",
            Self::NoRole => "no_role",
            Self::Random(_) => "internal",
        }
    }
}

/// A stranger's text, fit for a log line: short, without control characters and secrets.
pub(super) fn clean(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control()).take(SAID_MAX).collect::<String>();
    base::secret::redact(&shown)
}
