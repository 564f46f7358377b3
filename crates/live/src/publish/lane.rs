//! One track of a publisher: its packets in order, counted, and made access units.

use std::time::Duration;

use base::Mono;
use media::rtp::depacket::{Coding, Depacketizer, Format, Frame};
use media::rtp::packet::Packet;
use media::rtp::reception::Arrival;
use media::rtp::reorder::Reorder;
use media::timeline::Timeline;
use media::{Parameters, Timescale, Track, TrackId};

use super::clock::Clock;

pub(super) struct Lane {
    pub(super) id: TrackId,
    pub(super) coding: Coding,
    pub(super) scale: Timescale,
    /// As announced, or as its last key frame brought them.
    pub(super) parameters: Option<Parameters>,
    pub(super) arrival: Arrival,
    pub(super) clock: Clock,
    pub(super) timeline: Timeline,
    /// A unit was lost: what follows is damaged until the next key frame.
    pub(super) is_torn: bool,
    /// Packets that could not be used.
    pub(super) in_error: u64,
    payload_type: u8,
    ssrc: Option<u32>,
    wait: Option<Duration>,
    reorder: Option<Reorder>,
    depacketizer: Depacketizer,
}

impl Lane {
    /// Packets wait for those before them for `wait`, or come in order by themselves.
    pub(super) fn new(id: u8, payload_type: u8, format: &Format, wait: Option<Duration>) -> Self {
        let mut depacketizer = Depacketizer::new(format.coding);
        format.parameters.iter().for_each(|parameters| depacketizer.know(parameters));
        Self {
            id: TrackId(id),
            coding: format.coding,
            scale: format.timescale,
            parameters: format.parameters.clone(),
            arrival: Arrival::new(format.timescale),
            clock: Clock::new(format.timescale),
            timeline: Timeline::default(),
            is_torn: false,
            in_error: 0,
            payload_type,
            ssrc: None,
            wait,
            reorder: wait.map(Reorder::new),
            depacketizer,
        }
    }

    /// What is said of it; `None` while a decoder could not begin.
    pub(super) fn track(&self) -> Option<Track> {
        let parameters = self.parameters.clone()?;
        Some(Track { id: self.id, timescale: self.scale, parameters })
    }

    /// Takes a packet that came at `now`; appends to `out` the units that are whole by it.
    pub(super) fn packet(&mut self, now: Mono, packet: Packet, out: &mut Vec<Frame>) {
        if packet.payload_type != self.payload_type {
            self.in_error += 1;
            return;
        }
        self.arrival.packet(now, &packet);
        if self.ssrc.replace(packet.ssrc).is_some_and(|before| before != packet.ssrc) {
            self.begin_anew();
        }
        let Some(reorder) = &mut self.reorder else { return self.take(&packet, out) };
        let mut in_order = Vec::new();
        reorder.push(now, packet, &mut in_order);
        in_order.iter().for_each(|packet| self.take(packet, out));
    }

    /// Another source sends: neither its numbers nor its times go on where the other's ended.
    fn begin_anew(&mut self) {
        self.reorder = self.wait.map(Reorder::new);
        self.depacketizer = Depacketizer::new(self.coding);
        self.parameters.iter().for_each(|parameters| self.depacketizer.know(parameters));
        self.clock.restart();
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        self.reorder.as_ref().and_then(Reorder::deadline)
    }

    pub(super) fn tick(&mut self, now: Mono, out: &mut Vec<Frame>) {
        let mut in_order = Vec::new();
        if let Some(reorder) = &mut self.reorder {
            reorder.tick(now, &mut in_order);
        }
        in_order.iter().for_each(|packet| self.take(packet, out));
    }

    fn take(&mut self, packet: &Packet, out: &mut Vec<Frame>) {
        if let Err(refused) = self.depacketizer.push(packet, out) {
            self.in_error += 1;
            tracing::trace!(err = %refused, "packet refused");
        }
    }

    /// Follows the parameters that a key frame brings. True when they are others than before.
    pub(super) fn follow(&mut self, key_frame: &[u8]) -> bool {
        let new = match &self.parameters {
            Some(old) => old.changed_by(key_frame),
            None => self.coding.parameters_in(key_frame),
        };
        let Some(new) = new else { return false };
        self.depacketizer.know(&new);
        self.parameters = Some(new);
        true
    }
}
