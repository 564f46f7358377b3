//! What a provider says of itself (OpenID Connect Discovery 1.0), as far as it is needed and credible.

use serde::Deserialize;
use url::Url;

use super::Error;
use super::error::clean;
use super::fetch;

/// Where the provider's doors are. Every address has been checked.
#[derive(Clone, Debug)]
pub(super) struct Metadata {
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) keys: Url,
    /// How a client with a secret shows it at the token endpoint; `None`: not in a way known here.
    pub(super) secret: Option<SecretIn>,
}

/// Where a client's secret goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretIn {
    /// `client_secret_basic`.
    Header,
    /// `client_secret_post`.
    Form,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Where `issuer` publishes its metadata.
pub(super) fn address(issuer: &str) -> Result<Url, Error> {
    let text = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    Url::parse(&text).map_err(|err| Error::Unavailable(format!("its address: {err}")))
}

impl Metadata {
    /// Reads what `issuer` published.
    pub(super) fn read(issuer: &str, body: &[u8]) -> Result<Self, Error> {
        let document: Document = serde_json::from_slice(body).map_err(|err| {
            Error::Unavailable(format!("its metadata cannot be read: {}", clean(&err.to_string())))
        })?;
        if document.issuer != issuer {
            let named = clean(&document.issuer);
            let problem = format!("its metadata is of issuer `{named}`, configured is `{issuer}`");
            return Err(Error::Unavailable(problem));
        }
        let is_loopback = Url::parse(issuer)
            .is_ok_and(|url| url.scheme() == "http" && fetch::is_loopback_host(&url));
        let endpoint = |name: &str, text: &str| -> Result<Url, Error> {
            let wrong = |problem: String| {
                Error::Unavailable(format!("`{name}` in its metadata: {problem}"))
            };
            let url = Url::parse(text).map_err(|err| wrong(err.to_string()))?;
            fetch::check_address(&url, is_loopback).map_err(wrong)?;
            Ok(url)
        };
        Ok(Self {
            authorization: endpoint("authorization_endpoint", &document.authorization_endpoint)?,
            token: endpoint("token_endpoint", &document.token_endpoint)?,
            keys: endpoint("jwks_uri", &document.jwks_uri)?,
            secret: secret_in(document.token_endpoint_auth_methods_supported.as_deref()),
        })
    }
}

/// Nothing said means `client_secret_basic` (section 3).
fn secret_in(methods: Option<&[String]>) -> Option<SecretIn> {
    let Some(methods) = methods else { return Some(SecretIn::Header) };
    let has = |name: &str| methods.iter().any(|method| method == name);
    match (has("client_secret_basic"), has("client_secret_post")) {
        (true, _) => Some(SecretIn::Header),
        (false, true) => Some(SecretIn::Form),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example.org/a";

    fn read(issuer: &str, change: &str, to: &str) -> Result<Metadata, Error> {
        let text = r#"{"issuer":"https://id.example.org/a","authorization_endpoint":"https://id.example.org/auth?x=1",
            "token_endpoint":"https://other.example.org/token","jwks_uri":"https://id.example.org/keys"}"#;
        Metadata::read(issuer, text.replace(change, to).as_bytes())
    }

    #[test]
    fn metadata_of_another_issuer_is_refused() {
        assert!(read(ISSUER, "", "").is_ok(), "endpoints may live elsewhere");
        let error = read("https://id.example.org/a/", "", "").expect_err("a slash is a difference");
        assert_eq!(error.code(), "oidc_unavailable");
        assert!(error.to_string().contains("`https://id.example.org/a`"), "{error}");
    }

    #[test]
    fn an_endpoint_over_plain_http_is_refused_whatever_its_origin() {
        for to in ["http://other", "http://127.0.0.1", "file://", "https://u:p@other", "//x"] {
            let error = read(ISSUER, "https://other", to).expect_err(to);
            assert!(error.to_string().contains("token_endpoint"), "{error}");
        }
        let local = |host: &str| {
            let text = format!(
                r#"{{"issuer":"http://127.0.0.1:1","authorization_endpoint":"http://localhost:1/a",
                "token_endpoint":"http://{host}/t","jwks_uri":"http://[::1]/k"}}"#
            );
            Metadata::read("http://127.0.0.1:1", text.as_bytes())
        };
        assert!(local("127.0.0.1:1").is_ok());
        assert!(local("192.168.0.1").is_err() && local("127.0.0.1.example.org").is_err());
    }

    #[test]
    fn a_secret_goes_where_the_metadata_wants_it() {
        let of = |methods: &[&str]| {
            let methods: Vec<String> = methods.iter().map(|&name| name.to_owned()).collect();
            secret_in(Some(&methods))
        };
        assert_eq!(secret_in(None), Some(SecretIn::Header));
        assert_eq!(of(&["client_secret_post"]), Some(SecretIn::Form));
        assert_eq!(of(&["client_secret_post", "client_secret_basic"]), Some(SecretIn::Header));
        assert_eq!(of(&["private_key_jwt"]), None);
    }
}
