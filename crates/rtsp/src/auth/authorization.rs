//! What a client says of itself: the `Authorization` header.

use base::Secret;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::parameters;
use super::secret::{DigestSecret, hash, hex, same};

/// A header past this is none.
const LEN_MAX: usize = 4 << 10;

/// Who a client says that it is, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// A password in the clear.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// Knowledge of a password.
    Digest(DigestAnswer),
}

/// The hash of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// What all clients know.
    Md5,
    /// What they should use.
    Sha256,
}

/// The answer to a digest challenge (RFC 7616 section 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestAnswer {
    /// The user's name.
    pub user: String,
    /// The realm of the challenge.
    pub realm: String,
    /// The nonce of the challenge.
    pub nonce: String,
    /// What the client asks for, in its own words.
    pub uri: String,
    /// How it was hashed.
    pub algorithm: Algorithm,
    /// The hash, in hexadecimal digits.
    pub response: String,
    /// With `qop=auth`: the client's own part.
    pub counted: Option<Counted>,
}

/// What a client adds to an answer with `qop=auth`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The client's nonce.
    pub cnonce: String,
    /// How often it has used the server's nonce.
    pub count: u32,
    /// The same as it was sent and hashed: eight hexadecimal digits.
    nc: String,
}

impl Authorization {
    /// Reads a header's value; nothing when it is of another scheme or form, or of a kind of Digest
    /// that is refused: `-sess` algorithms, `qop=auth-int`, hashed and encoded user names.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').filter(|_| header.len() <= LEN_MAX)?;
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => Self::basic(rest.trim()),
            "digest" => DigestAnswer::parse(rest).map(Self::Digest),
            _ => None,
        }
    }

    fn basic(text: &str) -> Option<Self> {
        let text = base64_simd::STANDARD.decode_to_vec(text).ok()?;
        let text = String::from_utf8(text).ok()?;
        let (user, password) = text.split_once(':')?;
        Some(Self::Basic { user: user.to_owned(), password: Secret::new(password.to_owned()) })
    }

    /// The user's name.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::Basic { user, .. } | Self::Digest(DigestAnswer { user, .. }) => user,
        }
    }

    /// True when it is of `user` and proves the password of `secret` for a request with `method`.
    #[must_use]
    pub fn proves(&self, user: &str, secret: &DigestSecret, method: &str) -> bool {
        let is_proven = match self {
            Self::Basic { user, password } => {
                same(&DigestSecret::new(user, password).sha256, &secret.sha256)
            }
            Self::Digest(answer) => answer.proves(secret, method),
        };
        is_proven && self.user() == user
    }
}

impl DigestAnswer {
    fn parse(text: &str) -> Option<Self> {
        let mut parameters = parameters::parse(text)?;
        let mut take = |wanted: &str| {
            let at = parameters.iter().position(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            Some(parameters.swap_remove(at).1)
        };
        if take("username*").is_some()
            || take("userhash").is_some_and(|value| !value.eq_ignore_ascii_case("false"))
        {
            return None;
        }
        let algorithm = match take("algorithm").map(|name| name.to_ascii_lowercase()).as_deref() {
            None | Some("md5") => Algorithm::Md5,
            Some("sha-256") => Algorithm::Sha256,
            Some(_) => return None,
        };
        let counted = match take("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                Some(Counted::new(take("cnonce")?, take("nc")?)?)
            }
            Some(_) => return None,
        };
        let response = take("response")?.to_ascii_lowercase();
        let (user, realm, nonce) = (take("username")?, take("realm")?, take("nonce")?);
        Some(Self { user, realm, nonce, uri: take("uri")?, algorithm, response, counted })
    }

    /// True when whoever answered knows the password of `secret` and asked with `method`. The time
    /// that it takes does not tell how much of an answer is right.
    ///
    /// Whether realm, nonce and `uri` are those of the challenge and of the request is not its concern:
    /// the conversation checks them before it asks.
    #[must_use]
    pub fn proves(&self, secret: &DigestSecret, method: &str) -> bool {
        let expected = match self.algorithm {
            Algorithm::Md5 => self.expected::<Md5>(&secret.md5, method),
            Algorithm::Sha256 => self.expected::<Sha256>(&secret.sha256, method),
        };
        same(self.response.as_bytes(), expected.as_bytes())
    }

    /// The right response (RFC 7616 section 3.4.1; without `qop`, RFC 2617 section 3.2.2.1).
    pub(crate) fn expected<D: Digest>(&self, secret: &[u8], method: &str) -> String {
        let (secret, nonce) = (hex(secret), &self.nonce);
        let request = hash::<D>(&format!("{method}:{}", self.uri));
        let text = match &self.counted {
            Some(Counted { cnonce, nc, .. }) => {
                format!("{secret}:{nonce}:{nc}:{cnonce}:auth:{request}")
            }
            None => format!("{secret}:{nonce}:{request}"),
        };
        hash::<D>(&text)
    }
}

impl Counted {
    fn new(cnonce: String, nc: String) -> Option<Self> {
        let is_number = nc.len() == 8 && nc.bytes().all(|byte| byte.is_ascii_hexdigit());
        let count = u32::from_str_radix(&nc, 16).ok().filter(|_| is_number)?;
        Some(Self { cnonce, count, nc })
    }
}
