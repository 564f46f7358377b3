//! Basic and Digest (RFC 7616, with the MD5 of RFC 2617 that cameras and players speak). Pure.

use std::fmt::Write;

use base::Secret;
use md5::{Digest, Md5};

/// Who may pass.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// Also offer Basic, which sends the password in the clear.
    pub basic: bool,
}

const REALM: &str = "vedette";

/// The `WWW-Authenticate` headers of a refusal.
pub(crate) fn challenges(basic: bool, nonce: &str) -> Vec<String> {
    let mut out = vec![format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm=\"MD5\"")];
    if basic {
        out.push(format!("Basic realm=\"{REALM}\""));
    }
    out
}

/// True when an `Authorization` header proves the credentials for `method`.
pub(crate) fn verify(credentials: &Credentials, nonce: &str, method: &str, header: &str) -> bool {
    let Some((scheme, rest)) = header.trim().split_once(' ') else { return false };
    if scheme.eq_ignore_ascii_case("basic") {
        let expected = format!("{}:{}", credentials.user, credentials.password.reveal());
        let given = base64_simd::STANDARD.decode_to_vec(rest.trim());
        return credentials.basic && given.is_ok_and(|given| same(&given, expected.as_bytes()));
    }
    if !scheme.eq_ignore_ascii_case("digest") {
        return false;
    }
    let field = |name: &str| {
        fields(rest).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let (Some(user), Some(uri), Some(response)) =
        (field("username"), field("uri"), field("response"))
    else {
        return false;
    };
    if field("nonce") != Some(nonce) || user != credentials.user {
        return false;
    }
    let ha1 = md5(&format!("{user}:{REALM}:{}", credentials.password.reveal()));
    let ha2 = md5(&format!("{method}:{uri}"));
    same(response.to_ascii_lowercase().as_bytes(), md5(&format!("{ha1}:{nonce}:{ha2}")).as_bytes())
}

/// The `name=value` pairs of a header, quotes removed.
fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, tail) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').map_or((after, ""), |(value, tail)| (value, tail)),
        };
        rest = tail.trim_start_matches([',', ' ']);
        Some((name.trim(), value.trim()))
    })
}

fn md5(text: &str) -> String {
    let mut out = String::with_capacity(32);
    for byte in Md5::digest(text.as_bytes()) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Compares without telling by its duration where the difference lies.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn credentials(basic: bool) -> Credentials {
        Credentials { user: "admin".into(), password: Secret::new("secret".into()), basic }
    }

    #[test]
    fn a_right_digest_passes_and_wrong_ones_do_not() {
        let ha1 = md5("admin:vedette:secret");
        let ha2 = md5("DESCRIBE:rtsp://h/a");
        let response = md5(&format!("{ha1}:n1:{ha2}"));
        let header = |nonce: &str| {
            format!(
                "Digest username=\"admin\", realm=\"vedette\", nonce=\"{nonce}\", uri=\"rtsp://h/a\", response=\"{response}\""
            )
        };
        assert!(verify(&credentials(false), "n1", "DESCRIBE", &header("n1")));
        assert!(!verify(&credentials(false), "n2", "DESCRIBE", &header("n1")));
        assert!(!verify(&credentials(false), "n1", "PLAY", &header("n1")));
    }

    #[test]
    fn basic_passes_only_where_it_is_offered() {
        let header = "Basic YWRtaW46c2VjcmV0";
        assert!(verify(&credentials(true), "n", "PLAY", header));
        assert!(!verify(&credentials(false), "n", "PLAY", header));
    }

    proptest! {
        #[test]
        fn any_header_is_refused_without_panic(header in ".{0,200}") {
            prop_assert!(!verify(&credentials(true), "n", "PLAY", &header));
        }
    }
}
