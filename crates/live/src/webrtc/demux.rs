//! What arrives on the one port of all peers: whose it is, and where a datagram ends on a stream. Pure.

use bytes::{Buf, Bytes, BytesMut};

/// The fixed part of a STUN message (RFC 8489 section 5).
const STUN_HEADER_LEN: usize = 20;
const STUN_MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const STUN_USERNAME: u16 = 0x0006;
/// A datagram on a TCP connection is never longer: those of peers fit an Ethernet frame.
pub const FRAME_LEN_MAX: usize = 4_096;

/// True for a STUN message by its first bytes (RFC 7983).
#[must_use]
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4)
        && datagram.len() >= STUN_HEADER_LEN
        && datagram.get(4..8) == Some(&STUN_MAGIC)
}

/// True for RTCP, encrypted or not (RFC 5761 section 4).
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, second, ..] if (128..192).contains(first) && (192..224).contains(second))
}

/// True for RTP, encrypted or not.
#[must_use]
pub fn is_rtp(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (128..192).contains(first)) && !is_rtcp(datagram)
}

/// The receiver's user fragment in a STUN message: what stands before the colon of its USERNAME.
#[must_use]
pub fn local_ufrag(datagram: &[u8]) -> Option<&str> {
    if !is_stun(datagram) {
        return None;
    }
    let len = usize::from(u16::from_be_bytes(datagram.get(2..4)?.try_into().ok()?));
    let mut rest = datagram.get(STUN_HEADER_LEN..)?.get(..len)?;
    while let Some((head, after)) = rest.split_at_checked(4) {
        let kind = u16::from_be_bytes(head.get(..2)?.try_into().ok()?);
        let len = usize::from(u16::from_be_bytes(head.get(2..4)?.try_into().ok()?));
        let value = after.get(..len)?;
        if kind == STUN_USERNAME {
            let (local, _) = std::str::from_utf8(value).ok()?.split_once(':')?;
            return Some(local);
        }
        rest = after.get(len.next_multiple_of(4)..)?;
    }
    None
}

/// Why a stream of frames cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes")]
pub struct FrameTooLong(pub usize);

/// Takes the next datagram off a connection's bytes (RFC 4571); `None`: more is needed.
///
/// # Errors
/// [`FrameTooLong`]: whoever sends that is no peer.
pub fn next_frame(bytes: &mut BytesMut) -> Result<Option<Bytes>, FrameTooLong> {
    let Some([high, low]) = bytes.first_chunk::<2>() else { return Ok(None) };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    if len > FRAME_LEN_MAX {
        return Err(FrameTooLong(len));
    }
    if bytes.len() < len + 2 {
        return Ok(None);
    }
    bytes.advance(2);
    Ok(Some(bytes.split_to(len).freeze()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    /// A binding request with these attributes.
    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.extend(kind.to_be_bytes());
            body.extend(u16::try_from(value.len()).expect("short").to_be_bytes());
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut out = vec![0, 1];
        out.extend(u16::try_from(body.len()).expect("short").to_be_bytes());
        out.extend(STUN_MAGIC);
        out.extend([7; 12]);
        out.extend(body);
        out
    }

    #[test]
    fn a_binding_request_names_its_receiver() {
        let found = request(&[(0x8022, b"abc"), (STUN_USERNAME, b"ours:theirs")]);
        assert_eq!(local_ufrag(&found), Some("ours"));
        assert_eq!(local_ufrag(&request(&[(0x24, &[0; 4])])), None);
        assert_eq!(local_ufrag(&request(&[(STUN_USERNAME, b"no colon")])), None);
        assert!(is_stun(&found) && !is_rtp(&found) && !is_rtcp(&found));
    }

    #[test]
    fn media_and_reports_are_told_apart() {
        assert!(is_rtp(&[0x80, 96]) && is_rtp(&[0x80, 96 | 0x80]));
        assert!(is_rtcp(&[0x80, 200]) && !is_rtp(&[0x80, 206]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = local_ufrag(&bytes);
            let mut stun = request(&[]);
            stun.extend(&bytes);
            stun[2..4].copy_from_slice(&u16::try_from(bytes.len()).expect("short").to_be_bytes());
            let _ = local_ufrag(&stun);
        }

        #[test]
        fn frames_come_out_as_they_went_in_however_they_are_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
            cut in 1_usize..50,
        ) {
            let mut sent = Vec::new();
            for frame in &frames {
                sent.extend(u16::try_from(frame.len()).expect("short").to_be_bytes());
                sent.extend(frame);
            }
            let (mut bytes, mut got) = (BytesMut::new(), Vec::new());
            for part in sent.chunks(cut) {
                bytes.extend_from_slice(part);
                while let Some(frame) = next_frame(&mut bytes).expect("short frames") {
                    got.push(frame.to_vec());
                }
            }
            prop_assert_eq!(got, frames);
        }
    }
}
