//! One rule, as it is written and as it is asked.

use std::time::Duration;

use base::{ErrorKind, Secret};

/// What is true of the paths that its name is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// A path, a text with `*`, `~` and an expression, or [`super::ALL_OTHERS`].
    pub name: String,
    /// Set by the configuration file: others do not change it.
    pub is_from_file: bool,
    /// Whose the paths are; `None`: nobody's in particular.
    pub agency: Option<String>,
    /// Where they are pulled from.
    pub pull: Option<Pull>,
    /// Pulled only while somebody reads; patterns always are.
    pub on_demand: bool,
    /// They are published by somebody.
    pub publish: bool,
    /// A new publisher takes the place of the one that is there.
    pub override_publisher: bool,
    /// Viewers of one path at a time; 0: as many as come.
    pub max_readers: usize,
    /// How long a first reader waits; `None`: as everywhere.
    pub start_timeout: Option<Duration>,
    /// How long after its last reader a pull ends; `None`: as everywhere.
    pub close_after: Option<Duration>,
    /// Programs that are run; from the configuration file only.
    pub hooks: Hooks,
}

/// Where paths are pulled from: addresses in which `{1}` or `$G1` stands for what the first `*` or group
/// was, `{0}` for the whole path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pull {
    /// Main stream, without credentials.
    pub url: String,
    /// Second stream, at `<path>/sub`.
    pub sub_url: Option<String>,
    /// User name; empty for none.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// RTP as datagrams.
    pub udp: bool,
}

/// Programs with their arguments; an empty list is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the configuration's keys")]
pub struct Hooks {
    pub run_on_init: Vec<String>,
    pub run_on_demand: Vec<String>,
    pub run_on_ready: Vec<String>,
    pub run_on_not_ready: Vec<String>,
    pub run_on_read: Vec<String>,
    pub run_on_unread: Vec<String>,
    pub run_on_publish: Vec<String>,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    /// Its name is no name of a path.
    #[error("the name is not a path or a pattern: {0}")]
    Name(String),
    /// Its expression does not compile, or is too large.
    #[error("the expression is wrong: {0}")]
    Expression(String),
    /// Another rule has its name.
    #[error("there are two rules of this name")]
    Twice,
    /// It has an address and may be published.
    #[error("both an address and publish: a path has one source")]
    TwoSources,
    /// It has neither.
    #[error("neither an address nor publish: nobody can feed it")]
    NoSource,
    /// A pattern that is to be pulled all the time.
    #[error("a pattern is pulled on demand: nobody knows its paths before they are asked for")]
    HeldPattern,
    /// A pattern whose paths would all be the same stream.
    #[error("the address names no part of the path, such as {{1}}")]
    NoGroup,
    /// The address names a group that the pattern does not have.
    #[error("the address names part {0} of the path, and the pattern has fewer")]
    NoSuchGroup(usize),
    /// Whoever asks would choose the host.
    #[error("parts of the path may not stand in the host or the credentials")]
    GroupInHost,
    /// There are more rules than are taken.
    #[error("more than 10000 rules or 1000 patterns")]
    TooMany,
}

/// An address to pull from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Without credentials.
    pub url: String,
    /// User name; empty for none.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// RTP as datagrams.
    pub udp: bool,
}

/// What a publisher of a path has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publishable {
    /// The rule's name.
    pub rule: String,
    /// Whose the path is.
    pub agency: Option<String>,
    /// It takes the place of a publisher that is there.
    pub replaces: bool,
}

/// Why a path cannot be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPublishable {
    /// No rule is for it.
    #[error("no rule allows this path")]
    NoRule,
    /// It is a camera's.
    #[error("the path is a camera's")]
    Camera,
    /// It is pulled.
    #[error("the path is pulled from its source")]
    Pulled,
    /// It is made of another one.
    #[error("the path is made of another one")]
    Made,
    /// Somebody else publishes it.
    #[error("the path is already being published")]
    Taken,
}

impl NotPublishable {
    /// What kind of refusal it is; a retry helps for [`Self::Taken`] once the other has left.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::NoRule => ErrorKind::NotFound,
            Self::Camera | Self::Pulled | Self::Made | Self::Taken => ErrorKind::Conflict,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoRule => "path_not_allowed",
            Self::Camera => "path_of_camera",
            Self::Pulled => "path_pulled",
            Self::Made => "path_made",
            Self::Taken => "path_taken",
        }
    }
}
