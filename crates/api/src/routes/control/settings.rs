//! A path's configuration as clients of the control API write it, and what may stand in it. Pure.

use base::{CameraId, Secret, StreamPath};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::span::Span;

macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident $name:literal: $type:ty, $schema:ty;)+) => {
        /// A path's configuration; what is absent is as the defaults say.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct PathSettings {$(
            $(#[$doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<$schema>)]
            pub $field: Option<$type>,
        )+}

        /// Its fields' names.
        const FIELDS: &[&str] = &[$($name),+];

        impl PathSettings {
            /// These, and `below` where one is absent.
            #[must_use]
            pub fn over(&self, below: &Self) -> Self {
                Self { $($field: self.$field.clone().or_else(|| below.$field.clone())),+ }
            }
        }
    };
}

settings! {
    /// `publisher`, or the address that is pulled.
    source "source": Secret, String;
    /// Not supported; empty.
    source_fingerprint "sourceFingerprint": String, String;
    /// Pulled only while somebody watches.
    source_on_demand "sourceOnDemand": bool, bool;
    /// How long the first viewer waits.
    source_on_demand_start_timeout "sourceOnDemandStartTimeout": Span, String;
    /// How long after the last viewer the pull ends.
    source_on_demand_close_after "sourceOnDemandCloseAfter": Span, String;
    /// 0: any number.
    max_readers "maxReaders": u32, u32;
    /// Whether it is recorded.
    record "record": bool, bool;
    /// Kept and not used: recordings lie where the storage's configuration says.
    record_path "recordPath": String, String;
    /// `fmp4` or `mpegts`.
    record_format "recordFormat": String, String;
    /// Kept and not used: data reaches the disk as `record.durability` says.
    record_part_duration "recordPartDuration": Span, String;
    /// Kept and not used.
    record_max_part_size "recordMaxPartSize": String, String;
    /// How long a segment is.
    record_segment_duration "recordSegmentDuration": Span, String;
    /// How long recordings are kept; 0: as the configuration says.
    record_delete_after "recordDeleteAfter": Span, String;
    /// A new publisher takes the path over.
    override_publisher "overridePublisher": bool, bool;
    /// `automatic`, `udp` or `tcp`.
    rtsp_transport "rtspTransport": String, String;
    /// Kept and not used.
    rtsp_any_port "rtspAnyPort": bool, bool;
}

/// Fields of hooks, as answers have them: only these values are taken back.
const HOOKS: &[(&str, &str)] = &[
    ("runOnDemand", ""),
    ("runOnDemandStartTimeout", "10s"),
    ("runOnDemandCloseAfter", "10s"),
    ("runOnReady", ""),
    ("runOnNotReady", ""),
    ("runOnRead", ""),
    ("runOnUnread", ""),
    ("runOnRecordSegmentCreate", ""),
    ("runOnRecordSegmentComplete", ""),
];

/// What a field may not be.
pub(super) const HOOK: &str = "hooks are set in the configuration file";
/// What stands for a password in answers.
const REDACTED: &str = "<redacted>";
/// The source of a path that others publish to.
pub const PUBLISHER: &str = "publisher";
/// Longest source in bytes.
const SOURCE_LEN_MAX: usize = 4_096;

/// What a path's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// One path.
    Exact(StreamPath),
    /// The paths that a regular expression matches.
    Pattern(String),
    /// All that no other name matches.
    AllOthers,
}

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(name: &str) -> Result<Self, String> {
        if matches!(name, "all_others" | "all" | "~^.*$") {
            return Ok(Self::AllOthers);
        }
        let wrong = |why: &str| Err(format!("invalid path name '{}': {why}", shorten(name)));
        if let Some(pattern) = name.strip_prefix('~') {
            return match pattern.is_empty() || name.len() > 255 {
                true => wrong("use ~ and a regular expression, 255 bytes at most"),
                false => Ok(Self::Pattern(pattern.to_owned())),
            };
        }
        let first = name.split('/').next().unwrap_or_default();
        if let Err(error @ base::id::IdError::Reserved(_)) = CameraId::new(first) {
            return wrong(&error.to_string());
        }
        StreamPath::new(name).map(Self::Exact).or_else(|error| wrong(&error.to_string()))
    }
}

impl PathSettings {
    /// Reads the object of a request.
    ///
    /// # Errors
    /// What is wrong with it, in the control API's words.
    pub fn read(mut given: Map<String, Value>) -> Result<Self, String> {
        // A configuration that was got is sent back whole, under its own name or another.
        given.remove("name");
        given.retain(|_, value| !value.is_null());
        for (name, neutral) in HOOKS {
            if given.get(*name).is_some_and(|value| value == neutral) {
                given.remove(*name);
            }
        }
        for (name, value) in &given {
            if name.starts_with("runOn") {
                return Err(HOOK.to_owned());
            }
            if !FIELDS.contains(&name.as_str()) {
                return Err(format!("json: unknown field \"{}\"", shorten(name)));
            }
            let alone: Map<_, _> = [(name.clone(), value.clone())].into_iter().collect();
            if serde_json::from_value::<Self>(Value::Object(alone)).is_err() {
                return Err(format!("invalid value of \"{name}\""));
            }
        }
        serde_json::from_value(Value::Object(given)).map_err(|_| "invalid body".to_owned())
    }

    /// Says what cannot be, of a whole configuration: the defaults below it.
    ///
    /// # Errors
    /// What is wrong with it, in words for whoever asked.
    pub fn check(&self, name: &Name) -> Result<(), String> {
        let word = |value: &Option<String>, allowed: &[&str], field: &str| match value {
            Some(word) if !allowed.contains(&word.as_str()) => {
                Err(format!("invalid {field}: use one of {}", allowed.join(", ")))
            }
            _ => Ok(()),
        };
        word(&self.record_format, &["fmp4", "mpegts"], "recordFormat")?;
        word(&self.rtsp_transport, &["automatic", "udp", "tcp"], "rtspTransport")?;
        word(&self.source_fingerprint, &[""], "sourceFingerprint, which is not supported")?;
        self.check_recording(name)?;
        if self.record_max_part_size.as_deref().is_some_and(|size| !is_size(size)) {
            return Err("invalid recordMaxPartSize: write a size such as 50M".to_owned());
        }
        if self.record_path.as_ref().is_some_and(|path| path.len() > 1_000) {
            return Err("invalid recordPath: it is too long".to_owned());
        }
        let Some(source) = self.source.as_ref().map(Secret::reveal) else { return Ok(()) };
        if source == PUBLISHER {
            return self.check_rule(name).map_err(|fault| format!("invalid name: {fault}"));
        }
        if !is_address(source) {
            return Err(
                "invalid source: use publisher, or an address of rtsp, rtsps, rtmp, rtmps, srt, http or https"
                    .to_owned(),
            );
        }
        if !matches!(name, Name::Exact(_)) && self.source_on_demand != Some(true) {
            return Err(
                "a path of a pattern with an address as its source needs sourceOnDemand".to_owned()
            );
        }
        self.check_rule(name).map_err(|fault| format!("invalid source or name: {fault}"))
    }

    fn check_recording(&self, name: &Name) -> Result<(), String> {
        let shortest = std::time::Duration::from_secs(1);
        if self.record_segment_duration.is_some_and(|span| span.get() < shortest) {
            return Err("invalid recordSegmentDuration: at least 1s".to_owned());
        }
        let is_camera = matches!(name, Name::Exact(path) if CameraId::new(path.as_str()).is_ok());
        if self.record == Some(true) && !is_camera {
            return Err(
                "a path that is recorded needs a name of a-z, 0-9, - and _, 64 at most".to_owned()
            );
        }
        Ok(())
    }

    /// As it stands in answers: whole, without passwords.
    #[must_use]
    pub fn shown(&self, name: &str) -> Value {
        let mut shown = match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        shown.insert("name".to_owned(), json!(name));
        let source = self.source.as_ref().map_or(PUBLISHER, Secret::reveal);
        shown.insert("source".to_owned(), json!(redacted(source)));
        shown.extend(HOOKS.iter().map(|(name, neutral)| ((*name).to_owned(), json!(neutral))));
        Value::Object(shown)
    }

    /// True when it is pulled from somewhere.
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.reveal() != PUBLISHER)
    }

    /// Takes the password back where the source is the one that an answer showed.
    pub(super) fn with_password_of(&mut self, before: &Self) {
        let shown = before.source.as_ref().map(|source| redacted(source.reveal()));
        if self.source.as_ref().map(Secret::reveal) == shown.as_deref() {
            self.source.clone_from(&before.source);
        }
    }

    /// The names of what is given.
    pub(super) fn given(&self) -> String {
        let fields = serde_json::to_value(self).unwrap_or_default();
        let names = fields.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>());
        names.unwrap_or_default().join(", ")
    }
}

/// An address with its password, and the values of parameters that are named like one, replaced.
fn redacted(source: &str) -> String {
    let Some((scheme, rest)) = source.split_once("://") else { return source.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{user}:{REDACTED}@{host}"),
            None => authority.to_owned(),
        },
        None => authority.to_owned(),
    };
    let Some((path, query)) = tail.split_once('?') else {
        return format!("{scheme}://{authority}{tail}");
    };
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(pair).collect();
    format!("{scheme}://{authority}{path}?{}", query.join("&"))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "token", "secret", "key", "auth", "signature"]
        .iter()
        .any(|word| name.contains(word))
}

fn is_address(source: &str) -> bool {
    let schemes = ["rtsp", "rtsps", "rtmp", "rtmps", "srt", "http", "https"];
    let Some((scheme, rest)) = source.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_plain = source.chars().all(|c| !c.is_control() && !c.is_whitespace());
    schemes.contains(&scheme)
        && source.len() <= SOURCE_LEN_MAX
        && is_plain
        && !source.contains(REDACTED)
        && !host.is_empty()
        && !host.starts_with(':')
}

fn is_size(text: &str) -> bool {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    !number.is_empty()
        && number.len() <= 15
        && ["", "B", "K", "KB", "KiB", "M", "MB", "MiB", "G", "GB", "GiB", "T", "TB"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(unit))
}

/// As much of a text as answers repeat.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::*;

    fn read(value: Value) -> Result<PathSettings, String> {
        PathSettings::read(value.as_object().unwrap().clone())
    }

    #[test]
    fn fields_are_read_and_what_is_unknown_or_a_hook_is_named() {
        let given = json!({ "source": "rtsp://u:p@h/1", "sourceOnDemandStartTimeout": "1m", "name": "x", "record": null });
        let settings = read(given).unwrap();
        assert_eq!(settings.source_on_demand_start_timeout.unwrap().to_string(), "1m0s");
        assert_eq!(settings.record, None);
        assert!(!format!("{settings:?}").contains("u:p"));
        let cases = [
            (json!({ "foo": 1 }), "json: unknown field \"foo\""),
            (json!({ "runOnReady": "touch /tmp/x" }), HOOK),
            (json!({ "runOnInit": "" }), HOOK),
            (json!({ "maxReaders": -1 }), "invalid value of \"maxReaders\""),
            (
                json!({ "recordSegmentDuration": "soon" }),
                "invalid value of \"recordSegmentDuration\"",
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(read(given).unwrap_err(), expected);
        }
    }

    #[test]
    fn what_was_answered_can_be_sent_back_and_keeps_its_password() {
        let before = read(json!({ "source": "rtsp://u:p@h/1?token=abc&x=1" })).unwrap();
        let shown = before.shown("a");
        assert_eq!(shown["source"], "rtsp://u:<redacted>@h/1?token=<redacted>&x=1");
        assert_eq!(shown["name"], "a");
        let mut again = read(shown).unwrap();
        again.with_password_of(&before);
        assert_eq!(again.source, before.source);
        let exact = Name::parse("a").unwrap();
        assert!(
            read(json!({ "source": "rtsp://u:<redacted>@h/2" })).unwrap().check(&exact).is_err()
        );
    }

    #[test]
    fn names_are_paths_patterns_or_the_rest() {
        assert_eq!(Name::parse("all_others"), Ok(Name::AllOthers));
        assert_eq!(Name::parse("~^metro_(.+)$"), Ok(Name::Pattern("^metro_(.+)$".into())));
        assert!(matches!(Name::parse("Metro/12"), Ok(Name::Exact(_))));
        for bad in ["", "a b", "../x", "~", "playback/x", "live", "a//b", "a?b"] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_configuration_that_cannot_be_is_refused() {
        let check = |name: &str, value: Value| {
            read(value).and_then(|settings| settings.check(&Name::parse(name).unwrap()))
        };
        for good in [
            json!({}),
            json!({ "source": "publisher" }),
            json!({ "source": "rtsps://h:322/x", "record": true, "recordMaxPartSize": "50M" }),
        ] {
            check("a", good).unwrap();
        }
        check("~^a(.*)$", json!({ "source": "rtsp://h/$G1", "sourceOnDemand": true })).unwrap();
        for (name, bad) in [
            ("a", json!({ "source": "file:///etc/passwd" })),
            ("a", json!({ "source": "rtsp://" })),
            ("a", json!({ "recordFormat": "avi" })),
            ("a", json!({ "rtspTransport": "multicast" })),
            ("a", json!({ "sourceFingerprint": "ab" })),
            ("a", json!({ "recordSegmentDuration": "0s" })),
            ("a", json!({ "recordMaxPartSize": "many" })),
            ("A/b", json!({ "record": true })),
            ("~^a$", json!({ "source": "rtsp://h/1" })),
        ] {
            assert!(check(name, bad.clone()).is_err(), "{name} {bad}");
        }
    }

    proptest! {
        #[test]
        fn no_source_shows_its_password(user in "[a-z]{1,5}", password in "[a-zA-Z0-9:@]{6,12}") {
            let shown = redacted(&format!("rtsp://{user}:{password}@host/x?a=b"));
            prop_assert!(!shown.contains(&password), "{}", shown);
            prop_assert!(shown.ends_with("@host/x?a=b"));
        }
    }
}
