#![no_main]
//! A stranger's token against a provider's keys: refused, never a panic.
use access::oidc::token::{Expected, Purpose, Token};
use access::oidc::{Config, Keys};
use libfuzzer_sys::fuzz_target;

const KEYS: &[u8] = br#"{"keys":[
    {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty":"EC","crv":"P-256","kid":"b","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x0QAy5MYSlbLnwhhBIkpBqsJLNv_6GaIGp_uuOD0wEo"}]}"#;

fuzz_target!(|data: &[u8]| {
    let _ = Keys::read(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let keys = Keys::read(KEYS).expect("two keys");
    let audience = ["vedette".to_owned()];
    let expected = Expected { issuer: "https://id.example.org", audience: &audience, sign_in: None };
    let token = Token::read(text, Purpose::Bearer, &Config::default().allowed());
    let verified = token.and_then(|token| token.verify(&keys, &expected, base::Wall::default()));
    assert!(verified.is_err(), "signed without the key");
});
