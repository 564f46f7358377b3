//! What a publisher sends: its packets handed to the sink, in the order of channels and ports.

use std::time::Duration;

use base::{Clock, Mono, SystemClock};
use bytes::Bytes;
use hub::{Hub, Origin};
use media::sdp::Announced;
use rtsp::Transport;

use super::ending::End;
use super::lane::{Body, Packet};
use super::udp::Datagram;
use crate::publish::{Order, PublishError, Sink};
use crate::sessions::Counters;

const REPORT_EVERY: Duration = Duration::from_secs(5);
/// How long a datagram is waited for that others have overtaken.
const REORDER: Duration = Duration::from_millis(100);

/// A publisher: what it announced, and, from RECORD on, its sink.
pub(super) struct Publisher {
    announced: Announced,
    /// Media that were set up, and how they travel.
    tracks: Vec<(usize, Transport)>,
    sink: Option<Sink>,
    /// When something of it came.
    heard: Mono,
    next_report: Mono,
    ssrc: u32,
}

impl Publisher {
    pub(super) fn new(announced: Announced, ssrc: u32) -> Self {
        let now = SystemClock.mono();
        let next_report = now + REPORT_EVERY;
        Self { announced, tracks: Vec::new(), sink: None, heard: now, next_report, ssrc }
    }

    /// The medium that is meant by a track's name; the next one when there is none.
    pub(super) fn medium(&self, control: &str) -> Option<usize> {
        if control.is_empty() {
            let next = self.tracks.len();
            return (next < self.announced.media.len()).then_some(next);
        }
        let is_named = |said: &str| {
            said == control || said.rsplit_once('/').is_some_and(|(_, name)| name == control)
        };
        self.announced.media.iter().position(|medium| is_named(&medium.control))
    }

    pub(super) fn add(&mut self, medium: usize, transport: Transport) {
        self.tracks.retain(|(known, _)| *known != medium);
        self.tracks.push((medium, transport));
    }

    /// Begins to publish what was set up.
    pub(super) fn record(
        &mut self,
        hub: &Hub,
        path: &base::StreamPath,
        origin: Origin,
    ) -> Result<(), PublishError> {
        for (index, medium) in self.announced.media.iter_mut().enumerate() {
            if !self.tracks.iter().any(|(known, _)| *known == index) {
                medium.format = None;
            }
        }
        let is_udp = self.tracks.iter().any(|(_, how)| matches!(how, Transport::Udp { .. }));
        let order = if is_udp { Order::Restored(REORDER) } else { Order::Kept };
        self.sink = Some(Sink::open(hub, path, &self.announced, origin, order)?);
        self.heard = SystemClock.mono();
        Ok(())
    }

    /// Stops publishing.
    pub(super) fn pause(&mut self) {
        self.sink = None;
    }

    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.sink.as_ref().and_then(Sink::next_deadline)
    }

    pub(super) fn due(&mut self, now: Mono) -> Result<(), End> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        sink.tick(now, SystemClock.wall()).map_err(|_| End::Taken)
    }

    /// True when another source has taken the path.
    pub(super) fn is_replaced(&self) -> bool {
        self.sink.as_ref().is_some_and(Sink::is_replaced)
    }

    /// How long nothing came; not at all while nothing needs to.
    pub(super) fn silent_for(&self, now: Mono) -> Duration {
        self.sink.as_ref().map_or(Duration::ZERO, |_| now.since(self.heard))
    }

    /// Takes a packet in the connection.
    pub(super) fn data(&mut self, now: Mono, channel: u8, packet: &Bytes) -> Result<(), End> {
        let found = self.tracks.iter().find_map(|(medium, how)| match how {
            Transport::Interleaved { rtp, .. } if *rtp == channel => Some((*medium, false)),
            Transport::Interleaved { rtcp, .. } if *rtcp == channel => Some((*medium, true)),
            _ => None,
        });
        match found {
            Some((medium, is_rtcp)) => self.packet(now, medium, is_rtcp, packet),
            None => Ok(()),
        }
    }

    /// Takes a datagram.
    pub(super) fn datagram(&mut self, now: Mono, datagram: &Datagram) -> Result<(), End> {
        self.packet(now, datagram.track, datagram.is_rtcp, &datagram.data)
    }

    fn packet(
        &mut self,
        now: Mono,
        medium: usize,
        is_rtcp: bool,
        packet: &Bytes,
    ) -> Result<(), End> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        if is_rtcp {
            sink.rtcp(now, medium, packet);
            return Ok(());
        }
        self.heard = now;
        sink.packet(now, SystemClock.wall(), medium, packet).map_err(|_| End::Taken)
    }

    /// Receiver reports that are due.
    pub(super) fn reports(&mut self, now: Mono) -> Vec<Packet> {
        let Some(sink) = self.sink.as_mut().filter(|_| now >= self.next_report) else {
            return Vec::new();
        };
        self.next_report = now + REPORT_EVERY;
        let reports = self.tracks.iter().filter_map(|(medium, transport)| {
            let report = sink.receiver_report(now, *medium, self.ssrc)?;
            Some(Packet { transport: *transport, body: Body::Rtcp(report) })
        });
        reports.collect()
    }

    /// Copies what came to the session's counters.
    pub(super) fn count(&self, counters: &Counters) {
        if let Some(sink) = &self.sink {
            sink.count(counters);
        }
    }
}
