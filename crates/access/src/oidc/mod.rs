//! Signing in at somebody else's: OpenID Connect, as a client of any issuer.
//!
//! People come by the code flow with PKCE ([`Provider::begin`], [`Provider::finish`]); programs bring a
//! JWT in a header ([`Provider::bearer`]). Both end as an [`Identity`] with a role and agencies, or not
//! at all. Refuses to know HTTP routes, cookies and sessions.
//!
//! [`token`] and [`keys`] are the pure core: bytes, keys and the time in, claims or a refusal out.
//! [`Provider`] is the shell; its one task, in the scope it was started in, fetches what the provider
//! publishes.

mod claims;
mod config;
mod error;
mod fetch;
mod flow;
pub mod keys;
mod metadata;
mod provider;
pub mod token;

#[cfg(test)]
mod tests;

use base::Wall;
use catalog::{Agencies, Role};

pub use config::{Config, Fault};
pub use error::Error;
pub use flow::{Begin, Pending};
pub use keys::Keys;
pub use provider::Provider;

/// Somebody whom the provider vouches for and whom the configuration lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The claim `sub`: the same person as long as the issuer is the same.
    pub subject: String,
    /// For people; never for decisions.
    pub name: String,
    /// The highest role of those that the claims map to.
    pub role: Role,
    /// Whose cameras. An administrator has all, whatever the claims say.
    pub agencies: Agencies,
    /// When the token ends.
    pub expires_at: Wall,
}
