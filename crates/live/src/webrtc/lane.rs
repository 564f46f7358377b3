//! A track on its way to one viewer: numbers and times of its packets, and when they are by our clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId};
use str0m::media::{Mid, Pt};

use super::negotiate;
use super::peer::{Packet, Peer};

/// A source that jumps further than this begins anew.
const JUMP_MAX_US: i64 = 2_000_000;

/// Payloads of a group, made once for all viewers of a stream in the form in which the library shares them.
#[derive(Default)]
pub(super) struct Packed(HashMap<(TrackId, Ticks), Shared>);

type Shared = Arc<[(Arc<[u8]>, bool, u32)]>;
/// Units of a group that are kept at most.
const PACKED_LEN_MAX: usize = 2_000;

impl Packed {
    fn of(&mut self, unit: &AccessUnit, parameters: &Parameters) -> Shared {
        let key = (unit.track, unit.dts);
        if let Some(found) = self.0.get(&key) {
            return Arc::clone(found);
        }
        if (unit.key && parameters.is_video()) || self.0.len() >= PACKED_LEN_MAX {
            self.0.clear();
        }
        let payloads = unit.payloads(parameters).iter();
        let made: Shared = payloads
            .map(|payload| (Arc::from(payload.data.as_ref()), payload.marker, payload.later))
            .collect();
        self.0.insert(key, Arc::clone(&made));
        made
    }

    /// Forgets all: another description begins.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// A viewer's media time: goes on when a source begins anew, and stands on our clock.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    shift_us: i64,
    anchor: Option<(Instant, i64)>,
    last: Option<(Instant, i64)>,
    is_unsure: bool,
}

impl Timeline {
    /// What follows may have times of its own.
    pub(super) const fn doubt(&mut self) {
        self.is_unsure = true;
    }

    /// A unit's time for this viewer, microseconds, and when that is.
    pub(super) fn place(&mut self, now: Instant, at_us: i64) -> (i64, Instant) {
        if std::mem::take(&mut self.is_unsure)
            && let Some((last_at, last_us)) = self.last
        {
            let elapsed = now.saturating_duration_since(last_at).as_micros();
            let expected = last_us.saturating_add(i64::try_from(elapsed).unwrap_or(0));
            let got = at_us.saturating_add(self.shift_us);
            if got <= last_us || got > expected.saturating_add(JUMP_MAX_US) {
                self.shift_us = self.shift_us.saturating_add(expected.saturating_sub(got));
            }
        }
        let us = at_us.saturating_add(self.shift_us);
        let (anchor_at, anchor_us) = *self.anchor.get_or_insert((now, us));
        if self.last.is_none_or(|(_, last)| us > last) {
            self.last = Some((now, us));
        }
        let since = us.saturating_sub(anchor_us);
        let distance = Duration::from_micros(since.unsigned_abs());
        let at = if since < 0 {
            anchor_at.checked_sub(distance)
        } else {
            anchor_at.checked_add(distance)
        };
        (us, at.unwrap_or(now))
    }
}

/// A track on its way to one viewer.
pub(super) struct Lane {
    pub track: TrackId,
    pub is_video: bool,
    mid: Mid,
    payload_type: Pt,
    parameters: Parameters,
    scale: Timescale,
    clock: Timescale,
    sequence: u64,
    offset: u32,
    last: Option<i64>,
}

impl Lane {
    /// The lane of a track in the section `mid`; `None`: its parameters have no clock.
    pub(super) fn new(track: &Track, mid: Mid, payload_type: Pt) -> Option<Self> {
        let clock = std::num::NonZeroU32::new(negotiate::clock(&track.parameters))?;
        let [a, b, c, d, e, f, ..] = *uuid::Uuid::new_v4().as_bytes();
        Some(Self {
            track: track.id,
            is_video: track.parameters.is_video(),
            mid,
            payload_type,
            parameters: track.parameters.clone(),
            scale: track.timescale,
            clock: Timescale::new(clock),
            // Far from the end of the first round, which receivers must see whole.
            sequence: u64::from(u16::from_be_bytes([a & 0x3f, b])),
            offset: u32::from_be_bytes([c, d, e, f]),
            last: None,
        })
    }

    /// Goes on with another description of the same codec; false: it is another codec.
    pub(super) fn follow(&mut self, track: &Track) -> bool {
        let follows = negotiate::continues(&self.parameters, track);
        if follows {
            (self.track, self.scale) = (track.id, track.timescale);
            self.parameters = track.parameters.clone();
        }
        follows
    }

    /// Sends a unit at its place; gives the bytes written.
    pub(super) fn send(
        &mut self,
        (unit, pts): (&AccessUnit, Ticks),
        (now, timeline): (Instant, &mut Timeline),
        (packed, peer): (&mut Packed, &mut Peer),
    ) -> u64 {
        let (us, at) = timeline.place(now, self.scale.to_micros(pts));
        let mut ticks = self.clock.from_micros(us).0;
        if let Some(last) = self.last.filter(|last| ticks <= *last) {
            if !self.is_video {
                // Sound that was sent already.
                return 0;
            }
            // Pictures that are sent again after a loss come after those that were seen.
            ticks = last.saturating_add(1);
        }
        self.last = Some(ticks);
        let mut bytes = 0;
        for (payload, marker, later) in packed.of(unit, &self.parameters).iter() {
            bytes += payload.len() as u64;
            peer.write(Packet {
                mid: self.mid,
                payload_type: self.payload_type,
                sequence: self.sequence,
                time: self.offset.wrapping_add(low(ticks)).wrapping_add(*later),
                at,
                marker: *marker,
                is_resent: self.is_video,
                payload: Arc::clone(payload),
            });
            self.sequence += 1;
        }
        bytes
    }
}

/// The low 32 bits.
fn low(ticks: i64) -> u32 {
    u32::try_from(ticks.rem_euclid(1 << 32)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_source_that_begins_anew_goes_on_where_the_last_one_stood() {
        let (mut timeline, start) = (Timeline::default(), Instant::now());
        assert_eq!(timeline.place(start, 5_000_000).0, 5_000_000);
        timeline.doubt();
        let later = start + Duration::from_secs(3);
        assert_eq!(timeline.place(later, 70).0, 8_000_000);
        assert_eq!(timeline.place(later, 40_070).0, 8_040_000);
    }

    #[test]
    fn a_change_of_parameters_alone_moves_nothing() {
        let (mut timeline, start) = (Timeline::default(), Instant::now());
        timeline.place(start, 1_000_000);
        timeline.doubt();
        assert_eq!(timeline.place(start, 1_040_000).0, 1_040_000);
    }

    proptest! {
        #[test]
        fn any_times_are_placed_without_a_panic(times in prop::collection::vec((any::<i64>(), any::<bool>()), 0..20)) {
            let mut timeline = Timeline::default();
            for (at, doubt) in times {
                if doubt { timeline.doubt() }
                let _ = timeline.place(Instant::now(), at);
            }
        }
    }
}
