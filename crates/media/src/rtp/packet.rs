//! A packet's header as it arrives (RFC 3550 section 5.1), and numbers of few bits made whole.

use bytes::Bytes;

/// Bytes that are no RTP or RTCP packet.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a packet: {0}")]
pub struct Malformed(pub(super) &'static str);

/// A packet that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The payload type.
    pub payload_type: u8,
    /// The marker.
    pub marker: bool,
    /// The sequence number.
    pub sequence: u16,
    /// The time, in the payload's clock.
    pub timestamp: u32,
    /// The source.
    pub ssrc: u32,
    /// What it carries, without header, extension and padding.
    pub payload: Bytes,
}

const HEADER_LEN: usize = 12;

impl Packet {
    /// Reads a packet; the payload shares its bytes.
    ///
    /// # Errors
    /// When it is of another version, or shorter than it says.
    pub fn parse(bytes: &Bytes) -> Result<Self, Malformed> {
        let short = Malformed("cut short");
        let Some(([first, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3], _)) =
            bytes.split_first_chunk::<HEADER_LEN>()
        else {
            return Err(short);
        };
        if first >> 6 != 2 {
            return Err(Malformed("another version"));
        }
        let mut start = HEADER_LEN + usize::from(first & 0x0f) * 4;
        if first & 0x10 != 0 {
            let Some([_, _, l0, l1]) = bytes.get(start..start + 4) else { return Err(short) };
            start += 4 + usize::from(u16::from_be_bytes([*l0, *l1])) * 4;
        }
        let padding = if first & 0x20 != 0 { bytes.last().copied().unwrap_or(0) } else { 0 };
        let end = bytes.len().saturating_sub(usize::from(padding));
        if start > end || (first & 0x20 != 0 && padding == 0) {
            return Err(short);
        }
        Ok(Self {
            payload_type: second & 0x7f,
            marker: second & 0x80 != 0,
            sequence: u16::from_be_bytes([*s0, *s1]),
            timestamp: u32::from_be_bytes([*t0, *t1, *t2, *t3]),
            ssrc: u32::from_be_bytes([*r0, *r1, *r2, *r3]),
            payload: bytes.slice(start..end),
        })
    }
}

/// How far `sequence` is behind `from`, negative where it precedes it, over the wrap.
#[must_use]
pub const fn distance(from: u16, sequence: u16) -> i16 {
    sequence.wrapping_sub(from).cast_signed()
}

/// Times of 32 bits as times that do not wrap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwrap(Option<(u32, i64)>);

impl Unwrap {
    /// `timestamp` counted on from the one before; the first is itself.
    pub fn next(&mut self, timestamp: u32) -> i64 {
        let whole = self.peek(timestamp).unwrap_or(i64::from(timestamp));
        self.0 = Some((timestamp, whole));
        whole
    }

    /// The same of a time that is none of a packet; `None` before the first.
    #[must_use]
    pub fn peek(&self, timestamp: u32) -> Option<i64> {
        let (last, whole) = self.0?;
        Some(whole.saturating_add(i64::from(timestamp.wrapping_sub(last).cast_signed())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;
    use crate::rtp::header;
    use proptest::prelude::*;

    #[test]
    fn sources_extension_and_padding_are_no_payload() {
        let mut bytes = header(96, true, 7, 8, 9).to_vec();
        bytes[0] = 0x80 | 0x20 | 0x10 | 2;
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&[0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
        bytes.extend_from_slice(&[5, 6, 0, 0, 3]);
        let read = Packet::parse(&Bytes::from(bytes.clone())).expect("a packet");
        assert_eq!((read.sequence, read.timestamp, read.ssrc), (7, 8, 9));
        assert!(read.marker && read.payload_type == 96);
        assert_eq!(read.payload[..], [5, 6]);
        for len in 0..28 {
            assert!(Packet::parse(&Bytes::copy_from_slice(&bytes[..len])).is_err());
        }
    }

    #[test]
    fn times_and_numbers_go_on_over_the_wrap() {
        let mut unwrap = Unwrap::default();
        assert_eq!(unwrap.next(u32::MAX - 1), i64::from(u32::MAX) - 1);
        assert_eq!(unwrap.next(1), i64::from(u32::MAX) + 2);
        assert_eq!(unwrap.next(u32::MAX), i64::from(u32::MAX));
        assert_eq!((distance(65_535, 1), distance(1, 65_535)), (2, -2));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_packet_or_an_error(mut bytes in proptest::collection::vec(any::<u8>(), 1..100), valid: bool) {
            if valid { bytes[0] = bytes[0] & 0x3f | 0x80; }
            let _ = Packet::parse(&Bytes::from(bytes));
        }

        #[test]
        fn what_we_write_is_read(marker: bool, sequence: u16, timestamp: u32, ssrc: u32, payload in proptest::collection::vec(any::<u8>(), 0..50)) {
            let bytes = [&header(100, marker, sequence, timestamp, ssrc)[..], &payload].concat();
            let payload = Bytes::from(payload);
            prop_assert_eq!(Packet::parse(&Bytes::from(bytes)), Ok(Packet { payload_type: 100, marker, sequence, timestamp, ssrc, payload }));
        }
    }
}
