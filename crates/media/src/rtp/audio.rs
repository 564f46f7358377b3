//! Payloads of sound: AAC (RFC 3640), Opus (RFC 7587), G.711 (RFC 3551 section 4.5.14).

use bytes::{BufMut, Bytes, BytesMut};

use super::{PAYLOAD_LEN_MAX, Payload};

/// The size of an AU-header of AAC-hbr is 13 bits (RFC 3640 section 3.3.6).
const AAC_LEN_MAX: usize = (1 << 13) - 1;
/// What a length of 16 bits around a packet and its header can say.
const OPUS_LEN_MAX: usize = 60_000;

/// A raw AAC frame in mode AAC-hbr: one to a packet, or a packet for each fragment, every one with the
/// size of the whole. A frame of 8 KiB or more cannot be said, and is left out.
#[must_use]
pub fn aac(frame: &Bytes) -> Vec<Payload> {
    let Some(len) = u16::try_from(frame.len()).ok().filter(|_| frame.len() <= AAC_LEN_MAX) else {
        return Vec::new();
    };
    let mut out: Vec<Payload> = frame
        .chunks(PAYLOAD_LEN_MAX - 4)
        .map(|chunk| {
            let mut data = BytesMut::with_capacity(chunk.len() + 4);
            // One AU-header of 16 bits: the size, and index 0.
            data.put_u16(16);
            data.put_u16(len << 3);
            data.put_slice(chunk);
            Payload::new(data.freeze())
        })
        .collect();
    if let Some(last) = out.last_mut() {
        last.marker = true;
    }
    out
}

/// An Opus packet, which RTP carries whole (RFC 7587 section 4.2).
#[must_use]
pub fn opus(packet: &Bytes) -> Vec<Payload> {
    let fits = (1..=OPUS_LEN_MAX).contains(&packet.len());
    fits.then(|| Payload::new(packet.clone())).into_iter().collect()
}

/// Samples of G.711, channels in turn; what does not fit in one packet follows in later ones.
#[must_use]
pub fn g711(samples: &Bytes, channels: u8) -> Vec<Payload> {
    let channels = usize::from(channels.max(1));
    let chunk_len = PAYLOAD_LEN_MAX - PAYLOAD_LEN_MAX % channels;
    samples
        .chunks(chunk_len)
        .enumerate()
        .map(|(index, chunk)| {
            let later = u32::try_from(index * chunk_len / channels).unwrap_or(0);
            Payload { later, ..Payload::new(samples.slice_ref(chunk)) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_short_aac_frame_is_one_packet_with_its_size() {
        let made = aac(&Bytes::from_static(&[0x21, 0x10, 0x05]));
        assert_eq!(made.len(), 1);
        // 16 bits of headers; 3 bytes, shifted over the index.
        assert_eq!(&made[0].data[..], &[0, 16, 0, 24, 0x21, 0x10, 0x05]);
        assert!(made[0].marker);
    }

    #[test]
    fn a_long_aac_frame_is_fragments_that_say_the_whole_size() {
        let frame: Bytes = (0..3_000_u16).map(|i| i.to_be_bytes()[1]).collect();
        let made = aac(&frame);
        assert_eq!(made.iter().map(|p| p.marker).collect::<Vec<_>>(), [false, false, true]);
        assert!(made.iter().all(|p| p.data[..4] == [0, 16, 0x5d, 0xc0]));
        assert!(made.iter().all(|p| p.data.len() <= PAYLOAD_LEN_MAX));
        let joined: Vec<u8> = made.iter().flat_map(|p| p.data[4..].to_vec()).collect();
        assert_eq!(joined, frame);
        assert!(aac(&Bytes::from(vec![0; 8_192])).is_empty());
    }

    #[test]
    fn an_opus_packet_is_carried_as_it_is() {
        let packet = Bytes::from_static(&[0xfc, 1, 2]);
        assert_eq!(opus(&packet), [Payload::new(packet)]);
        assert!(opus(&Bytes::new()).is_empty());
    }

    #[test]
    fn packets_of_one_second_of_g711_say_when_each_begins() {
        let made = g711(&Bytes::from(vec![0xd5; 8_000]), 1);
        assert_eq!(
            made.iter().map(|p| p.later).collect::<Vec<_>>(),
            [0, 1_180, 2_360, 3_540, 4_720, 5_900, 7_080]
        );
        assert_eq!(made.iter().map(|p| p.data.len()).sum::<usize>(), 8_000);
        assert!(made.iter().all(|p| !p.marker));
        let three = g711(&Bytes::from(vec![0; 2_358]), 3);
        assert_eq!(three.iter().map(|p| p.later).collect::<Vec<_>>(), [0, 393]);
    }
}
