//! What is kept of a password, and hashes in the form of RFC 7616.

use std::fmt::{self, Write};

use base::Secret;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::REALM;

/// H(user:vedette:password), with both hashes: all that Digest needs of a password.
///
/// Whoever has it can log in over RTSP, so it is kept as a password is.
#[derive(Clone)]
pub struct DigestSecret {
    /// By MD5.
    pub md5: [u8; 16],
    /// By SHA-256.
    pub sha256: [u8; 32],
}

impl DigestSecret {
    /// Of a user and a password.
    #[must_use]
    pub fn new(user: &str, password: &Secret) -> Self {
        Self::within(REALM, user, password)
    }

    pub(super) fn within(realm: &str, user: &str, password: &Secret) -> Self {
        let text = format!("{user}:{realm}:{}", password.reveal());
        Self { md5: Md5::digest(&text).into(), sha256: Sha256::digest(&text).into() }
    }
}

impl fmt::Debug for DigestSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The hash of a text in lower-case hexadecimal digits.
pub(super) fn hash<D: Digest>(text: &str) -> String {
    hex(&D::digest(text))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Compares without telling by its duration where the difference lies.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
