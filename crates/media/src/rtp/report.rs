//! Sender reports: which RTP time is which moment (RFC 3550 section 6.4.1).

use base::Wall;
use bytes::{BufMut, Bytes, BytesMut};

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
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_report_is_two_whole_packets() {
        let report = sender_report(1, Wall::from_micros(1_736_949_600_500_000), 2, Sent::default());
        assert_eq!(report.len(), 28 + 20);
        assert_eq!(&report[8..12], &(1_736_949_600_u32 + 2_208_988_800).to_be_bytes());
        assert_eq!(report[12], 0x80);
    }
}
