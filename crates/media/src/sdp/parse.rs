//! What somebody else says of a stream: an RTSP publisher's announcement, or a camera's answer.

use std::num::NonZeroU32;

use base::ErrorKind;

use super::format;
use super::lines::{Media, Session};
use crate::rtp::depacket::Format;

/// Descriptions over this are refused.
const LEN_MAX: usize = 64 << 10;
/// Media of a description, at most.
const MEDIA_MAX: usize = 16;
/// Payload types of a medium that are looked at.
const TYPES_MAX: usize = 64;

/// What is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// All media in their order, those that cannot be carried among them.
    pub media: Vec<Medium>,
}

impl Announced {
    /// The names of what cannot be carried, such as `vp8`.
    pub fn omitted(&self) -> impl Iterator<Item = &str> {
        self.media
            .iter()
            .filter(|medium| medium.format.is_none())
            .map(|medium| medium.encoding.as_str())
    }
}

/// One of the media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium {
    /// Its `control` attribute: an absolute address, or one that is relative to the description's. Empty
    /// where it has none.
    pub control: String,
    /// The RTP payload type of its packets.
    pub payload_type: u8,
    /// The name of its encoding in small letters, or the kind of medium where it has none.
    pub encoding: String,
    /// Which way it goes, as the one who describes it says.
    pub direction: Direction,
    /// How it is read; `None`: it cannot be carried.
    pub format: Option<Format>,
}

/// Which way a medium goes (RFC 8866 section 6.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendReceive,
    /// From the one who describes it.
    SendOnly,
    /// To the one who describes it.
    ReceiveOnly,
    /// Not at all.
    Inactive,
}

/// A description that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SdpError {
    /// It is too long, or has too many media.
    #[error("the session description is too large")]
    TooLarge,
    /// It is none.
    #[error("not a session description: {0}")]
    Syntax(&'static str),
    /// It describes nothing.
    #[error("the session description has no media")]
    NoMedia,
}

impl SdpError {
    /// What kind of thing went wrong: the input.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "sdp_invalid"
    }
}

/// Reads a description. Of a medium with several payload types, the first that can be carried counts.
///
/// # Errors
/// See [`SdpError`].
pub fn parse(bytes: &[u8]) -> Result<Announced, SdpError> {
    if bytes.len() > LEN_MAX {
        return Err(SdpError::TooLarge);
    }
    // Names of streams come in the code pages of their cameras.
    let text = String::from_utf8_lossy(bytes);
    let session = Session::read(text.trim_end_matches('\0')).map_err(SdpError::Syntax)?;
    if session.media.len() > MEDIA_MAX {
        return Err(SdpError::TooLarge);
    }
    let default = direction(&session.attributes).unwrap_or_default();
    let media: Vec<Medium> = session.media.iter().map(|media| medium(media, default)).collect();
    if media.is_empty() {
        return Err(SdpError::NoMedia);
    }
    Ok(Announced { media })
}

fn direction(attributes: &[(&str, &str)]) -> Option<Direction> {
    attributes.iter().find_map(|(name, _)| match *name {
        "sendrecv" => Some(Direction::SendReceive),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::ReceiveOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    })
}

fn medium(media: &Media<'_>, default: Direction) -> Medium {
    let types = media.formats.split_ascii_whitespace().filter_map(|number| number.parse().ok());
    let mut maps = types.take(TYPES_MAX).map(|number| Map::find(media, number));
    let first = maps.next();
    let read = |map: &Map<'_>| format::format(map);
    let chosen = match first.as_ref().and_then(read) {
        Some(format) => first.as_ref().map(|map| (map.clone(), Some(format))),
        None => maps
            .find_map(|map| read(&map).map(|format| (map, Some(format))))
            .or_else(|| first.map(|map| (map, None))),
    };
    let carried = media.protocol.starts_with("RTP/") || media.protocol.contains("/RTP/");
    let name = chosen.as_ref().map(|(map, _)| map.encoding.clone());
    Medium {
        control: media.values("control").next().unwrap_or_default().trim().to_owned(),
        payload_type: chosen.as_ref().map_or(0, |(map, _)| map.payload_type),
        encoding: name
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| media.kind.to_ascii_lowercase()),
        direction: direction(&media.attributes).unwrap_or(default),
        format: chosen.and_then(|(_, format)| format).filter(|_| carried),
    }
}

/// What `rtpmap` and `fmtp` say of a payload type.
#[derive(Clone)]
pub(super) struct Map<'a> {
    payload_type: u8,
    /// In small letters.
    pub(super) encoding: String,
    pub(super) rate: Option<NonZeroU32>,
    /// 1 where it is not said.
    pub(super) channels: u8,
    format: &'a str,
}

impl<'a> Map<'a> {
    fn find(media: &Media<'a>, payload_type: u8) -> Self {
        let line = |name| {
            media.values(name).find_map(|value: &'a str| {
                let (number, rest) = value.trim_start().split_once(char::is_whitespace)?;
                (number.parse() == Ok(payload_type)).then(|| rest.trim())
            })
        };
        // The static types of RFC 3551 table 4 may do without.
        let fixed = match payload_type {
            0 => "pcmu/8000",
            8 => "pcma/8000",
            26 => "jpeg/90000",
            _ => "",
        };
        let mut parts = line("rtpmap").unwrap_or(fixed).split('/').map(str::trim);
        Self {
            payload_type,
            encoding: parts.next().unwrap_or_default().to_ascii_lowercase(),
            rate: parts.next().and_then(|rate| rate.parse().ok()),
            channels: parts.next().and_then(|count| count.parse().ok()).unwrap_or(1),
            format: line("fmtp").unwrap_or_default(),
        }
    }

    /// A parameter of the format's, whose names are in any letters.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        let parts = self.format.split(';').filter_map(|part| part.split_once('='));
        let mut values = parts.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim())
    }

    /// A parameter that is a number; `None` where it is not there or none.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.parameter(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests;
