//! Access units cut into payloads, by hand-made vectors and by properties.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use proptest::prelude::*;

const H264_SETS: [&[u8]; 2] = [&[0x67, 1], &[0x68, 2]];
const H265_SETS: [&[u8]; 3] = [&[0x40, 1, 1], &[0x42, 1, 2], &[0x44, 1, 3]];

/// What a receiver makes of payloads.
fn joined(codec: Codec, payloads: &[Payload]) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = Vec::new();
    for payload in payloads {
        let data = &payload.data;
        match (codec, codec.kind(data)) {
            (Codec::H264, STAP_A) => split(&data[1..], &mut out),
            (Codec::H265, AP) => split(&data[2..], &mut out),
            (Codec::H264, FU_A) => {
                if data[1] & 0x80 != 0 {
                    out.push(vec![data[0] & 0xe0 | data[1] & 0x1f]);
                }
                out.last_mut().unwrap().extend_from_slice(&data[2..]);
            }
            (Codec::H265, FU) => {
                if data[2] & 0x80 != 0 {
                    out.push(vec![data[0] & 0x81 | (data[2] & 0x3f) << 1, data[1]]);
                }
                out.last_mut().unwrap().extend_from_slice(&data[3..]);
            }
            _ => out.push(data.to_vec()),
        }
    }
    out
}

fn split(mut rest: &[u8], out: &mut Vec<Vec<u8>>) {
    while !rest.is_empty() {
        let len = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
        out.push(rest[2..2 + len].to_vec());
        rest = &rest[2 + len..];
    }
}

fn packed(codec: Codec, units: &[Vec<u8>], sets: &[&[u8]]) -> Vec<Payload> {
    let sets: Vec<Bytes> = sets.iter().map(|set| Bytes::copy_from_slice(set)).collect();
    let access_unit = h264::nal::join(units.iter().map(Vec::as_slice));
    pack(codec, &access_unit, &sets.iter().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn a_receiver_gets_the_same_units(lens in proptest::collection::vec(2_usize..5_000, 1..5), is_h265: bool) {
        let (codec, head, sets): (_, [u8; 2], &[&[u8]]) = if is_h265 {
            (Codec::H265, [0x26, 0x01], &H265_SETS)
        } else {
            (Codec::H264, [0x65, 0x88], &H264_SETS)
        };
        let units: Vec<Vec<u8>> = lens.iter().map(|len| {
            let mut unit = vec![0x41; *len];
            unit[..2].copy_from_slice(&head);
            unit
        }).collect();
        let payloads = packed(codec, &units, sets);
        let mut expected: Vec<Vec<u8>> = sets.iter().map(|set| set.to_vec()).collect();
        expected.extend(units);
        prop_assert_eq!(joined(codec, &payloads), expected);
        prop_assert!(payloads.iter().all(|p| p.data.len() <= PAYLOAD_LEN_MAX));
        prop_assert_eq!(payloads.iter().filter(|p| p.marker).count(), 1);
        prop_assert!(payloads.last().unwrap().marker);
    }

    #[test]
    fn any_access_unit_is_packed(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        let (bytes, empty) = (Bytes::from(bytes), Bytes::new());
        let _ = (h264(&bytes, &[&empty]), h265(&bytes, &[&empty]));
    }
}

#[test]
fn the_wrappings_of_h265_are_those_of_the_standard() {
    let mut slice = vec![0x55; PAYLOAD_LEN_MAX + 1];
    // IDR_W_RADL, layer 0, the first sub-layer.
    slice[..2].copy_from_slice(&[0x26, 0x01]);
    let made = packed(Codec::H265, &[slice], &H265_SETS);
    assert_eq!(made[0].data[..7], [0x60, 0x01, 0, 3, 0x40, 1, 1]);
    assert_eq!(made[1].data[..4], [0x62, 0x01, 0x80 | 19, 0x55]);
    assert_eq!(made[2].data[..3], [0x62, 0x01, 0x40 | 19]);
    assert_eq!(made.len(), 3);
}

#[test]
fn sets_within_the_access_unit_replace_those_given_and_delimiters_are_left_out() {
    let units = [vec![0x09, 0xf0], vec![0x68, 9], vec![0x65, 1]];
    let made = packed(Codec::H264, &units, &H264_SETS);
    assert_eq!(joined(Codec::H264, &made), [vec![0x67, 1], vec![0x68, 9], vec![0x65, 1]]);
    let alone = packed(Codec::H264, &[vec![0x68, 9], vec![0x41, 1]], &[]);
    assert_eq!(alone[0].data[..], [0x68, 9], "one set is no aggregate");
}

#[test]
fn sets_too_large_for_one_packet_are_sent_one_by_one() {
    let large = [vec![0x67; 1_000], vec![0x68; 1_000]];
    let made = packed(Codec::H264, &[vec![0x65, 1]], &[&large[0], &large[1]]);
    assert_eq!(joined(Codec::H264, &made)[..2], large);
    assert!(made.iter().all(|payload| payload.data.len() <= PAYLOAD_LEN_MAX));
}
