//! The code flow with PKCE (RFC 6749 section 4.1, RFC 7636): what is sent to the provider, and what has
//! to be remembered until it sends the person back. Pure but for the random bytes.

use std::fmt;

use base::Secret;
use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::metadata::{Metadata, SecretIn};
use super::{Config, Error};
use crate::random;

/// A sign-in that has begun.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Where the person's browser is to go.
    pub url: Url,
    /// What has to be remembered for this browser alone, and forgotten after minutes or one use.
    pub pending: Pending,
}

/// A sign-in that waits for its person to come back. `Debug` shows nothing of it: with it and a code,
/// somebody else could finish. Serialises as it is, so that it can be sealed and kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Comes back with the person; finds this sign-in.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Proves to the provider that who began is who finishes.
    pub verifier: String,
    /// Where the person is sent back to.
    pub redirect_uri: String,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

impl Begin {
    /// Begins a sign-in at the provider's authorization endpoint.
    pub(super) fn new(config: &Config, mut url: Url, redirect_uri: &str) -> Result<Self, Error> {
        let pending = Pending {
            state: random::token()?,
            nonce: random::token()?,
            verifier: random::token()?,
            redirect_uri: redirect_uri.to_owned(),
        };
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &config.scopes.join(" "))
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &challenge(&pending.verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(Self { url, pending })
    }
}

/// What is posted to the token endpoint.
pub(super) struct Exchange {
    pub(super) form: String,
    /// The header of the same name.
    pub(super) authorization: Option<String>,
}

impl Exchange {
    /// Asks for the tokens that `code` stands for.
    pub(super) fn new(
        config: &Config,
        metadata: &Metadata,
        pending: &Pending,
        code: &str,
    ) -> Result<Self, Error> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &pending.redirect_uri)
            .append_pair("code_verifier", &pending.verifier);
        let (id, secret) = (config.client_id.as_str(), &config.client_secret);
        let mut authorization = None;
        match metadata.secret {
            _ if secret.is_empty() => {
                form.append_pair("client_id", id);
            }
            Some(SecretIn::Header) => authorization = Some(basic(id, secret)),
            Some(SecretIn::Form) => {
                form.append_pair("client_id", id).append_pair("client_secret", secret.reveal());
            }
            None => {
                let problem = "it takes client secrets neither as client_secret_basic nor as client_secret_post";
                return Err(Error::Unavailable(problem.to_owned()));
            }
        }
        Ok(Self { form: form.finish(), authorization })
    }
}

/// RFC 6749, section 2.3.1: both are form-encoded before they are joined.
fn basic(id: &str, secret: &Secret) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let both = format!("{}:{}", encoded(id), encoded(secret.reveal()));
    format!("Basic {}", STANDARD.encode_to_string(both))
}

/// RFC 7636, section 4.2.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_specification() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_client_and_secret_of_odd_characters_are_encoded_before_they_are_joined() {
        let header = basic("a:b", &Secret::new("p w%".into()));
        let text = header.strip_prefix("Basic ").expect("a scheme");
        let decoded = STANDARD.decode_to_vec(text).expect("base64");
        assert_eq!(decoded, b"a%3Ab:p+w%25");
    }

    #[test]
    fn a_sign_in_that_waits_does_not_print_its_secrets() {
        let url = Url::parse("https://id.example.org/auth?tenant=a").expect("an address");
        let config = Config { client_id: "vedette".into(), ..Config::default() };
        let begin = Begin::new(&config, url, "https://cctv/back?a=b&c").expect("random bytes");
        let shown = format!("{:?}", begin.pending);
        assert!(!shown.contains(&begin.pending.verifier) && !shown.contains(&begin.pending.state));
        let pairs: Vec<(String, String)> = begin.url.query_pairs().into_owned().collect();
        let of = |name: &str| {
            pairs
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("tenant"), ["a"]);
        assert_eq!(of("redirect_uri"), ["https://cctv/back?a=b&c"]);
        assert_eq!(of("scope"), ["openid profile"]);
        assert_eq!(of("code_challenge"), [challenge(&begin.pending.verifier)]);
        assert!(!begin.url.as_str().contains(&begin.pending.verifier));
    }
}
