//! Who may watch.

use std::str::FromStr;

use ::rtsp::{Authorization, DigestSecret, Offer};
use anyhow::bail;
use base::Secret;

/// Who may watch, and how they prove it.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// How it is asked for.
    pub scheme: Scheme,
}

/// How cameras ask for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scheme {
    /// Digest with MD5, as most cameras do.
    #[default]
    Digest,
    /// Digest with SHA-256 alone.
    DigestSha256,
    /// Basic alone, which sends the password in the clear.
    Basic,
    /// As the client likes.
    Any,
}

impl FromStr for Scheme {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "digest" => Ok(Self::Digest),
            "digest-sha256" => Ok(Self::DigestSha256),
            "basic" => Ok(Self::Basic),
            "any" => Ok(Self::Any),
            _ => bail!("digest, digest-sha256, basic or any"),
        }
    }
}

impl Scheme {
    pub(super) const fn offer(self) -> Offer {
        let none = Offer { basic: false, md5: false, sha256: false };
        match self {
            Self::Digest => Offer { md5: true, ..none },
            Self::DigestSha256 => Offer { sha256: true, ..none },
            Self::Basic => Offer { basic: true, ..none },
            Self::Any => Offer::ALL,
        }
    }
}

impl Credentials {
    /// True when a client has proven them.
    pub(super) fn admit(&self, given: Option<&Authorization>, method: &str) -> bool {
        let secret = DigestSecret::new(&self.user, &self.password);
        given.is_some_and(|given| given.proves(&self.user, &secret, method))
    }
}
