//! RTP packets (RFC 3550), made once per stream and shared by all who send them.

use base::Wall;
use bytes::{BufMut, Bytes, BytesMut};

use crate::h264::nal;

/// A packet without its header: what is the same for every receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The bytes after the header.
    pub data: Bytes,
    /// True for the last packet of an access unit.
    pub marker: bool,
}

/// Bytes of a packet that its payload may fill: an Ethernet frame less IP, UDP and RTP headers.
pub const PAYLOAD_LEN_MAX: usize = 1_400;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// An H.264 access unit (length-prefixed NAL units) as payloads of mode 1, RFC 6184 section 6.3.
/// `sets` are sent before it as one STAP-A: give them with key frames.
#[must_use]
pub fn h264(access_unit: &Bytes, sets: &[&Bytes]) -> Vec<Payload> {
    let mut out = Vec::new();
    if !sets.is_empty() {
        let mut data = BytesMut::new();
        data.put_u8(STAP_A | 0x60);
        for set in sets {
            data.put_u16(u16::try_from(set.len()).unwrap_or(u16::MAX));
            data.put_slice(set);
        }
        out.push(Payload { data: data.freeze(), marker: false });
    }
    for unit in nal::shared_units(access_unit) {
        // Sets go in front, and delimiters carry nothing over RTP.
        if matches!(nal::kind(&unit), nal::SPS | nal::PPS | nal::AUD) || unit.is_empty() {
            continue;
        }
        if unit.len() <= PAYLOAD_LEN_MAX {
            out.push(Payload { data: unit, marker: false });
        } else {
            fragment(&unit, &mut out);
        }
    }
    if let Some(last) = out.last_mut() {
        last.marker = true;
    }
    out
}

fn fragment(unit: &Bytes, out: &mut Vec<Payload>) {
    let Some((header, rest)) = unit.split_first() else { return };
    let chunks = rest.chunks(PAYLOAD_LEN_MAX - 2);
    let last = chunks.len().saturating_sub(1);
    for (index, chunk) in chunks.enumerate() {
        let start = if index == 0 { 0x80 } else { 0 };
        let end = if index == last { 0x40 } else { 0 };
        let mut data = BytesMut::with_capacity(chunk.len() + 2);
        data.put_u8(header & 0xe0 | FU_A);
        data.put_u8(start | end | header & 0x1f);
        data.put_slice(chunk);
        out.push(Payload { data: data.freeze(), marker: false });
    }
}

/// The 12 bytes before a payload.
#[must_use]
pub fn header(
    payload_type: u8,
    marker: bool,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) -> [u8; 12] {
    let [s0, s1] = sequence.to_be_bytes();
    let [t0, t1, t2, t3] = timestamp.to_be_bytes();
    let [r0, r1, r2, r3] = ssrc.to_be_bytes();
    let second = payload_type & 0x7f | if marker { 0x80 } else { 0 };
    [0x80, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3]
}

/// What a sender has sent, for its reports.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// RTP packets.
    pub packets: u32,
    /// Bytes of their payloads.
    pub octets: u32,
}

/// Seconds from 1900 to 1970.
const NTP_OFFSET: i64 = 2_208_988_800;

/// A sender report (RFC 3550 section 6.4.1) with the canonical name that must follow it: the RTP
/// time `timestamp` is the moment `wall`.
#[must_use]
pub fn sender_report(ssrc: u32, wall: Wall, timestamp: u32, sent: Sent) -> Bytes {
    let micros = wall.as_micros().rem_euclid(1_000_000);
    let seconds = (wall.as_secs() + NTP_OFFSET).rem_euclid(1 << 32);
    let mut out = BytesMut::with_capacity(48);
    out.put_slice(&[0x80, 200]);
    out.put_u16(6);
    out.put_u32(ssrc);
    out.put_u32(u32::try_from(seconds).unwrap_or(0));
    out.put_u32(u32::try_from((micros << 32) / 1_000_000).unwrap_or(0));
    out.put_u32(timestamp);
    out.put_u32(sent.packets);
    out.put_u32(sent.octets);
    out.put_slice(&[0x81, 202]);
    out.put_u16(4);
    out.put_u32(ssrc);
    out.put_slice(&[1, 7]);
    out.put_slice(b"vedette");
    out.put_slice(&[0, 0, 0]);
    out.freeze()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    /// What a receiver makes of payloads.
    fn joined(payloads: &[Payload]) -> Vec<Vec<u8>> {
        let mut out: Vec<Vec<u8>> = Vec::new();
        for payload in payloads {
            let data = &payload.data;
            match data[0] & 0x1f {
                STAP_A => {
                    let mut rest = &data[1..];
                    while !rest.is_empty() {
                        let len = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
                        out.push(rest[2..2 + len].to_vec());
                        rest = &rest[2 + len..];
                    }
                }
                FU_A => {
                    if data[1] & 0x80 != 0 {
                        out.push(vec![data[0] & 0xe0 | data[1] & 0x1f]);
                    }
                    out.last_mut().unwrap().extend_from_slice(&data[2..]);
                }
                _ => out.push(data.to_vec()),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn a_receiver_gets_the_same_units(lens in proptest::collection::vec(2_usize..5_000, 1..5)) {
            let units: Vec<Vec<u8>> = lens.iter().map(|len| {
                let mut unit = vec![0x41; *len];
                unit[0] = 0x65;
                unit
            }).collect();
            let access_unit = nal::join(units.iter().map(Vec::as_slice));
            let (sps, pps) = (Bytes::from_static(&[0x67, 1]), Bytes::from_static(&[0x68, 2]));
            let payloads = h264(&access_unit, &[&sps, &pps]);
            let mut expected = vec![sps.to_vec(), pps.to_vec()];
            expected.extend(units);
            prop_assert_eq!(joined(&payloads), expected);
            prop_assert!(payloads.iter().all(|p| p.data.len() <= PAYLOAD_LEN_MAX));
            prop_assert_eq!(payloads.iter().filter(|p| p.marker).count(), 1);
            prop_assert!(payloads.last().unwrap().marker);
        }
    }

    #[test]
    fn a_report_is_two_whole_packets() {
        let report = sender_report(1, Wall::from_micros(1_736_949_600_500_000), 2, Sent::default());
        assert_eq!(report.len(), 28 + 20);
        assert_eq!(&report[8..12], &(1_736_949_600_u32 + 2_208_988_800).to_be_bytes());
        assert_eq!(report[12], 0x80);
    }
}
