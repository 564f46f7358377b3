//! Values that must not be printed: passwords, keys, URLs that carry credentials.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A secret text. `Debug`, `Display` and `Serialize` show `***`; [`Secret::reveal`] is the only way
/// out, so that a search for it finds every place that handles one.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a text as secret.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// True when there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// `text` with the user part of every `scheme://user:password@host` in it replaced by `***`.
///
/// For texts that come from elsewhere (an ffmpeg's complaint, a library's error) before they are
/// logged or shown.
#[must_use]
pub fn redact_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let authority_len =
            after.find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace());
        let (authority, tail) = after.split_at(authority_len.unwrap_or(after.len()));
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                out.push_str("***@");
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Names under which cameras and servers take secrets in an address.
const PARAMETERS: [&str; 9] =
    ["password=", "passwd=", "pass=", "pwd=", "token=", "secret=", "key=", "auth=", "signature="];

/// [`redact_urls`], and the values of parameters such as `password=` and `token=` replaced as well.
///
/// For texts that leave the machine.
#[must_use]
pub fn redact(text: &str) -> String {
    let text = redact_urls(text);
    // ASCII only, so that places in it are places in the text.
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some((at, name)) = next_parameter(&lower, from) {
        let begin = at + name.len();
        let value = text.get(begin..).unwrap_or_default();
        let ends = |c: char| matches!(c, '&' | '"' | '\'' | '#' | ',' | ';') || c.is_whitespace();
        let len = value.find(ends).unwrap_or(value.len());
        out.push_str(text.get(from..begin).unwrap_or_default());
        if len > 0 {
            out.push_str("***");
        }
        from = begin + len;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

fn next_parameter(lower: &str, from: usize) -> Option<(usize, &'static str)> {
    let rest = lower.get(from..)?;
    let found = |name: &&'static str| rest.find(*name).map(|at| (from + at, *name));
    PARAMETERS.iter().filter_map(found).min_by_key(|(at, name)| at + name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::new("hunter2".into());
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn secrets_in_parameters_are_replaced_whatever_stands_around_them() {
        let text =
            "rtsp://u:p@h/a?channel=1&Token=abc&subtype=0 /user=admin&password=123 key=\"x\" é";
        let redacted =
            "rtsp://***@h/a?channel=1&Token=***&subtype=0 /user=admin&password=*** key=\"x\" é";
        assert_eq!(redact(text), redacted);
        assert_eq!(redact("pass="), "pass=");
    }

    #[test]
    fn credentials_in_urls_are_replaced_wherever_they_stand() {
        let text = "open rtsp://admin:p@ss@10.0.0.1:554/a failed, then http://h/x";
        assert_eq!(redact_urls(text), "open rtsp://***@10.0.0.1:554/a failed, then http://h/x");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_redacted_and_what_stands_in_a_parameter_never_stays(
            before in "\\PC{0,20}", name in "[a-z]{0,3}(token|PASSWORD|pwd)=", after in "(&\\PC{0,20})?",
        ) {
            let text = format!("{before} {name}planted7{after}");
            proptest::prop_assert!(!redact(&text).contains("planted7"), "{}", redact(&text));
        }
    }
}
