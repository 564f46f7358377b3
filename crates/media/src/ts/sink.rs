//! What a demuxer tells: the tracks once they are known, then units. Units that come before all tracks
//! are known wait, within bounds.

use bytes::Bytes;

use crate::{Parameters, Ticks, Timescale, Track, TrackId, Tracks};

/// Units wait for the parameters of the other tracks up to this many bytes, and this many units.
const HELD_LEN_MAX: usize = 4 << 20;
const HELD_MAX: usize = 128;

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The description: before the first unit, and again when it changes.
    Tracks(Tracks),
    /// A unit, of a track of the last description.
    Unit(Unit),
}

/// An access unit with its place in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The track.
    pub track: TrackId,
    /// Decode time in the track's timescale; it is what the stream says, and may go back.
    pub dts: Ticks,
    /// Shown at.
    pub pts: Ticks,
    /// True when a decoder may start here.
    pub key: bool,
    /// The bytes as [`Parameters`] says of the codec.
    pub data: Bytes,
    /// Packets that were lost just before or within it.
    pub lost_packets: u16,
    /// Where in the stream the packet begins in which its PES packet begins.
    pub offset: u64,
}

#[derive(Debug, Default)]
pub(super) struct Sink {
    known: Vec<Track>,
    /// How many tracks there will be, if all show themselves.
    expected: usize,
    described: bool,
    held: Vec<Unit>,
    held_len: usize,
}

impl Sink {
    /// A new map: other tracks than before.
    pub(super) fn restart(&mut self, expected: usize, out: &mut Vec<Event>) {
        self.describe(out);
        *self = Self { expected, ..Self::default() };
    }

    /// A track's parameters are known, or are others than before.
    pub(super) fn parameters(
        &mut self,
        id: TrackId,
        timescale: Timescale,
        parameters: Parameters,
        out: &mut Vec<Event>,
    ) {
        let track = Track { id, timescale, parameters };
        match self.known.iter().position(|known| known.id == id) {
            Some(at) => {
                // What waits was of the old parameters.
                self.describe(out);
                if let Some(known) = self.known.get_mut(at) {
                    *known = track;
                }
            }
            None => {
                self.known.push(track);
                self.known.sort_by_key(|track| track.id);
            }
        }
        if self.described {
            out.push(Event::Tracks(Tracks::new(self.known.clone())));
        }
    }

    /// Takes a unit of a known track.
    pub(super) fn unit(&mut self, unit: Unit, out: &mut Vec<Event>) {
        if self.described {
            out.push(Event::Unit(unit));
            return;
        }
        self.held_len += unit.data.len();
        self.held.push(unit);
        let full = self.held_len >= HELD_LEN_MAX || self.held.len() >= HELD_MAX;
        if full || self.known.len() >= self.expected {
            self.describe(out);
        }
    }

    /// Waits no longer.
    pub(super) fn describe(&mut self, out: &mut Vec<Event>) {
        if self.described || self.known.is_empty() {
            return;
        }
        self.described = true;
        out.push(Event::Tracks(Tracks::new(self.known.clone())));
        out.extend(self.held.drain(..).map(Event::Unit));
        self.held_len = 0;
    }
}
