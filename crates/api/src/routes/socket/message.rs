//! What is said over the socket. Pure.

use bytes::{BufMut, Bytes, BytesMut};
use live::socket::{Init, Piece};
use serde::{Deserialize, Serialize};

use crate::problem::ProblemDetails;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Said {
    /// It wants a stream.
    Subscribe {
        /// The tile.
        id: u32,
        /// The stream.
        path: String,
    },
    /// It wants it no more.
    Unsubscribe {
        /// The tile.
        id: u32,
    },
}

/// What a client is told.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u32>,
    #[serde(flatten)]
    pub(super) what: What<'a>,
}

/// Of a tile.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What<'a> {
    Init(Description<'a>),
    Waiting(bool),
    Skipped(bool),
    Error(Box<ProblemDetails>),
}

/// What a player must know before the first part.
#[derive(Serialize)]
pub(super) struct Description<'a> {
    mime: String,
    codecs: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u16>,
    omitted: &'a [&'static str],
}

impl<'a> Description<'a> {
    pub(super) fn of(init: &'a Init) -> Self {
        let kind = if init.size.is_some() { "video/mp4" } else { "audio/mp4" };
        Self {
            mime: format!("{kind}; codecs=\"{}\"", init.codecs),
            codecs: &init.codecs,
            width: init.size.map(|(width, _)| width),
            height: init.size.map(|(_, height)| height),
            omitted: &init.omitted,
        }
    }
}

/// A message with an initialisation segment.
pub(super) fn init(id: u32, init: &Init) -> Bytes {
    binary(id, 0, 0, &init.bytes)
}

/// A message with a part.
pub(super) fn piece(id: u32, piece: &Piece) -> Bytes {
    let newest = u64::try_from(piece.newest.as_micros()).unwrap_or(0);
    binary(id, if piece.key { 2 } else { 1 }, newest, &piece.bytes)
}

fn binary(id: u32, kind: u8, newest: u64, bytes: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(16 + bytes.len());
    out.put_u32(id);
    out.put_slice(&[kind, 0, 0, 0]);
    out.put_u64(newest);
    out.put_slice(bytes);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use base::Wall;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_those_of_the_page() {
        let said = |text| serde_json::from_str::<Said>(text).ok();
        assert_eq!(
            said(r#"{"subscribe": {"id": 1, "path": "cam1"}}"#),
            Some(Said::Subscribe { id: 1, path: "cam1".into() })
        );
        assert_eq!(
            said(r#"{"unsubscribe": {"id": 4294967295}}"#),
            Some(Said::Unsubscribe { id: u32::MAX })
        );
        assert_eq!(said(r#"{"unsubscribe": {"id": -1}}"#), None);
        let init = Init {
            codecs: "avc1.42c016,opus".into(),
            size: Some((640, 480)),
            omitted: vec!["pcma"],
            bytes: Bytes::from_static(b"moov"),
        };
        let told = Told { id: Some(1), what: What::Init(Description::of(&init)) };
        assert_eq!(
            serde_json::to_value(&told).expect("it is JSON"),
            serde_json::json!({"id": 1, "init": {"mime": "video/mp4; codecs=\"avc1.42c016,opus\"",
                "codecs": "avc1.42c016,opus", "width": 640, "height": 480, "omitted": ["pcma"]}})
        );
        let waiting = Told { id: Some(7), what: What::Waiting(true) };
        assert_eq!(
            serde_json::to_string(&waiting).expect("it is JSON"),
            r#"{"id":7,"waiting":true}"#
        );
    }

    #[test]
    fn a_part_has_its_tile_its_kind_and_its_time_before_it() {
        let newest = Wall::from_micros(0x0102_0304_0506_0708);
        let given = Piece { newest, key: true, bytes: Bytes::from_static(b"moof") };
        assert_eq!(
            &piece(9, &given)[..],
            b"\0\0\0\x09\x02\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08moof"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_understood_or_not(text in ".{0,200}") {
            let _ = serde_json::from_str::<Said>(&text);
        }
    }
}
