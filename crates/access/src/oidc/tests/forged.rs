//! Tokens that must not count, and those that must.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::signer::{Signer, claims, key_set, raw};
use super::{NOW, clock};
use crate::oidc::token::{Expected, Purpose, TOKEN_MAX, Token};
use crate::oidc::{Config, Error, Keys};
use base::Clock;

const ISSUER: &str = "https://id.example.org";

fn keys(signers: &[&Signer]) -> Keys {
    Keys::read(key_set(signers).to_string().as_bytes()).unwrap()
}

fn verify(token: &str, keys: &Keys, purpose: Purpose) -> Result<(), Error> {
    let audience = ["vedette".to_owned()];
    let sign_in = (purpose == Purpose::SignIn).then_some(("vedette", "n-1"));
    let expected = Expected { issuer: ISSUER, audience: &audience, sign_in };
    let token = Token::read(token, purpose, &Config::default().allowed())?;
    token.verify(keys, &expected, clock().wall()).map(|_| ())
}

/// Signs these claims and says what comes of it.
fn said(signer: &Signer, keys: &Keys, purpose: Purpose, change: Value) -> Result<(), Error> {
    verify(&signer.sign(&claims(ISSUER, change)), keys, purpose)
}

#[test]
fn every_kind_of_signature_that_counts_is_checked_with_its_own_key() {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let kinds = [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA];
    for algorithm in kinds {
        let (signer, other) = (Signer::new("a", algorithm), Signer::new("a", algorithm));
        let token = signer.sign(&claims(ISSUER, json!({})));
        assert_eq!(verify(&token, &keys(&[&signer]), Purpose::Bearer), Ok(()), "{algorithm:?}");
        let wrong = verify(&token, &keys(&[&other]), Purpose::Bearer);
        assert_eq!(wrong, Err(Error::Token("a wrong signature")), "{algorithm:?}");
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = head.split_once('.').unwrap();
        let promoted = raw(&json!({}), &claims(ISSUER, json!({ "roles": "admin" })), b"");
        let middle = promoted.split('.').nth(1).unwrap();
        let swapped = format!("{header}.{middle}.{signature}");
        assert_eq!(verify(&swapped, &keys(&[&signer]), Purpose::Bearer), wrong);
    }
}

#[test]
fn a_token_without_a_signature_or_signed_with_what_is_public_is_refused() {
    let signer = Signer::new("a", Algorithm::RS256);
    let known = keys(&[&signer]);
    let good = claims(ISSUER, json!({ "roles": ["admin"] }));
    for alg in ["none", "None", "NONE", ""] {
        let token = raw(&json!({ "alg": alg, "typ": "JWT", "kid": "a" }), &good, b"");
        assert_eq!(verify(&token, &known, Purpose::Bearer).unwrap_err().code(), "token_invalid");
    }
    let jwk = signer.jwk().to_string();
    let modulus = signer.jwk()["n"].as_str().unwrap().to_owned();
    for secret in [signer.public.as_slice(), jwk.as_bytes(), modulus.as_bytes()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: Some("a".into()), ..Header::new(algorithm) };
            let token =
                jsonwebtoken::encode(&header, &good, &EncodingKey::from_secret(secret)).unwrap();
            let refusal = Error::Token("a signature of a kind that does not count");
            assert_eq!(verify(&token, &known, Purpose::Bearer), Err(refusal));
        }
    }
}

#[test]
fn what_a_header_brings_along_is_never_used() {
    let (signer, attacker) =
        (Signer::new("a", Algorithm::ES256), Signer::new("a", Algorithm::ES256));
    let known = keys(&[&signer]);
    let own: jsonwebtoken::jwk::Jwk = serde_json::from_value(attacker.jwk()).unwrap();
    let refused = |header: Header| {
        let token = attacker.sign_as(&header, &claims(ISSUER, json!({})));
        verify(&token, &known, Purpose::Bearer).unwrap_err()
    };
    let wrong = Error::Token("a wrong signature");
    assert_eq!(refused(Header { jwk: Some(own), ..attacker.header() }), wrong);
    let elsewhere = Some("https://attacker.example/keys".to_owned());
    assert_eq!(refused(Header { jku: elsewhere.clone(), ..attacker.header() }), wrong);
    assert_eq!(refused(Header { x5u: elsewhere, ..attacker.header() }), wrong);
    let unknown = Error::Token("signed with an unknown key");
    for id in ["", "b", "A", "../../../etc/passwd", "/dev/null", "a' OR 1=1", "http://127.0.0.1/a"]
    {
        assert_eq!(refused(Header { kid: Some(id.to_owned()), ..attacker.header() }), unknown);
    }
    // A key of another kind under the same id.
    let rsa = Signer::new("a", Algorithm::RS256);
    let token = rsa.sign(&claims(ISSUER, json!({})));
    assert_eq!(verify(&token, &known, Purpose::Bearer), Err(unknown));
}

#[test]
fn a_token_counts_only_for_what_it_was_made_for() {
    let signer = Signer::new("a", Algorithm::ES256);
    let known = keys(&[&signer]);
    let typed = |kind: Option<&str>, purpose| {
        let header = Header { typ: kind.map(str::to_owned), ..signer.header() };
        verify(
            &signer.sign_as(&header, &claims(ISSUER, json!({ "nonce": "n-1" }))),
            &known,
            purpose,
        )
    };
    for kind in [None, Some("JWT"), Some("at+jwt"), Some("AT+JWT"), Some("application/at+jwt")] {
        assert_eq!(typed(kind, Purpose::Bearer), Ok(()), "{kind:?}");
    }
    assert_eq!(typed(Some("JWT"), Purpose::SignIn), Ok(()));
    let wrong = Err(Error::Token("of another type"));
    assert_eq!(typed(Some("at+jwt"), Purpose::SignIn), wrong);
    for kind in ["logout+jwt", "dpop+jwt", "JOSE", ""] {
        assert_eq!(typed(Some(kind), Purpose::Bearer), wrong, "{kind}");
    }
    let demanding = Header { crit: Some(vec!["b64".into()]), ..signer.header() };
    let token = signer.sign_as(&demanding, &claims(ISSUER, json!({})));
    assert!(verify(&token, &known, Purpose::Bearer).is_err());
}

#[test]
fn issuer_audience_and_times_are_checked_each_by_itself() {
    let signer = Signer::new("a", Algorithm::ES256);
    let known = keys(&[&signer]);
    let bearer = |change: Value| said(&signer, &known, Purpose::Bearer, change);
    assert_eq!(bearer(json!({ "aud": ["x", "vedette"], "nbf": NOW + 60 })), Ok(()));
    assert_eq!(bearer(json!({ "exp": NOW - 59 })), Ok(()), "clocks may differ by a minute");
    assert_eq!(bearer(json!({ "exp": f64::from(1_800_000_000_u32) + 0.5 })), Ok(()));
    assert_eq!(bearer(json!({ "exp": NOW - 60 })), Err(Error::Expired));
    assert_eq!(bearer(json!({ "exp": -1 })), Err(Error::Expired));
    for change in [
        json!({ "iss": null }),
        json!({ "iss": "https://id.example.org/" }),
        json!({ "iss": [ISSUER] }),
        json!({ "aud": null }),
        json!({ "aud": [] }),
        json!({ "aud": ["somebody"] }),
        json!({ "aud": "Vedette" }),
        json!({ "aud": { "vedette": 1 } }),
        json!({ "exp": null }),
        json!({ "exp": "2099-01-01" }),
        json!({ "exp": 1e300 }),
        json!({ "exp": u64::MAX }),
        json!({ "nbf": NOW + 61 }),
        json!({ "nbf": [] }),
        json!({ "iat": NOW + 61 }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": 7 }),
        json!({ "sub": "a\nb" }),
        json!({ "sub": "x".repeat(256) }),
    ] {
        let error = bearer(change.clone()).expect_err(&change.to_string());
        assert_eq!(error.code(), "token_invalid", "{change}");
    }
}

#[test]
fn an_id_token_belongs_to_one_sign_in_of_one_client() {
    let signer = Signer::new("a", Algorithm::ES256);
    let known = keys(&[&signer]);
    let with = |change: Value| {
        let mut all = json!({ "nonce": "n-1" });
        all.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        said(&signer, &known, Purpose::SignIn, all)
    };
    assert_eq!(with(json!({})), Ok(()));
    assert_eq!(with(json!({ "azp": "vedette" })), Ok(()));
    assert_eq!(with(json!({ "aud": ["vedette", "x"], "azp": "vedette" })), Ok(()));
    assert_eq!(
        with(json!({ "aud": ["vedette", "x"] })),
        Err(Error::Token("for several, without saying for whom"))
    );
    for change in [
        json!({ "nonce": null }),
        json!({ "nonce": "n-2" }),
        json!({ "azp": "x" }),
        json!({ "azp": ["vedette"] }),
        json!({ "iat": null }),
    ] {
        assert!(with(change.clone()).is_err(), "{change}");
    }
}

#[test]
fn what_is_no_signed_token_is_refused_before_any_key_is_asked_for() {
    let known = keys(&[&Signer::new("a", Algorithm::ES256)]);
    let huge = format!("{}.e30.AA", "A".repeat(TOKEN_MAX));
    for text in
        ["", ".", "..", "...", "a.b.c", "opaque", "e30.e30.e30", "a.b.c.d.e", "é.é.é", &huge]
    {
        let error = verify(text, &known, Purpose::Bearer).expect_err(text);
        assert_eq!(error.code(), "token_invalid");
    }
    let deep = raw(&json!({ "alg": "ES256" }), &json!({}), b"");
    let nested = "[".repeat(5_000);
    let deep = deep.replacen("e30", &base64_simd::URL_SAFE_NO_PAD.encode_to_string(nested), 1);
    assert!(verify(&deep, &known, Purpose::Bearer).is_err());
}

proptest! {
    #[test]
    fn any_text_is_refused(text in ".{0,300}", parts in proptest::collection::vec("[A-Za-z0-9_-]{0,40}", 3)) {
        let known = Keys::read(br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#).unwrap();
        prop_assert!(verify(&text, &known, Purpose::Bearer).is_err());
        prop_assert!(verify(&parts.join("."), &known, Purpose::SignIn).is_err());
    }

    #[test]
    fn any_header_and_claims_without_the_key_are_refused(
        alg in "(ES256|RS256|EdDSA|HS256|none)", name in "[a-z]{1,5}", value in any::<f64>(),
        signature in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let known = Keys::read(br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#).unwrap();
        let header = json!({ "alg": alg, &name: value });
        let token = raw(&header, &claims(ISSUER, json!({ name: value })), &signature);
        prop_assert!(verify(&token, &known, Purpose::Bearer).is_err());
    }
}
