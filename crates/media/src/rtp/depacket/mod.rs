//! Packets that arrive made access units again, one depacketizer to a track.
//!
//! Takes packets in the order of their numbers; what is missing between them takes the unit with it
//! that it was a part of, and is counted. Whether the next key frame must be waited for is the
//! caller's choice.

mod audio;
mod jpeg;
mod nal;

use bytes::Bytes;

use super::packet::{Packet, distance};
use crate::jpeg::JpegParameters;
use crate::{Parameters, Timescale};
use audio::AacFrames;
pub use audio::AuHeader;
use jpeg::JpegPictures;
use nal::Pictures;

/// An access unit over this is none.
pub const UNIT_LEN_MAX: usize = 8 << 20;
/// A step of sequence numbers that is a new beginning and no loss (RFC 3550 appendix A.1).
const DROPOUT_MAX: i16 = 3_000;
/// So far back a packet is only late.
const MISORDER_MAX: i16 = 100;

/// How a track's access units are put into packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 6184, non-interleaved.
    H264,
    /// RFC 7798, without decoding order numbers.
    H265,
    /// RFC 2435.
    Jpeg,
    /// RFC 3640.
    Aac(AuHeader),
    /// RFC 7587.
    Opus,
    /// RFC 3551 section 4.5.14.
    G711,
}

/// What a description says of a track that is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// How it is put into packets.
    pub coding: Coding,
    /// The clock of its times.
    pub timescale: Timescale,
    /// Its parameters, where they are said; else its key frames bring them ([`Coding::parameters_in`]).
    pub parameters: Option<Parameters>,
}

impl Coding {
    /// True for pictures.
    #[must_use]
    pub const fn is_video(self) -> bool {
        matches!(self, Self::H264 | Self::H265 | Self::Jpeg)
    }

    /// True when a decoder may start at this access unit.
    #[must_use]
    pub fn is_key(self, access_unit: &[u8]) -> bool {
        match self {
            Self::H264 => crate::h264::nal::is_idr(access_unit),
            Self::H265 => crate::h265::nal::is_irap(access_unit),
            _ => true,
        }
    }

    /// Parameters that a key frame brings along: all parameter sets, or a picture's size.
    #[must_use]
    pub fn parameters_in(self, key_frame: &[u8]) -> Option<Parameters> {
        match self {
            Self::H264 | Self::H265 => nal::parameters_in(self, key_frame),
            Self::Jpeg => JpegParameters::from_picture(key_frame).ok().map(Parameters::Mjpeg),
            _ => None,
        }
    }
}

/// An access unit as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its RTP time.
    pub timestamp: u32,
    /// The bytes as [`Parameters`] says of its codec.
    pub data: Bytes,
    /// Packets that were lost since the unit before.
    pub lost: u16,
}

/// A packet that cannot be used. The unit it was a part of is dropped.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// Not as its payload format says.
    #[error("a packet is not as its format says: {0}")]
    Malformed(&'static str),
    /// The access unit exceeds [`UNIT_LEN_MAX`].
    #[error("an access unit is too large")]
    TooLarge,
}

/// Makes the access units of one track.
pub struct Depacketizer {
    kind: Kind,
    next: Option<u16>,
    lost: u64,
}

enum Kind {
    Pictures(Pictures),
    Jpeg(JpegPictures),
    Aac(AacFrames),
    Whole,
}

impl Depacketizer {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(coding: Coding) -> Self {
        let kind = match coding {
            Coding::H264 | Coding::H265 => Kind::Pictures(Pictures::new(coding)),
            Coding::Jpeg => Kind::Jpeg(JpegPictures::new()),
            Coding::Aac(header) => Kind::Aac(AacFrames::new(header)),
            Coding::Opus | Coding::G711 => Kind::Whole,
        };
        Self { kind, next: None, lost: 0 }
    }

    /// Says which parameter sets all know: they are left out of the access units.
    pub fn know(&mut self, parameters: &Parameters) {
        if let Kind::Pictures(pictures) = &mut self.kind {
            pictures.know(parameters.sets());
        }
    }

    /// Takes the next packet and appends to `out` the units that it ends. Late and repeated packets
    /// change nothing.
    ///
    /// # Errors
    /// When the packet is not as its format says; the next one may be given.
    pub fn push(&mut self, packet: &Packet, out: &mut Vec<Frame>) -> Result<(), Refused> {
        let step = self.next.map_or(0, |next| distance(next, packet.sequence));
        if (-MISORDER_MAX..0).contains(&step) {
            return Ok(());
        }
        self.next = Some(packet.sequence.wrapping_add(1));
        let lost = if (0..DROPOUT_MAX).contains(&step) { step.unsigned_abs() } else { 1 };
        self.lost += u64::from(lost);
        let first = out.len();
        let result = match &mut self.kind {
            Kind::Pictures(pictures) => pictures.push(packet, lost > 0, out),
            Kind::Jpeg(pictures) => pictures.push(packet, lost > 0, out),
            Kind::Aac(frames) => frames.push(packet, lost > 0, out),
            Kind::Whole => {
                // Opus is silent where there is nothing to send.
                let data = packet.payload.clone();
                let frame = Frame { timestamp: packet.timestamp, data, lost: 0 };
                out.extend((!frame.data.is_empty()).then_some(frame));
                Ok(())
            }
        };
        if let Some(frame) = out.get_mut(first) {
            frame.lost = u16::try_from(std::mem::take(&mut self.lost)).unwrap_or(u16::MAX);
        }
        result
    }
}

#[cfg(test)]
mod tests;
