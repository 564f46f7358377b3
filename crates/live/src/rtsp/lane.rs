//! One track on its way to one reader: its RTP session's numbers, times and reports. Pure.

use std::time::Duration;

use base::{Mono, Wall};
use bytes::Bytes;
use media::rtp::{self, Payload, Sent};
use media::{Ticks, Timescale, Track, TrackId, Tracks, sdp};
use rtsp::Transport;

const REPORT_EVERY: Duration = Duration::from_secs(5);

/// A track that a reader has set up.
pub(super) struct Lane {
    /// Its place in the description that the reader was given.
    pub(super) index: usize,
    pub(super) transport: Transport,
    /// The track of the stream as it is now; `None`: it has none that the reader could decode.
    pub(super) track: Option<TrackId>,
    pub(super) ssrc: u32,
    /// Packets that the reader says it lost.
    pub(super) lost: u64,
    codec: &'static str,
    is_video: bool,
    timescale: Timescale,
    payload_type: u8,
    sequence: u16,
    /// Added to media times: random, and moved when the source is another.
    offset: u32,
    sent: Sent,
    next_report: Option<Mono>,
}

/// A packet for one reader.
pub(super) struct Packet {
    pub(super) transport: Transport,
    pub(super) body: Body,
}

/// What is in it.
pub(super) enum Body {
    /// A header of its own before shared bytes.
    Rtp([u8; 12], Bytes),
    /// A report.
    Rtcp(Bytes),
}

impl Packet {
    /// Bytes without any framing.
    pub(super) fn len(&self) -> usize {
        match &self.body {
            Body::Rtp(header, data) => header.len() + data.len(),
            Body::Rtcp(report) => report.len(),
        }
    }
}

impl Lane {
    /// A lane for the track at `index` of a description. `seed` is random.
    pub(super) fn new(index: usize, of: &Track, transport: Transport, seed: u64) -> Self {
        let part = |shift: u32| u32::try_from(seed >> shift & 0xffff_ffff).unwrap_or(1);
        Self {
            index,
            transport,
            track: Some(of.id),
            ssrc: part(0),
            lost: 0,
            codec: of.parameters.name(),
            is_video: of.parameters.is_video(),
            timescale: of.timescale,
            payload_type: sdp::payload_type(index, &of.parameters),
            sequence: u16::try_from(part(16) & 0x7fff).unwrap_or(0),
            offset: part(32),
            sent: Sent::default(),
            next_report: None,
        }
    }

    /// Finds the lane's track in another description; nothing when there is none that the same decoder
    /// takes.
    pub(super) fn find(&self, tracks: &Tracks, taken: &[TrackId]) -> Option<TrackId> {
        let fits = |track: &&Track| {
            track.parameters.name() == self.codec
                && track.timescale == self.timescale
                && !taken.contains(&track.id)
        };
        let same = tracks.all().get(self.index).filter(fits);
        same.or_else(|| tracks.all().iter().find(fits)).map(|track| track.id)
    }

    /// True for pictures.
    pub(super) const fn is_video(&self) -> bool {
        self.is_video
    }

    /// The RTP time of a media time.
    pub(super) fn time(&self, at: Ticks) -> u32 {
        wrapped(at.0).wrapping_add(self.offset)
    }

    /// The RTP time of a media time in microseconds.
    pub(super) fn time_of_micros(&self, micros: i64) -> u32 {
        self.time(self.timescale.from_micros(micros))
    }

    /// Moves all times that follow by so many microseconds.
    pub(super) fn shift(&mut self, micros: i64) {
        self.offset = self.offset.wrapping_add(wrapped(self.timescale.from_micros(micros).0));
    }

    /// The number of the next packet.
    pub(super) const fn next_sequence(&self) -> u16 {
        self.sequence
    }

    /// The packets of a unit shown at `pts`, appended to `out`.
    pub(super) fn pack(&mut self, pts: Ticks, payloads: &[Payload], out: &mut Vec<Packet>) {
        let time = self.time(pts);
        for payload in payloads {
            let time = time.wrapping_add(payload.later);
            let header =
                rtp::header(self.payload_type, payload.marker, self.sequence, time, self.ssrc);
            self.sequence = self.sequence.wrapping_add(1);
            self.sent.packets = self.sent.packets.wrapping_add(1);
            let len = u32::try_from(payload.data.len()).unwrap_or(0);
            self.sent.octets = self.sent.octets.wrapping_add(len);
            let body = Body::Rtp(header, payload.data.clone());
            out.push(Packet { transport: self.transport, body });
        }
    }

    /// A report that media time `micros` is the moment `wall`, when one is due: right after the first
    /// packet, and every five seconds.
    pub(super) fn report(&mut self, now: Mono, micros: i64, wall: Wall) -> Option<Packet> {
        if self.sent.packets == 0 || self.next_report.is_some_and(|at| now < at) {
            return None;
        }
        self.next_report = Some(now + REPORT_EVERY);
        let time = self.time_of_micros(micros);
        let report = rtp::sender_report(self.ssrc, wall, time, self.sent);
        Some(Packet { transport: self.transport, body: Body::Rtcp(report) })
    }

    /// Says that nothing follows (RFC 3550 section 6.6), after the report that must come first.
    pub(super) fn bye(&self, micros: i64, wall: Wall) -> Packet {
        let report = rtp::sender_report(self.ssrc, wall, self.time_of_micros(micros), self.sent);
        let mut bytes = report.to_vec();
        bytes.extend_from_slice(&[0x81, 203, 0, 1]);
        bytes.extend_from_slice(&self.ssrc.to_be_bytes());
        Packet { transport: self.transport, body: Body::Rtcp(bytes.into()) }
    }
}

fn wrapped(ticks: i64) -> u32 {
    u32::try_from(ticks.rem_euclid(1 << 32)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use std::num::NonZeroU32;

    use media::Parameters;
    use media::audio::{G711Parameters, Law};

    use super::*;

    fn track(id: u8, law: Law) -> Track {
        let parameters = G711Parameters { law, sample_rate: 8_000, channels: 1 };
        let timescale = Timescale::new(NonZeroU32::new(8_000).expect("not zero"));
        Track { id: TrackId(id), timescale, parameters: Parameters::G711(parameters) }
    }

    fn lane() -> Lane {
        let transport = Transport::Interleaved { rtp: 2, rtcp: 3 };
        Lane::new(0, &track(0, Law::Mu), transport, 0x0000_0005_0007_0009)
    }

    fn payload() -> Payload {
        Payload { data: Bytes::from_static(&[1]), marker: true, later: 5 }
    }

    #[test]
    fn packets_are_numbered_in_a_row_and_times_begin_anywhere() {
        let (mut lane, mut out) = (lane(), Vec::new());
        lane.pack(Ticks(100), &[payload(), payload()], &mut out);
        let headers: Vec<_> = out
            .iter()
            .filter_map(|packet| match &packet.body {
                Body::Rtp(header, _) => Some(*header),
                Body::Rtcp(_) => None,
            })
            .collect();
        let expected = |sequence| rtp::header(0, true, sequence, 110, 0x0007_0009);
        assert_eq!(headers, [expected(7), expected(8)]);
    }

    #[test]
    fn the_first_report_follows_the_first_packet_and_the_next_comes_after_five_seconds() {
        let mut lane = lane();
        let at = |seconds: u64| Mono::from_nanos(seconds * 1_000_000_000);
        let wall = Wall::from_micros(0);
        assert!(lane.report(at(0), 0, wall).is_none());
        lane.pack(Ticks(0), &[payload()], &mut Vec::new());
        assert!(lane.report(at(1), 0, wall).is_some());
        assert!(lane.report(at(5), 0, wall).is_none());
        assert!(lane.report(at(6), 0, wall).is_some());
        let bye = lane.bye(0, wall);
        assert_eq!(bye.len(), 28 + 20 + 8);
    }

    #[test]
    fn a_lane_finds_its_codec_in_another_description() {
        let lane = lane();
        let tracks = Tracks::new(vec![track(0, Law::A), track(1, Law::Mu)]);
        assert_eq!(lane.find(&tracks, &[]), Some(TrackId(1)));
        assert_eq!(lane.find(&tracks, &[TrackId(1)]), None);
    }

    #[test]
    fn a_shift_moves_what_follows() {
        let mut lane = lane();
        let before = lane.time(Ticks(800));
        lane.shift(-50_000);
        assert_eq!(lane.time(Ticks(1_200)), before);
    }
}
