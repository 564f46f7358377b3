//! The provider's keys (RFC 7517): which of them may have signed a token.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::Error;
use super::error::clean;

/// Of a set as many keys as are looked at.
const KEYS_MAX: usize = 100;

/// The keys of a provider that can check a signature.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    /// What it may have signed with: by its type, and narrowed to its own `alg`.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl Keys {
    /// Reads a key set. Keys that are not understood, are for encryption, or are shared secrets are
    /// left out; a set without any other is an error.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: what was published cannot be used.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let document: Document = serde_json::from_slice(body).map_err(|err| {
            Error::Unavailable(format!("its keys cannot be read: {}", clean(&err.to_string())))
        })?;
        let keys: Vec<Key> = document.keys.into_iter().take(KEYS_MAX).filter_map(key).collect();
        match keys.is_empty() {
            true => Err(Error::Unavailable("it publishes no key that can be used".to_owned())),
            false => Ok(Self(keys)),
        }
    }

    /// The key of this id that signs so. A token without an id means the only key that signs so.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting = self.0.iter().filter(|key| {
            key.algorithms.contains(&algorithm) && (id.is_none() || key.id.as_deref() == id)
        });
        let found = fitting.next()?;
        let is_certain = id.is_some() || fitting.next().is_none();
        is_certain.then_some(&found.key)
    }
}

fn key(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let common = &jwk.common;
    let for_signatures =
        common.public_key_use.as_ref().is_none_or(|r#use| *r#use == PublicKeyUse::Signature);
    let verifies =
        common.key_operations.as_ref().is_none_or(|list| list.contains(&KeyOperations::Verify));
    if !for_signatures || !verifies {
        return None;
    }
    let mut algorithms = by_type(&jwk.algorithm);
    if let Some(own) = common.key_algorithm {
        let own = Algorithm::try_from(own).ok()?;
        algorithms.retain(|algorithm| *algorithm == own);
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    (!algorithms.is_empty()).then(|| Key { id: common.key_id.clone(), algorithms, key })
}

/// What a key of this type may sign with. A key of one type never checks a signature of another:
/// else a public key would do as a shared secret (RFC 8725, section 2.1).
fn by_type(parameters: &AlgorithmParameters) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match parameters {
        AlgorithmParameters::RSA(_) => vec![RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => vec![ES256],
            EllipticCurve::P384 => vec![ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(key) => match key.curve {
            EllipticCurve::Ed25519 => vec![EdDSA],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x0QAy5MYSlbLnwhhBIkpBqsJLNv_6GaIGp_uuOD0wEo""#;

    fn read(keys: &[&str]) -> Result<Keys, Error> {
        let keys: Vec<String> = keys.iter().map(|rest| format!("{{{rest}}}")).collect();
        Keys::read(format!("{{\"keys\":[{}]}}", keys.join(",")).as_bytes())
    }

    #[test]
    fn keys_that_cannot_check_a_signature_are_left_out() {
        let with = |more: &str| format!("{P256},{more}");
        assert!(read(&[P256]).is_ok());
        for useless in [
            with("\"use\":\"enc\""),
            with("\"key_ops\":[\"sign\"]"),
            with("\"alg\":\"ES384\""),
            with("\"alg\":\"HS256\""),
            with("\"alg\":\"ECDH-ES\""),
            "\"kty\":\"oct\",\"k\":\"AAAA\"".to_owned(),
            "\"kty\":\"new\",\"z\":1".to_owned(),
            P256.replace("P-256", "P-521"),
            "\"kty\":7".to_owned(),
        ] {
            assert!(read(&[&useless]).is_err(), "{useless}");
            assert!(read(&[&useless, P256]).is_ok(), "one bad key does not spoil the others");
        }
        assert!(Keys::read(b"[]").is_err() && Keys::read(b"{\"keys\":{}}").is_err());
    }

    #[test]
    fn a_token_without_a_key_id_is_taken_only_where_one_key_can_be_meant() {
        let one = read(&[&format!("{P256},\"kid\":\"a\"")]).expect("a key");
        assert!(one.find(None, Algorithm::ES256).is_some());
        assert!(one.find(Some("a"), Algorithm::ES256).is_some());
        assert!(one.find(Some("b"), Algorithm::ES256).is_none());
        assert!(one.find(Some("a"), Algorithm::RS256).is_none());
        let two = read(&[&format!("{P256},\"kid\":\"a\""), P256]).expect("two keys");
        assert!(two.find(None, Algorithm::ES256).is_none());
        assert!(two.find(Some("a"), Algorithm::ES256).is_some());
        assert!(two.find(Some("../../a"), Algorithm::ES256).is_none());
    }
}
