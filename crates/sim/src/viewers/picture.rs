//! RTP packets and files, looked at just enough to know whole pictures, key frames and our clock. Pure.

use media::h264::sei::{self, Stamp};

/// How pictures are encoded, as the session's description says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    H264,
    H265,
}

/// A picture that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) key: bool,
    pub(super) stamp: Option<Stamp>,
}

/// The picture whose packets are coming.
#[derive(Clone, Debug)]
pub(super) struct Gathering {
    codec: Codec,
    key: bool,
    stamp: Option<Stamp>,
    is_torn: bool,
}

impl Gathering {
    pub(super) const fn new(codec: Codec) -> Self {
        Self { codec, key: false, stamp: None, is_torn: false }
    }

    /// Packets before the next one are missing.
    pub(super) const fn tear(&mut self) {
        self.is_torn = true;
    }

    /// Takes a packet's payload; the picture that it ends, if all of it came.
    pub(super) fn packet(&mut self, marker: bool, payload: &[u8]) -> Option<Picture> {
        self.key |= holds_key(self.codec, payload);
        // The clock comes before the first slice: no packet after it is searched.
        if self.stamp.is_none() {
            self.stamp = sei::scan(payload).next();
        }
        if !marker {
            return None;
        }
        let whole = std::mem::replace(self, Self::new(self.codec));
        (!whole.is_torn).then_some(Picture { key: whole.key, stamp: whole.stamp })
    }
}

/// An RTP packet's marker, number and payload (RFC 3550 section 5.1).
pub(super) fn rtp(packet: &[u8]) -> Option<(bool, u16, &[u8])> {
    let (head, rest) = packet.split_first_chunk::<12>()?;
    let [first, second, high, low, ..] = *head;
    let mut from = usize::from(first & 0x0f) * 4;
    if first & 0x10 != 0 {
        let [_, _, high, low] = *rest.get(from..)?.first_chunk::<4>()?;
        from += 4 + usize::from(u16::from_be_bytes([high, low])) * 4;
    }
    let padding = if first & 0x20 == 0 { 0 } else { usize::from(*rest.last()?) };
    let end = rest.len().checked_sub(padding)?;
    Some((second & 0x80 != 0, u16::from_be_bytes([high, low]), rest.get(from..end)?))
}

/// True when a payload holds a part of a key frame (RFC 6184 section 5.2, RFC 7798 section 4.4).
fn holds_key(codec: Codec, payload: &[u8]) -> bool {
    let first = payload.first().copied().unwrap_or(0);
    match codec {
        Codec::H264 => match first & 0x1f {
            24 => aggregated(payload, 1).any(|kind| kind & 0x1f == 5),
            28 => payload.get(1).is_some_and(|header| header & 0x1f == 5),
            kind => kind == 5,
        },
        Codec::H265 => {
            let is_irap = |kind: u8| (16..=23).contains(&kind);
            match first >> 1 & 0x3f {
                48 => aggregated(payload, 2).any(|first| is_irap(first >> 1 & 0x3f)),
                49 => payload.get(2).is_some_and(|header| is_irap(header & 0x3f)),
                kind => is_irap(kind),
            }
        }
    }
}

/// The first byte of each unit of an aggregation.
fn aggregated(payload: &[u8], header: usize) -> impl Iterator<Item = u8> {
    let mut rest = payload.get(header..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (len, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_be_bytes(*len))..)?;
        after.first().copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Wall;
    use bytes::Bytes;
    use media::h264;
    use proptest::prelude::*;

    #[test]
    fn a_picture_is_whole_at_its_marker() {
        let stamp = Stamp { wall: Wall::from_micros(5), frame: 9 };
        let clock = h264::sei::clock(stamp);
        let slice = [&[0x65][..], &[7; 4_000]].concat();
        let unit: Bytes = h264::nal::join([&clock[..], &slice]);
        let packets = media::rtp::h264(&unit, &[&Bytes::from_static(&[0x67, 1])]);
        let mut gathering = Gathering::new(Codec::H264);
        let found: Vec<_> =
            packets.iter().map(|packet| gathering.packet(packet.marker, &packet.data)).collect();
        assert_eq!(found.last(), Some(&Some(Picture { key: true, stamp: Some(stamp) })));
        assert!(found.iter().rev().skip(1).all(Option::is_none));
        assert_eq!(
            gathering.packet(true, &[0x41, 1]),
            Some(Picture { key: false, stamp: None }),
            "the next one begins with nothing"
        );
    }

    #[test]
    fn key_frames_are_known_in_every_wrapping() {
        assert!(holds_key(Codec::H264, &[0x65, 0]));
        assert!(holds_key(Codec::H264, &[0x7c, 0x05]), "a fragment");
        assert!(holds_key(Codec::H264, &[0x78, 0, 1, 0x67, 0, 2, 0x65, 0]), "an aggregation");
        assert!(!holds_key(Codec::H264, &[0x7c, 0x01]));
        assert!(holds_key(Codec::H265, &[19 << 1, 1]));
        assert!(holds_key(Codec::H265, &[49 << 1, 1, 20]));
        assert!(holds_key(Codec::H265, &[48 << 1, 1, 0, 2, 33 << 1, 1, 0, 2, 19 << 1, 1]));
        assert!(!holds_key(Codec::H265, &[1 << 1, 1]));
    }

    #[test]
    fn what_precedes_and_follows_a_payload_is_left_out() {
        let packet = [
            0xb1, 0xe0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 1, 8, 8, 8, 8, 42, 0, 2,
        ];
        assert_eq!(rtp(&packet), Some((true, 258, &[42][..])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = rtp(&bytes);
            for codec in [Codec::H264, Codec::H265] {
                let _ = Gathering::new(codec).packet(true, &bytes);
            }
        }
    }
}
