//! The sink of a publisher: packets of all its tracks on one clock, published from the first key frame on.

use std::sync::atomic::Ordering;
use std::time::Duration;

use base::{Mono, StreamPath, Wall};
use bytes::Bytes;
use hub::{Hub, Origin, Publisher, Reservation};
use media::Tracks;
use media::rtp::packet::Packet;
use media::rtp::rtcp::{self, Report, SenderInfo};
use media::sdp::Announced;

use super::error::PublishError;
use super::lane::Lane;
use crate::sessions::Counters;

/// Whether packets come in the order in which they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// They do: over TCP.
    Kept,
    /// They may not, and wait for those before them, at most this long: over UDP 50 to 200 ms.
    Restored(Duration),
}

/// A publisher's way into the hub. Dropping it leaves the path.
pub struct Sink {
    pub(super) path: StreamPath,
    /// By the number of the medium in the announcement; `None` where it is not carried.
    pub(super) lanes: Vec<Option<Lane>>,
    /// The lane by whose key frames the stream begins.
    pub(super) lead: usize,
    /// The right to the path, until the first key frame.
    pub(super) reservation: Option<Reservation>,
    pub(super) publisher: Option<Publisher>,
    pub(super) tracks: Option<Tracks>,
    /// The moment at which the shared clock stood at 0: that of the first packet.
    pub(super) epoch: Option<Mono>,
    rtcp: u64,
    rtcp_in_error: u64,
    rtp_in_error: u64,
}

impl Sink {
    /// Takes the path, as its rule allows, to publish what is announced. It is fed from the first key frame
    /// on whose parameters are known.
    ///
    /// # Errors
    /// [`PublishError::Taken`] while another source has the path and may not be replaced,
    /// [`PublishError::NotPublishable`] where no rule allows it, [`PublishError::NothingToCarry`] when
    /// no medium is of a codec that is carried.
    pub fn open(
        hub: &Hub,
        path: &StreamPath,
        announced: &Announced,
        origin: Origin,
        order: Order,
    ) -> Result<Self, PublishError> {
        let wait = match order {
            Order::Kept => None,
            Order::Restored(wait) => Some(wait),
        };
        let lanes: Vec<Option<Lane>> = (0..)
            .zip(&announced.media)
            .map(|(id, medium)| {
                let format = medium.format.as_ref()?;
                Some(Lane::new(id, medium.payload_type, format, wait))
            })
            .collect();
        let is_video = |lane: &Option<Lane>| lane.as_ref().is_some_and(|l| l.coding.is_video());
        let lead = lanes.iter().position(is_video);
        let lead = lead.or_else(|| lanes.iter().position(Option::is_some));
        let lead = lead.ok_or(PublishError::NothingToCarry)?;
        let reservation = Some(hub.reserve_by_rule(path, origin)?);
        Ok(Self {
            path: path.clone(),
            lanes,
            lead,
            reservation,
            publisher: None,
            tracks: None,
            epoch: None,
            rtcp: 0,
            rtcp_in_error: 0,
            rtp_in_error: 0,
        })
    }

    /// Takes an RTP packet of the medium `track` of the announcement, as it came from the network. Packets
    /// that are none, or of media that are not carried, are counted and dropped.
    ///
    /// # Errors
    /// [`PublishError::Taken`] when another source has taken the path: the session is over.
    pub fn packet(
        &mut self,
        now: Mono,
        wall: Wall,
        track: usize,
        rtp: &Bytes,
    ) -> Result<(), PublishError> {
        match Packet::parse(rtp) {
            Ok(packet) => self.rtp(now, wall, track, packet),
            Err(_) => {
                self.rtp_in_error += 1;
                Ok(())
            }
        }
    }

    /// [`Self::packet`] for who has taken it apart.
    ///
    /// # Errors
    /// As [`Self::packet`].
    pub fn rtp(
        &mut self,
        now: Mono,
        wall: Wall,
        track: usize,
        packet: Packet,
    ) -> Result<(), PublishError> {
        let Some(Some(lane)) = self.lanes.get_mut(track) else { return Ok(()) };
        let mut frames = Vec::new();
        lane.packet(now, packet, &mut frames);
        frames.into_iter().try_for_each(|frame| self.frame((now, wall), track, frame))
    }

    /// Takes an RTCP packet of the medium `track`.
    pub fn rtcp(&mut self, now: Mono, track: usize, bytes: &[u8]) {
        self.rtcp += 1;
        let Ok(reports) = rtcp::parse(bytes) else {
            self.rtcp_in_error += 1;
            return;
        };
        for report in reports {
            if let Report::Sender { info, .. } = report {
                self.sender_report(now, track, info);
            }
        }
    }

    /// Takes what a sender reports of the medium `track`, for who has taken RTCP apart.
    pub fn sender_report(&mut self, now: Mono, track: usize, info: SenderInfo) {
        let Some(Some(lane)) = self.lanes.get_mut(track) else { return };
        lane.arrival.sender_report(now, info);
        lane.clock.report(info);
        self.align();
    }

    /// A receiver report of the medium `track` to its sender, of us as `ssrc`; `None` before its first
    /// packet. Every five seconds (RFC 3550 section 6.2).
    pub fn receiver_report(&mut self, now: Mono, track: usize, ssrc: u32) -> Option<Bytes> {
        self.lanes.get_mut(track)?.as_mut()?.arrival.report(now, ssrc)
    }

    /// When [`Self::tick`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Mono> {
        self.lanes.iter().flatten().filter_map(Lane::deadline).min()
    }

    /// Gives up packets that have been waited for long enough.
    ///
    /// # Errors
    /// As [`Self::packet`].
    pub fn tick(&mut self, now: Mono, wall: Wall) -> Result<(), PublishError> {
        if self.is_replaced() {
            return Err(PublishError::Taken);
        }
        for track in 0..self.lanes.len() {
            let Some(Some(lane)) = self.lanes.get_mut(track) else { continue };
            let mut frames = Vec::new();
            lane.tick(now, &mut frames);
            frames.into_iter().try_for_each(|frame| self.frame((now, wall), track, frame))?;
        }
        Ok(())
    }

    /// True when another source has taken the path: the session is over.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        self.publisher.as_ref().is_some_and(Publisher::is_replaced)
            || self.reservation.as_ref().is_some_and(Reservation::is_replaced)
    }

    /// True once the path is fed: from the first key frame on.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.publisher.is_some()
    }

    /// True while a key frame would help: before the first, and after a loss. For who can ask for one.
    #[must_use]
    pub fn wants_key_frame(&self) -> bool {
        let lead = self.lanes.get(self.lead).and_then(Option::as_ref);
        lead.is_some_and(|lane| {
            lane.coding.is_video() && (self.publisher.is_none() || lane.is_torn)
        })
    }

    /// The medium of the announcement that leads: the first with pictures, else the first that is carried.
    #[must_use]
    pub const fn lead(&self) -> usize {
        self.lead
    }

    /// What is published now.
    #[must_use]
    pub const fn tracks(&self) -> Option<&Tracks> {
        self.tracks.as_ref()
    }

    /// Copies what was received to the counters of its session. Bytes are those of payloads.
    pub fn count(&self, counters: &Counters) {
        let (mut packets, mut bytes, mut lost) = (0, 0, 0);
        let (mut in_error, mut jitter) = (self.rtp_in_error, 0);
        for lane in self.lanes.iter().flatten() {
            let received = lane.arrival.received();
            packets += received.0;
            bytes += received.1;
            lost += lane.arrival.lost();
            in_error += lane.in_error;
            jitter = jitter.max(lane.arrival.jitter_micros());
        }
        counters.inbound_packets.store(packets, Ordering::Relaxed);
        counters.inbound_bytes.store(bytes, Ordering::Relaxed);
        counters.inbound_packets_lost.store(lost, Ordering::Relaxed);
        counters.inbound_packets_in_error.store(in_error, Ordering::Relaxed);
        counters.inbound_jitter.store(jitter, Ordering::Relaxed);
        counters.inbound_rtcp_packets.store(self.rtcp, Ordering::Relaxed);
        counters.inbound_rtcp_packets_in_error.store(self.rtcp_in_error, Ordering::Relaxed);
    }
}
