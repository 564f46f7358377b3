//! What a file holds, and where it is torn.

use super::PACKET_LEN;
use super::demux::{Demuxer, Stats};
use super::sink::{Event, Unit};
use crate::mp4::ReadAt;
use crate::{Ticks, Tracks};

/// Read at once.
const READ_LEN: usize = PACKET_LEN * 1_024;

/// A key frame of the leading track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFrame {
    /// Where its first packet begins.
    pub offset: u64,
    /// Decode time, in the track's timescale.
    pub dts: Ticks,
}

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// With a whole packet of a whole unit.
    Clean,
    /// In the middle of a unit or a packet that begins at this byte.
    Torn {
        /// Where.
        at: u64,
    },
}

/// What a file holds up to `valid_len`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The last description.
    pub tracks: Tracks,
    /// The file may be cut here: behind the last packet before which every unit is whole.
    pub valid_len: u64,
    /// How it ends.
    pub tail: Tail,
    /// Key frames of the leading track, in order.
    pub keys: Vec<KeyFrame>,
    /// Units of the leading track.
    pub units: u64,
    /// Decode time of the leading track's first unit, and of its last.
    pub first_dts: Ticks,
    /// See `first_dts`.
    pub last_dts: Ticks,
    /// What was met on the way.
    pub stats: Stats,
}

impl Index {
    /// From the leading track's first unit to the end of its last, which is taken to last as long as
    /// they do on average; in microseconds.
    #[must_use]
    pub fn duration_micros(&self) -> i64 {
        let Some(lead) = self.tracks.lead() else { return 0 };
        let span = lead.timescale.to_micros(self.last_dts - self.first_dts).max(0);
        let steps = i64::try_from(self.units).unwrap_or(i64::MAX).saturating_sub(1);
        span.saturating_add(span.checked_div(steps).unwrap_or(0))
    }
}

/// Reads a file of `len` bytes to its end. Pictures of more than 64 KiB do not tell their length: the
/// last of a file is taken for whole when its last packet was filled up. `None`: not one whole unit of
/// the leading track.
///
/// # Errors
/// When the bytes cannot be had.
pub fn scan(file: &(impl ReadAt + ?Sized), len: u64) -> std::io::Result<Option<Index>> {
    let (mut demuxer, mut found, mut events) = (Demuxer::new(), Found::default(), Vec::new());
    let (mut at, mut buffer) = (0, vec![0; READ_LEN]);
    while at < len {
        let now = usize::try_from(len - at).unwrap_or(READ_LEN).min(READ_LEN);
        let Some(buffer) = buffer.get_mut(..now) else { break };
        file.read_exact_at(at, buffer)?;
        demuxer.push(buffer, &mut events);
        events.drain(..).for_each(|event| found.take(event));
        at += now as u64;
    }
    let valid_len = demuxer.open_offset().unwrap_or(demuxer.packets_end());
    demuxer.finish(&mut events);
    events.drain(..).for_each(|event| found.take(event));
    Ok(found.index(valid_len, len, demuxer.stats()))
}

#[derive(Default)]
struct Found {
    tracks: Option<Tracks>,
    keys: Vec<KeyFrame>,
    /// Of the leading track: offsets and decode times are few bytes a unit.
    units: Vec<(u64, Ticks)>,
}

impl Found {
    fn take(&mut self, event: Event) {
        match event {
            Event::Tracks(tracks) => self.tracks = Some(tracks),
            Event::Unit(Unit { track, offset, dts, key, .. }) => {
                let lead = self.tracks.as_ref().and_then(Tracks::lead);
                if lead.is_some_and(|lead| lead.id == track) {
                    self.units.push((offset, dts));
                    if key {
                        self.keys.push(KeyFrame { offset, dts });
                    }
                }
            }
        }
    }

    fn index(mut self, valid_len: u64, len: u64, stats: Stats) -> Option<Index> {
        self.keys.retain(|key| key.offset < valid_len);
        self.units.retain(|(offset, _)| *offset < valid_len);
        let torn = Tail::Torn { at: valid_len };
        Some(Index {
            tracks: self.tracks?,
            valid_len,
            tail: if valid_len == len { Tail::Clean } else { torn },
            keys: self.keys,
            units: self.units.len() as u64,
            first_dts: self.units.first()?.1,
            last_dts: self.units.last()?.1,
            stats,
        })
    }
}
