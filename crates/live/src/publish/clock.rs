//! A track's RTP times on the clock that all tracks of a publisher share.
//!
//! RTP times begin anywhere. A track is placed by when its first packet came; once sender reports say
//! how it stands to the leading track, it is moved there: whole the first time, by a little later on.

use base::Mono;
use media::rtp::packet::Unwrap;
use media::rtp::rtcp::SenderInfo;
use media::{Ticks, Timescale};

/// Tracks of one publisher that are further apart than this have clocks that have nothing in common.
const APART_MAX_MICROS: i64 = 2_000_000;
/// A report moves a track by at most this, but for the first.
const SLEW_MAX_MICROS: i64 = 2_000;

pub(super) struct Clock {
    scale: Timescale,
    unwrap: Unwrap,
    /// What is added to an RTP time; `None` before the first packet.
    offset: Option<i64>,
    report: Option<SenderInfo>,
    is_aligned: bool,
}

impl Clock {
    pub(super) fn new(scale: Timescale) -> Self {
        Self { scale, unwrap: Unwrap::default(), offset: None, report: None, is_aligned: false }
    }

    /// The time of a unit whose packets came at `now`; `epoch` is the moment 0.
    pub(super) fn place(&mut self, timestamp: u32, now: Mono, epoch: Mono) -> Ticks {
        let whole = self.unwrap.next(timestamp);
        let offset = *self.offset.get_or_insert_with(|| {
            let micros = i64::try_from(now.since(epoch).as_micros()).unwrap_or(i64::MAX);
            self.scale.from_micros(micros).0.saturating_sub(whole)
        });
        Ticks(whole.saturating_add(offset))
    }

    /// True once a unit has been placed.
    pub(super) const fn is_placed(&self) -> bool {
        self.offset.is_some()
    }

    /// Forgets where it stood: the next unit is placed by its arrival.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.scale);
    }

    pub(super) fn report(&mut self, info: SenderInfo) {
        self.report = Some(info);
    }

    /// The sender's moment at which the shared clock stood at 0, in microseconds, as the last report says.
    pub(super) fn zero(&self) -> Option<i64> {
        let info = self.report?;
        let time = self.unwrap.peek(info.timestamp)?.saturating_add(self.offset?);
        Some(info.wall().as_micros().saturating_sub(self.scale.to_micros(Ticks(time))))
    }

    /// Moves this track so that its zero is the leading track's.
    pub(super) fn align(&mut self, lead_zero: i64) {
        let (Some(zero), Some(offset)) = (self.zero(), self.offset) else { return };
        let apart = zero.saturating_sub(lead_zero);
        if apart.saturating_abs() > APART_MAX_MICROS {
            return;
        }
        let by =
            if self.is_aligned { apart.clamp(-SLEW_MAX_MICROS, SLEW_MAX_MICROS) } else { apart };
        self.is_aligned = true;
        self.offset = Some(offset.saturating_add(self.scale.from_micros(by).0));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const AUDIO: Timescale = Timescale::new(std::num::NonZeroU32::new(48_000).unwrap());

    fn report(millis: u64, timestamp: u32) -> SenderInfo {
        let ntp = (millis << 32) / 1_000;
        SenderInfo { ntp: ntp + (3_900_000_000_u64 << 32), timestamp }
    }

    #[test]
    fn a_track_goes_where_the_reports_say_it_stands_to_the_leading_one() {
        let (mut video, mut audio) = (Clock::new(Timescale::VIDEO), Clock::new(AUDIO));
        let epoch = Mono::default();
        assert_eq!(video.place(u32::MAX, epoch, epoch), Ticks(0));
        // Sound came 80 ms later than it belongs.
        let late = Mono::from_nanos(80_000_000);
        assert_eq!(audio.place(5, late, epoch), Ticks(3_840));
        video.report(report(0, u32::MAX));
        audio.report(report(0, 5));
        audio.align(video.zero().unwrap());
        assert_eq!(audio.place(5, late, epoch), Ticks(0));
        assert_eq!(audio.zero(), video.zero());
    }

    #[test]
    fn a_later_report_moves_a_track_by_a_little_and_a_foreign_clock_by_nothing() {
        let mut audio = Clock::new(AUDIO);
        let epoch = Mono::default();
        audio.place(0, epoch, epoch);
        audio.report(report(1_000, 0));
        let zero = audio.zero().unwrap();
        audio.align(zero);
        audio.align(zero - 500_000);
        assert_eq!(audio.place(0, epoch, epoch), Ticks(96));
        audio.align(zero - 3_000_000);
        assert_eq!(audio.place(0, epoch, epoch), Ticks(96));
    }

    proptest! {
        #[test]
        fn no_times_and_reports_panic(times in proptest::collection::vec((any::<u32>(), any::<u64>(), any::<u64>(), any::<i64>()), 0..50)) {
            let mut clock = Clock::new(Timescale::VIDEO);
            for (timestamp, now, ntp, lead) in times {
                clock.report(SenderInfo { ntp, timestamp: timestamp.rotate_left(7) });
                clock.align(lead);
                let _ = (clock.place(timestamp, Mono::from_nanos(now), Mono::default()), clock.zero());
            }
        }
    }
}
