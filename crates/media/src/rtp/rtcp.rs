//! What others report (RFC 3550 section 6): compound packets taken apart.

use base::Wall;

use super::packet::Malformed;

/// Packets in a compound one that are looked at.
const PACKETS_MAX: usize = 32;
/// Seconds from 1900 to 1970.
const NTP_OFFSET: i64 = 2_208_988_800;

/// A report that means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// A sender's, of the source `ssrc` (section 6.4.1).
    Sender {
        /// The source.
        ssrc: u32,
        /// Which moment is which RTP time.
        info: SenderInfo,
    },
    /// A receiver's, of one source, in a sender's or a receiver's report (section 6.4.2).
    Reception(Reception),
    /// The source leaves (section 6.6).
    Bye {
        /// The source.
        ssrc: u32,
    },
}

/// Which moment is which RTP time, as a sender says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Seconds since 1900 and their 2^32nd parts.
    pub ntp: u64,
    /// The RTP time.
    pub timestamp: u32,
}

impl SenderInfo {
    /// The moment by the sender's clock.
    #[must_use]
    pub fn wall(self) -> Wall {
        let (seconds, parts) = (self.ntp >> 32, self.ntp & 0xffff_ffff);
        let micros = i64::try_from((parts * 1_000_000) >> 32).unwrap_or(0);
        let seconds = i64::try_from(seconds).unwrap_or(0) - NTP_OFFSET;
        Wall::from_micros(seconds * 1_000_000 + micros)
    }
}

/// What a receiver says of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// The source that it receives.
    pub ssrc: u32,
    /// Of the packets since its last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets in all; negative with repeated ones.
    pub lost: i32,
    /// The highest sequence number, with its cycles.
    pub highest: u32,
    /// In the payload's clock.
    pub jitter: u32,
    /// The middle of the last sender report's moment, and the time since, in 65,536ths of a second.
    pub last_sender_report: (u32, u32),
}

/// Reads a compound packet. What is not known is passed over.
///
/// # Errors
/// When a packet is of another version or longer than what is there.
pub fn parse(bytes: &[u8]) -> Result<Vec<Report>, Malformed> {
    let (mut rest, mut out) = (bytes, Vec::new());
    for _ in 0..PACKETS_MAX {
        let Some(([first, kind, l1, l0], after)) = rest.split_first_chunk::<4>() else { break };
        if first >> 6 != 2 {
            return Err(Malformed("another version"));
        }
        let len = usize::from(u16::from_be_bytes([*l1, *l0])) * 4;
        let (body, after) = after.split_at_checked(len).ok_or(Malformed("cut short"))?;
        read(*kind, first & 0x1f, body, &mut out)?;
        rest = after;
    }
    if out.is_empty() && rest.len() == bytes.len() {
        return Err(Malformed("cut short"));
    }
    Ok(out)
}

fn read(kind: u8, count: u8, body: &[u8], out: &mut Vec<Report>) -> Result<(), Malformed> {
    let short = Malformed("a report that is cut short");
    let mut words = Words(body);
    match kind {
        200 => {
            let ssrc = words.take().ok_or(short)?;
            let ntp = u64::from(words.take().ok_or(short)?) << 32;
            let ntp = ntp | u64::from(words.take().ok_or(short)?);
            let timestamp = words.take().ok_or(short)?;
            let (_packets, _octets) = (words.take(), words.take().ok_or(short)?);
            out.push(Report::Sender { ssrc, info: SenderInfo { ntp, timestamp } });
            read_blocks(count, &mut words, out).ok_or(short)
        }
        201 => {
            words.take().ok_or(short)?;
            read_blocks(count, &mut words, out).ok_or(short)
        }
        203 => {
            for _ in 0..count {
                let ssrc = words.take().ok_or(short)?;
                out.push(Report::Bye { ssrc });
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn read_blocks(count: u8, words: &mut Words<'_>, out: &mut Vec<Report>) -> Option<()> {
    for _ in 0..count {
        let ssrc = words.take()?;
        let [fraction_lost, l2, l1, l0] = words.take()?.to_be_bytes();
        // 24 bits with a sign.
        let lost = i32::from_be_bytes([l2, l1, l0, 0]) >> 8;
        let (highest, jitter) = (words.take()?, words.take()?);
        let last_sender_report = (words.take()?, words.take()?);
        out.push(Report::Reception(Reception {
            ssrc,
            fraction_lost,
            lost,
            highest,
            jitter,
            last_sender_report,
        }));
    }
    Some(())
}

struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn take(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*word))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::rtp::{Sent, sender_report};
    use proptest::prelude::*;

    #[test]
    fn our_own_report_is_read_back() {
        let wall = Wall::from_micros(1_736_949_600_500_000);
        let read = parse(&sender_report(7, wall, 9, Sent::default())).unwrap();
        let [Report::Sender { ssrc: 7, info }] = read[..] else { panic!("{read:?}") };
        assert_eq!((info.wall(), info.timestamp), (wall, 9));
    }

    #[test]
    fn a_compound_packet_is_taken_apart_and_strangers_are_passed_over() {
        let mut bytes = vec![0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 128, 0xff, 0xff, 0xff];
        bytes.extend_from_slice(&[0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6]);
        bytes.extend_from_slice(&[0x81, 206, 0, 0, 0x81, 203, 0, 1, 0, 0, 0, 9]);
        let reception = Reception {
            ssrc: 2,
            fraction_lost: 128,
            lost: -1,
            highest: 3,
            jitter: 4,
            last_sender_report: (5, 6),
        };
        let expected = vec![Report::Reception(reception), Report::Bye { ssrc: 9 }];
        assert_eq!(parse(&bytes), Ok(expected));
        assert!(parse(&bytes[..20]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_reports_or_an_error(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 199_u8..207, len in 0_u8..20) {
            let _ = parse(&bytes);
            if bytes.len() > 3 {
                bytes[0] = bytes[0] & 0x3f | 0x80;
                (bytes[1], bytes[2], bytes[3]) = (kind, 0, len);
            }
            let _ = parse(&bytes);
        }
    }
}
