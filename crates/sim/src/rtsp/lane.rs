//! One track on its way to one player: its RTP session's numbers, times and reports.

use std::time::Duration;

use base::Wall;
use bytes::Bytes;
use media::rtp::{self, Payload, Sent};
use media::{Timescale, Track, sdp};
use rtsp::Transport;
use tokio::time::Instant;

use crate::feed::Packed;

const REPORT_EVERY: Duration = Duration::from_secs(5);
/// How far a clock jumps.
const HOUR_SECS: u32 = 3_600;

/// A track that a player has set up.
pub(crate) struct Lane {
    pub(crate) track: usize,
    pub(crate) transport: Transport,
    payload_type: u8,
    timescale: Timescale,
    ssrc: u32,
    sequence: u16,
    sent: Sent,
    next_report: Instant,
    /// Added to a feed's times, so that they go on when the feed is another.
    shift: u32,
    /// The last time sent, without jumps, and its moment.
    last: Option<(u32, Wall)>,
    is_rebased: bool,
}

impl Lane {
    pub(crate) fn new(track: usize, of: &Track, transport: Transport, ssrc: u32) -> Self {
        Self {
            track,
            transport,
            payload_type: sdp::payload_type(track, &of.parameters),
            timescale: of.timescale,
            ssrc,
            sequence: u16::try_from(ssrc & 0x7fff).unwrap_or(0),
            sent: Sent::default(),
            next_report: Instant::now(),
            shift: 0,
            last: None,
            is_rebased: false,
        }
    }

    /// What follows comes from another feed.
    pub(crate) fn rebase(&mut self) {
        self.is_rebased = true;
    }

    /// The RTP time of a unit, an hour ahead or not.
    pub(crate) fn time(&mut self, unit: &Packed, is_ahead: bool) -> u32 {
        if std::mem::take(&mut self.is_rebased)
            && let Some((time, wall)) = self.last
        {
            // As much later as the clock says, and not before what was sent.
            let passed = self.timescale.from_micros(unit.wall.micros_since(wall)).0.max(1);
            let passed = u32::try_from(passed).unwrap_or(1);
            self.shift = time.wrapping_add(passed).wrapping_sub(unit.time);
        }
        let time = unit.time.wrapping_add(self.shift);
        self.last = Some((time, unit.wall));
        let jump = if is_ahead { self.timescale.hz().wrapping_mul(HOUR_SECS) } else { 0 };
        time.wrapping_add(jump)
    }

    /// The header of the next packet.
    pub(crate) fn header(&mut self, time: u32, payload: &Payload) -> [u8; 12] {
        let time = time.wrapping_add(payload.later);
        let header = rtp::header(self.payload_type, payload.marker, self.sequence, time, self.ssrc);
        self.sequence = self.sequence.wrapping_add(1);
        self.sent.packets = self.sent.packets.wrapping_add(1);
        let len = u32::try_from(payload.data.len()).unwrap_or(0);
        self.sent.octets = self.sent.octets.wrapping_add(len);
        header
    }

    /// A report, when one is due.
    pub(crate) fn report(&mut self, time: u32, wall: Wall) -> Option<Bytes> {
        let is_due = Instant::now() >= self.next_report;
        is_due.then(|| {
            self.next_report = Instant::now() + REPORT_EVERY;
            rtp::sender_report(self.ssrc, wall, time, self.sent)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::audio::{G711Parameters, Law};
    use media::{Parameters, TrackId};
    use std::num::NonZeroU32;

    fn lane() -> Lane {
        let g711 = G711Parameters { law: Law::Mu, sample_rate: 8_000, channels: 1 };
        let hz = NonZeroU32::new(8_000).expect("not zero");
        let (id, timescale) = (TrackId(1), Timescale::new(hz));
        let track = Track { id, timescale, parameters: Parameters::G711(g711) };
        Lane::new(1, &track, Transport::Interleaved { rtp: 2, rtcp: 3 }, 7)
    }

    fn unit(time: u32, micros: i64) -> Packed {
        let wall = Wall::from_micros(micros);
        Packed { track: 1, time, wall, key: false, payloads: Vec::new() }
    }

    #[test]
    fn times_go_on_when_the_feed_is_another() {
        let mut lane = lane();
        assert_eq!(lane.time(&unit(800, 1_000_000), false), 800);
        lane.rebase();
        assert_eq!(lane.time(&unit(50_000, 1_500_000), false), 4_800);
        assert_eq!(lane.time(&unit(50_160, 1_520_000), false), 4_960);
        lane.rebase();
        assert_eq!(lane.time(&unit(5, 0), false), 4_961, "the clock went back");
    }

    #[test]
    fn a_jump_is_an_hour_there_and_back() {
        let mut lane = lane();
        assert_eq!(lane.time(&unit(1, 0), true), 28_800_001);
        assert_eq!(lane.time(&unit(2, 0), false), 2);
    }

    #[test]
    fn packets_are_numbered_in_a_row() {
        let mut lane = lane();
        let payload = Payload { data: Bytes::from_static(&[1]), marker: true, later: 5 };
        let first = lane.header(100, &payload);
        let second = lane.header(100, &payload);
        assert_eq!(first, rtp::header(0, true, 7, 105, 7));
        assert_eq!(second, rtp::header(0, true, 8, 105, 7));
    }
}
