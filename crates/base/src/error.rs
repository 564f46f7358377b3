//! What kind of thing went wrong, the same few words in every room.

/// The kind of an error: what the one who handles it needs to choose an answer.
///
/// Each room's error has `kind()` and a stable `code()`; only the `api` room turns kinds into HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The input is wrong; the same call fails again.
    Invalid,
    /// No such thing, or none that the caller may know of.
    NotFound,
    /// The caller did not say who it is, or not rightly.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// It stands against the present state.
    Conflict,
    /// A bound is reached; a later try may pass.
    Exhausted,
    /// Something needed is away for now; a later try may pass.
    Unavailable,
    /// It did not come about in time; a later try may pass.
    Timeout,
    /// Stored or received bytes are not what they claim to be.
    Corrupt,
    /// This build or this stream cannot do it.
    Unsupported,
    /// Our own fault.
    Internal,
}

impl ErrorKind {
    /// True when the same call may succeed later.
    #[must_use]
    pub const fn retry_helps(self) -> bool {
        matches!(self, Self::Exhausted | Self::Unavailable | Self::Timeout)
    }
}
