//! How well a source arrives: counted as RFC 3550 appendix A says, and reported to its sender.

use base::Mono;
use bytes::{BufMut, Bytes, BytesMut};

use super::packet::{Packet, distance};
use super::rtcp::SenderInfo;
use crate::{Ticks, Timescale};

/// A step that is a new beginning (appendix A.1).
const DROPOUT_MAX: i16 = 3_000;

/// The arrival of one source.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    timescale: Timescale,
    ssrc: Option<u32>,
    /// The first and the highest sequence number, with their cycles.
    first: i64,
    highest: i64,
    /// Of this source, and at the last report: packets that were due and that came.
    received: i64,
    reported: (i64, i64),
    /// Of sources before this one.
    lost_before: u64,
    packets: u64,
    bytes: u64,
    /// In the source's clock, times 16.
    jitter: i64,
    transit: Option<i64>,
    sender_report: Option<(u32, Mono)>,
}

impl Arrival {
    /// Nothing has come yet.
    #[must_use]
    pub const fn new(timescale: Timescale) -> Self {
        Self {
            timescale,
            ssrc: None,
            first: 0,
            highest: 0,
            received: 0,
            reported: (0, 0),
            lost_before: 0,
            packets: 0,
            bytes: 0,
            jitter: 0,
            transit: None,
            sender_report: None,
        }
    }

    /// A packet came at `now`.
    pub fn packet(&mut self, now: Mono, packet: &Packet) {
        self.packets += 1;
        self.bytes += packet.payload.len() as u64;
        let low = u16::try_from(self.highest & 0xffff).unwrap_or(0);
        let step = distance(low, packet.sequence);
        if self.ssrc != Some(packet.ssrc) || step.unsigned_abs() > DROPOUT_MAX.unsigned_abs() {
            self.begin(packet);
        } else {
            self.highest = self.highest.max(self.highest + i64::from(step));
        }
        self.received += 1;
        self.measure(now, packet.timestamp);
    }

    fn begin(&mut self, packet: &Packet) {
        self.lost_before = self.lost();
        self.ssrc = Some(packet.ssrc);
        self.first = i64::from(packet.sequence);
        self.highest = self.first;
        (self.received, self.reported, self.transit) = (0, (0, 0), None);
    }

    /// Appendix A.8. Packets of one time count as they arrive, which is what the formula says.
    fn measure(&mut self, now: Mono, timestamp: u32) {
        let micros = i64::try_from(now.as_nanos() / 1_000).unwrap_or(i64::MAX);
        let transit = self.timescale.from_micros(micros).0.wrapping_sub(i64::from(timestamp));
        if let Some(before) = self.transit.replace(transit) {
            // The difference within 32 bits, as the times are.
            let bits = transit.wrapping_sub(before) & 0xffff_ffff;
            let step = if bits >= 1 << 31 { (1 << 32) - bits } else { bits };
            // A step of more than a minute is another clock.
            if step < i64::from(self.timescale.hz()) * 60 {
                self.jitter += step - ((self.jitter + 8) >> 4);
            }
        }
    }

    /// The sender reported at `now`.
    pub fn sender_report(&mut self, now: Mono, info: SenderInfo) {
        let middle = u32::try_from(info.ntp >> 16 & 0xffff_ffff).unwrap_or(0);
        self.sender_report = Some((middle, now));
    }

    /// Packets that came, repeated ones among them, and bytes of their payloads.
    #[must_use]
    pub const fn received(&self) -> (u64, u64) {
        (self.packets, self.bytes)
    }

    /// Packets that were due and did not come.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let now = self.ssrc.map_or(0, |_| self.due() - self.received);
        self.lost_before + u64::try_from(now).unwrap_or(0)
    }

    const fn due(&self) -> i64 {
        self.highest - self.first + 1
    }

    /// Jitter in microseconds.
    #[must_use]
    pub fn jitter_micros(&self) -> u64 {
        u64::try_from(self.timescale.to_micros(Ticks(self.jitter >> 4))).unwrap_or(0)
    }

    /// A receiver report of `reporter` (section 6.4.2), with the canonical name that must follow it; `None`
    /// before the first packet.
    pub fn report(&mut self, now: Mono, reporter: u32) -> Option<Bytes> {
        let ssrc = self.ssrc?;
        let due = self.due();
        let (interval, came) = (due - self.reported.0, self.received - self.reported.1);
        self.reported = (due, self.received);
        let lost = (interval - came).max(0);
        let fraction = if interval > 0 { (lost << 8) / interval } else { 0 };
        let in_all = (due - self.received).clamp(-(1 << 23), (1 << 23) - 1);
        let word = |value: i64| u32::try_from(value & 0xffff_ffff).unwrap_or(0);
        let mut out = BytesMut::with_capacity(52);
        out.put_slice(&[0x81, 201, 0, 7]);
        out.put_u32(reporter);
        out.put_u32(ssrc);
        out.put_u32(word(fraction.min(255) << 24 | in_all & 0x00ff_ffff));
        out.put_u32(word(self.highest));
        out.put_u32(word(self.jitter >> 4));
        let (middle, since) = self.sender_report.map_or((0, 0), |(middle, at)| {
            let since = (now.since(at).as_micros() << 16) / 1_000_000;
            (middle, u32::try_from(since).unwrap_or(u32::MAX))
        });
        out.put_u32(middle);
        out.put_u32(since);
        out.put_slice(&[0x81, 202, 0, 4]);
        out.put_u32(reporter);
        out.put_slice(&[1, 7]);
        out.put_slice(b"vedette");
        out.put_slice(&[0, 0, 0]);
        Some(out.freeze())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::rtp::rtcp::{self, Report};
    use proptest::prelude::*;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Packet {
        let payload = Bytes::from_static(&[1, 2]);
        Packet { payload_type: 96, marker: false, sequence, timestamp, ssrc, payload }
    }

    #[test]
    fn loss_and_the_last_report_stand_in_ours() {
        let mut arrival = Arrival::new(Timescale::VIDEO);
        assert_eq!(arrival.report(Mono::default(), 1), None);
        for sequence in [65_534, 65_535, 1, 2] {
            arrival.packet(Mono::default(), &packet(7, sequence, 0));
        }
        arrival.sender_report(Mono::default(), SenderInfo { ntp: 0x1_2345_6789, timestamp: 0 });
        let report = arrival.report(Mono::from_nanos(500_000_000), 1).unwrap();
        let read = rtcp::parse(&report).unwrap();
        let [Report::Reception(said)] = read[..] else { panic!("{read:?}") };
        assert_eq!((said.ssrc, said.lost, said.fraction_lost), (7, 1, 51));
        assert_eq!(said.highest, 0x1_0002);
        assert_eq!(said.last_sender_report, (0x1_2345, 32_768));
        assert_eq!((arrival.received(), arrival.lost()), ((4, 8), 1));
    }

    #[test]
    fn what_was_lost_is_kept_when_the_sender_begins_anew() {
        let mut arrival = Arrival::new(Timescale::VIDEO);
        for (ssrc, sequence) in [(1, 1), (1, 3), (2, 500), (2, 501), (2, 40_000)] {
            arrival.packet(Mono::default(), &packet(ssrc, sequence, 0));
        }
        assert_eq!(arrival.lost(), 1);
    }

    #[test]
    fn jitter_goes_to_the_mean_of_the_steps() {
        let mut arrival = Arrival::new(Timescale::VIDEO);
        for index in 0_u16..500 {
            // Every second packet is 10 ms late.
            let late = if index % 2 == 0 { 0 } else { 10 };
            let at = Mono::from_nanos((u64::from(index) * 40 + late) * 1_000_000);
            arrival.packet(at, &packet(1, index, u32::from(index) * 3_600));
        }
        let jitter = arrival.jitter_micros();
        assert!((9_000..=10_500).contains(&jitter), "{jitter}");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_counted(packets in proptest::collection::vec((0_u32..3, any::<u16>(), any::<u32>(), any::<u64>()), 0..100)) {
            let mut arrival = Arrival::new(Timescale::VIDEO);
            for (ssrc, sequence, timestamp, now) in packets {
                arrival.packet(Mono::from_nanos(now), &packet(ssrc, sequence, timestamp));
                let _ = (arrival.jitter_micros(), arrival.lost(), arrival.report(Mono::from_nanos(now), 1));
            }
        }
    }
}
