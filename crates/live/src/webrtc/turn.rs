//! STUN and TURN servers as peers are told of them, with credentials that end by themselves.
//!
//! The scheme is that of the TURN REST API: the user's name is the moment when it ends and a label, the
//! password is its HMAC-SHA1 under a secret that the TURN server shares.

use std::fmt::Write as _;
use std::time::Duration;

use base::{Secret, Wall};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::Config;

/// How long credentials are good.
const LIFE: Duration = Duration::from_secs(3_600);

/// A server for peers behind firewalls.
#[derive(Clone, Debug)]
pub struct IceServer {
    /// `stun:host:port`, `turn:host:port?transport=udp`.
    pub url: String,
    /// Name and password, where it asks for them.
    pub credential: Option<(String, Secret)>,
}

impl IceServer {
    /// The value of a `Link` header (RFC 9725 section 4.6).
    #[must_use]
    pub fn link(&self) -> String {
        let mut out = format!("<{}>; rel=\"ice-server\"", self.url);
        if let Some((user, password)) = &self.credential {
            let password = password.reveal();
            // Writing to a string does not fail.
            let _ = write!(
                out,
                "; username=\"{user}\"; credential=\"{password}\"; credential-type=\"password\""
            );
        }
        out
    }
}

/// All servers that a peer is told of; `user` is a label for the TURN server's log.
#[must_use]
pub fn servers(config: &Config, user: &str, now: Wall) -> Vec<IceServer> {
    let stun = config.stun.iter().map(|url| (url, None));
    let credential = (!config.turn_secret.reveal().is_empty())
        .then(|| credential(&config.turn_secret, user, now));
    let turn = config.turn.iter().map(|url| (url, credential.clone()));
    let told = |(url, credential): (&String, _)| IceServer { url: url.clone(), credential };
    stun.chain(turn).map(told).collect()
}

fn credential(secret: &Secret, user: &str, now: Wall) -> (String, Secret) {
    let ends_at = now.plus_micros(i64::try_from(LIFE.as_micros()).unwrap_or(i64::MAX)).as_secs();
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let label: String = user.chars().filter(is_plain).take(64).collect();
    let name = format!("{ends_at}:{label}");
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.reveal().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(name.as_bytes());
    let password = base64_simd::STANDARD.encode_to_string(mac.finalize().into_bytes());
    (name, Secret::new(password))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn credentials_are_what_a_turn_server_with_the_secret_computes() {
        // Computed with: printf '1700003600:anna' | openssl dgst -sha1 -hmac north -binary | base64
        let now = Wall::from_micros(1_700_000_000_000_000);
        let (name, password) = credential(&Secret::new("north".to_owned()), "an\"na", now);
        assert_eq!(name, "1700003600:anna");
        assert_eq!(password.reveal(), "+MLxLOEoYnWwCOD+2dzOXWFtASg=");
    }

    #[test]
    fn servers_are_told_as_links_and_stun_has_no_password() {
        let config = Config {
            stun: vec!["stun:stun.example.org:3478".to_owned()],
            turn: vec!["turn:turn.example.org?transport=udp".to_owned()],
            turn_secret: Secret::new("north".to_owned()),
            ..Config::default()
        };
        let links: Vec<_> =
            servers(&config, "anna", Wall::default()).iter().map(IceServer::link).collect();
        assert_eq!(links[0], "<stun:stun.example.org:3478>; rel=\"ice-server\"");
        assert!(links[1].starts_with("<turn:turn.example.org?transport=udp>; rel=\"ice-server\"; username=\"3600:anna\"; credential=\""));
    }
}
