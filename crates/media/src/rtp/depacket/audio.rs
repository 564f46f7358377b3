//! Frames of AAC (RFC 3640): several to a packet behind a list of headers, or one in fragments.

use bytes::Bytes;

use super::{Frame, Refused};
use crate::rtp::packet::Packet;

/// Frames of a packet, at most.
const FRAMES_MAX: usize = 64;
/// Bits of a size that say more than any frame has.
const SIZE_BITS_MAX: u8 = 16;

/// The lengths in bits of what stands before each frame (RFC 3640 section 3.2.1), and how long one lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuHeader {
    /// `sizelength`: 13 for AAC-hbr.
    pub size: u8,
    /// `indexlength`, of the first in a packet.
    pub index: u8,
    /// `indexdeltalength`, of the others.
    pub delta: u8,
    /// Of a frame, in the payload's clock.
    pub duration: u32,
}

impl AuHeader {
    /// AAC-hbr with frames of 1,024 samples.
    pub const HIGH_RATE: Self = Self { size: 13, index: 3, delta: 3, duration: 1_024 };
}

pub(super) struct AacFrames {
    header: AuHeader,
    /// A frame in fragments: its time, its size, and what has come of it.
    partial: Option<(u32, usize, Vec<u8>)>,
}

impl AacFrames {
    pub(super) const fn new(header: AuHeader) -> Self {
        Self { header, partial: None }
    }

    pub(super) fn push(
        &mut self,
        packet: &Packet,
        lost: bool,
        out: &mut Vec<Frame>,
    ) -> Result<(), Refused> {
        // A time that is another's says that the end is gone, without a loss that is known.
        self.partial.take_if(|(time, _, _)| lost || *time != packet.timestamp);
        let (sizes, mut rest) = self.split(&packet.payload)?;
        if let ([size], true) = (&sizes[..], rest.len() < sizes.first().copied().unwrap_or(0)) {
            return self.fragment(packet.timestamp, *size, &rest, out);
        }
        if let ([size], Some(_)) = (&sizes[..], &self.partial) {
            return self.fragment(packet.timestamp, *size, &rest, out);
        }
        let mut timestamp = packet.timestamp;
        for size in sizes {
            if size > rest.len() {
                return Err(Refused::Malformed("a frame that is cut short"));
            }
            let data = rest.split_to(size);
            out.extend((size > 0).then_some(Frame { timestamp, data, lost: 0 }));
            timestamp = timestamp.wrapping_add(self.header.duration);
        }
        Ok(())
    }

    fn fragment(
        &mut self,
        timestamp: u32,
        size: usize,
        part: &[u8],
        out: &mut Vec<Frame>,
    ) -> Result<(), Refused> {
        let (_, whole, bytes) =
            self.partial.get_or_insert_with(|| (timestamp, size, Vec::with_capacity(part.len())));
        bytes.extend_from_slice(part);
        if *whole != size || bytes.len() > size {
            self.partial = None;
            return Err(Refused::Malformed("fragments of other frames"));
        }
        if bytes.len() == size {
            out.push(Frame { timestamp, data: Bytes::from(std::mem::take(bytes)), lost: 0 });
            self.partial = None;
        }
        Ok(())
    }

    /// The sizes of the frames, and the frames (section 3.2.1).
    fn split(&self, payload: &Bytes) -> Result<(Vec<usize>, Bytes), Refused> {
        let short = Refused::Malformed("headers that are cut short");
        let bits = payload.first_chunk().map(|bits| usize::from(u16::from_be_bytes(*bits)));
        let bits = bits.ok_or(short)?;
        let end = 2 + bits.div_ceil(8);
        let headers = payload.get(2..end).ok_or(short)?;
        let mut reader = Bits { bytes: headers, at: 0, end: bits };
        let mut sizes = Vec::new();
        while reader.at < reader.end {
            let size = reader.take(self.header.size.min(SIZE_BITS_MAX)).ok_or(short)?;
            let is_first = sizes.is_empty();
            let index = if is_first { self.header.index } else { self.header.delta };
            if reader.take(index).ok_or(short)? != 0 && !is_first {
                return Err(Refused::Malformed("interleaved frames"));
            }
            sizes.push(size);
            if sizes.len() > FRAMES_MAX || self.header.size == 0 {
                return Err(Refused::Malformed("too many frames"));
            }
        }
        Ok((sizes, payload.slice(end..)))
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u8) -> Option<usize> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8).filter(|_| self.at < self.end)?;
            value = value << 1 | usize::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}
