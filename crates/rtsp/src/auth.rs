//! Who asks: Basic (RFC 7617) and Digest (RFC 7616, and the MD5 without `qop` of RFC 2617). Pure.
//!
//! Reads what a client says of itself and checks all that can be checked without knowing users; who a
//! user is and what is kept of a password, the shell knows.

mod authorization;
mod login;
mod nonce;
mod parameters;
mod secret;

use rtsp_types::Url;

pub use authorization::{Algorithm, Authorization, Counted, DigestAnswer};
pub(crate) use login::{Login, Refusal};
pub use nonce::Nonces;
pub use secret::DigestSecret;

/// What users prove themselves to; part of what is kept of a password.
const REALM: &str = "vedette";

/// The schemes that clients are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Basic, which sends the password in the clear.
    pub basic: bool,
    /// Digest with MD5, which all players speak.
    pub md5: bool,
    /// Digest with SHA-256.
    pub sha256: bool,
}

impl Offer {
    /// All of them.
    pub const ALL: Self = Self { basic: true, md5: true, sha256: true };

    /// The `WWW-Authenticate` headers, the best first (RFC 7616 section 3.7). Clients that know one
    /// algorithm only take the last Digest that they read, so MD5 stands behind SHA-256.
    ///
    /// Those who know SHA-256 know `qop`; of those who know MD5, many do not and answer without.
    fn challenges(self, nonce: &str, is_stale: bool) -> String {
        let stale = if is_stale { ", stale=true" } else { "" };
        let digest = format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\"{stale}");
        let sha256 = format!("{digest}, algorithm=SHA-256, qop=\"auth\"");
        let md5 = format!("{digest}, algorithm=MD5");
        let basic = format!("Basic realm=\"{REALM}\"");
        let all = [(self.sha256, sha256), (self.md5, md5), (self.basic, basic)];
        let offered = all.into_iter().filter(|(is_offered, _)| *is_offered);
        offered.map(|(_, text)| format!("WWW-Authenticate: {text}\r\n")).collect()
    }

    const fn includes(self, authorization: &Authorization) -> bool {
        match authorization {
            Authorization::Basic { .. } => self.basic,
            Authorization::Digest(answer) => match answer.algorithm {
                Algorithm::Md5 => self.md5,
                Algorithm::Sha256 => self.sha256,
            },
        }
    }
}

/// True when the `uri` of an answer names what the request does (RFC 7616 section 3.4.6).
///
/// Path and query must be the same. The host need not be: behind a forwarded port it is another one to
/// the client, and the nonce tells that the answer is for this server. A path alone is taken as well, a
/// slash at the end makes no difference, and SETUP may name the stream instead of the track: Bosch
/// recorders, VLC and HappyTime do so.
fn names(uri: &str, request: &Url, is_setup: bool) -> bool {
    if !uri.starts_with('/') && !uri.contains("://") {
        return false;
    }
    let Ok(named) = request.join(uri) else { return false };
    let (named_path, path) =
        (named.path().trim_end_matches('/'), request.path().trim_end_matches('/'));
    if named_path == path && named.query() == request.query() {
        return true;
    }
    is_setup && path.rsplit_once('/').is_some_and(|(stream, _)| stream == named_path)
}

#[cfg(test)]
mod tests;
