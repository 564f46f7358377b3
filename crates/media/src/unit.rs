//! The access unit: one coded picture or audio frame with its times.

use base::{Mono, Wall};
use bytes::Bytes;

use crate::rtp::{Packets, Payload};
use crate::{Parameters, Ticks, TrackId};

/// One coded picture or audio frame. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// The track it belongs to.
    pub track: TrackId,
    /// When it is decoded, in the track's timescale. Never goes back within a track.
    pub dts: Ticks,
    /// When it is shown, in the track's timescale; equal to `dts` without B-frames.
    pub pts: Ticks,
    /// True when a decoder may start here (IDR picture; every audio frame).
    pub key: bool,
    /// The bytes as [`crate::Parameters`] says of its codec.
    pub data: Bytes,
    /// Packets that the network lost just before or within it.
    pub lost_packets: u16,
    /// When its last byte arrived, for deadlines and latency.
    pub arrived: Mono,
    /// When its last byte arrived, on the wall clock.
    pub arrived_wall: Wall,
    /// Made when the first reader sends it over RTP, and shared with all others.
    pub packets: Packets,
}

impl AccessUnit {
    /// A unit that was read from a file: decoded and shown at `times`. It arrived at no moment that
    /// means anything.
    #[must_use]
    pub fn at_rest(track: TrackId, times: (Ticks, Ticks), key: bool, data: Bytes) -> Self {
        let (dts, pts) = times;
        let (arrived, arrived_wall) = (Mono::default(), Wall::default());
        let packets = Packets::default();
        Self { track, dts, pts, key, data, lost_packets: 0, arrived, arrived_wall, packets }
    }

    /// Its RTP payloads. `parameters` are those of its track; they are packed once for all who share the
    /// unit.
    #[must_use]
    pub fn payloads(&self, parameters: &Parameters) -> &[Payload] {
        self.packets.get_or_make(|| crate::rtp::payloads(parameters, &self.data, self.key))
    }
}
