//! One signed token (RFC 7519, RFC 9068, OpenID Connect Core 1.0 section 3.1.3.7). Pure: the token, the
//! keys, what is expected and the time in; claims or a refusal out.

use std::time::Duration;

use base::Wall;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use super::{Error, Keys};

/// Longer ones are not read.
pub const TOKEN_MAX: usize = 16 * 1024;
/// By how much clocks may differ.
const LEEWAY_SECS: i64 = 60;
const SUBJECT_MAX: usize = 255;

/// What a token is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An ID token that ends a sign-in.
    SignIn,
    /// A token in a request's header.
    Bearer,
}

impl Purpose {
    /// Types of token that may be shown for it; one that says nothing may be anything.
    const fn types(self) -> &'static [&'static str] {
        match self {
            Self::SignIn => &["jwt"],
            Self::Bearer => &["jwt", "at+jwt", "application/at+jwt"],
        }
    }
}

/// A token whose header is in order and whose signature is not checked yet.
#[derive(Debug)]
pub struct Token<'a> {
    text: &'a str,
    algorithm: Algorithm,
    key_id: Option<String>,
}

impl<'a> Token<'a> {
    /// Reads a token's header. The keys and addresses that a header may name are never looked at.
    ///
    /// # Errors
    /// [`Error::Token`]; a retry does not help.
    pub fn read(text: &'a str, purpose: Purpose, allowed: &[Algorithm]) -> Result<Self, Error> {
        if text.len() > TOKEN_MAX {
            return Err(Error::Token("too long"));
        }
        if text.split('.').count() != 3 {
            return Err(Error::Token("not a signed JWT"));
        }
        // `none` has no place in the enumeration and ends here.
        let header = jsonwebtoken::decode_header(text)
            .map_err(|_| Error::Token("a header that cannot be read"))?;
        if !allowed.contains(&header.alg) {
            return Err(Error::Token("a signature of a kind that does not count"));
        }
        if header.crit.is_some() {
            return Err(Error::Token("it demands what is not known here"));
        }
        let kind = header.typ.map(|kind| kind.to_ascii_lowercase());
        if kind.is_some_and(|kind| !purpose.types().contains(&kind.as_str())) {
            return Err(Error::Token("of another type"));
        }
        Ok(Self { text, algorithm: header.alg, key_id: header.kid })
    }

    /// The key that it names.
    pub(super) fn key<'k>(&self, keys: &'k Keys) -> Option<&'k DecodingKey> {
        keys.find(self.key_id.as_deref(), self.algorithm)
    }

    /// Checks the signature, and nothing of the claims.
    pub(super) fn open(&self, key: &DecodingKey) -> Result<Claims, Error> {
        // Times are checked against our own clock, by `Claims::check`.
        let mut signature_only = Validation::new(self.algorithm);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_aud = false;
        match jsonwebtoken::decode(self.text, key, &signature_only) {
            Ok(data) => Ok(Claims(data.claims)),
            Err(err) => Err(Error::Token(match err.kind() {
                ErrorKind::Json(_) => "claims that cannot be read",
                _ => "a wrong signature",
            })),
        }
    }

    /// The claims, if one of `keys` signed them and they are what is expected.
    ///
    /// # Errors
    /// [`Error::Token`] or [`Error::Expired`]; a retry does not help.
    pub fn verify(&self, keys: &Keys, expected: &Expected<'_>, now: Wall) -> Result<Claims, Error> {
        let key = self.key(keys).ok_or(UNKNOWN_KEY)?;
        let claims = self.open(key)?;
        claims.check(expected, now)?;
        Ok(claims)
    }
}

/// The refusal of a token that names no known key.
pub(super) const UNKNOWN_KEY: Error = Error::Token("signed with an unknown key");

/// What a token must say to count.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a str,
    /// Whom it is for: one of these.
    pub audience: &'a [String],
    /// For an ID token: the client and the nonce of the sign-in that it ends.
    pub sign_in: Option<(&'a str, &'a str)>,
}

/// What a token says whose signature was right.
#[derive(Clone, Debug)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A claim by its name, which may have dots in it, or by a dotted path.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(path) {
            return Some(value);
        }
        let (head, rest) = path.split_once('.')?;
        rest.split('.').try_fold(self.0.get(head)?, |value, name| value.get(name))
    }

    /// Whom it speaks of.
    pub(super) fn subject(&self) -> Result<&str, Error> {
        let fits = |text: &&str| {
            !text.is_empty() && text.len() <= SUBJECT_MAX && !text.chars().any(char::is_control)
        };
        self.text("sub").filter(fits).ok_or(Error::Token("no subject"))
    }

    /// When it ends.
    pub(super) fn expires_at(&self) -> Result<Wall, Error> {
        let secs = self.time("exp")?.ok_or(Error::Token("no end"))?;
        let end = secs.checked_mul(1_000_000).map_or(Wall::MAX, Wall::from_micros);
        Ok(end.min(Wall::MAX))
    }

    /// Holds the claims against what is expected.
    fn check(&self, expected: &Expected<'_>, now: Wall) -> Result<(), Error> {
        if self.text("iss") != Some(expected.issuer) {
            return Err(Error::Token("of another issuer"));
        }
        let audience = self.texts("aud");
        if !audience.iter().any(|name| expected.audience.iter().any(|known| known == name)) {
            return Err(Error::Token("for somebody else"));
        }
        self.check_times(now)?;
        self.subject()?;
        match expected.sign_in {
            Some((client, nonce)) => self.check_sign_in(client, nonce, audience.len()),
            None => Ok(()),
        }
    }

    fn check_times(&self, now: Wall) -> Result<(), Error> {
        let now = now.as_secs();
        let end = self.time("exp")?.ok_or(Error::Token("no end"))?;
        if now >= end.saturating_add(LEEWAY_SECS) {
            return Err(Error::Expired);
        }
        let latest = now.saturating_add(LEEWAY_SECS);
        for (name, problem) in [("nbf", "not valid yet"), ("iat", "made in the future")] {
            if self.time(name)?.is_some_and(|time| time > latest) {
                return Err(Error::Token(problem));
            }
        }
        Ok(())
    }

    fn check_sign_in(&self, client: &str, nonce: &str, audience: usize) -> Result<(), Error> {
        if self.time("iat")?.is_none() {
            return Err(Error::Token("no time of making"));
        }
        if self.text("nonce") != Some(nonce) {
            return Err(Error::Token("of another sign-in"));
        }
        // One for several parties must say whom it was made for.
        match self.0.get("azp") {
            Some(party) if party.as_str() != Some(client) => Err(Error::Token("for somebody else")),
            None if audience > 1 => Err(Error::Token("for several, without saying for whom")),
            _ => Ok(()),
        }
    }

    /// A claim that is a text or a list of texts.
    fn texts(&self, name: &str) -> Vec<&str> {
        self.0.get(name).map(texts).unwrap_or_default()
    }

    /// A claim that is a time: seconds since 1970, which may have a fraction (RFC 7519, section 2).
    fn time(&self, name: &str) -> Result<Option<i64>, Error> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let whole = |secs: f64| Duration::try_from_secs_f64(secs).ok()?.as_secs().try_into().ok();
        let secs = value.as_i64().or_else(|| value.as_f64().and_then(whole));
        secs.map(Some).ok_or(Error::Token("a time that is none"))
    }
}

/// The texts of a claim: itself, or the texts in its list.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
