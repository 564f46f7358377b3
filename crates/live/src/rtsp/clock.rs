//! Media time against the wall clock and across sources. Pure.

use base::{Mono, Wall};
use media::AccessUnit;

/// A new description's times that lie further from where the clock says than this are another source's.
const STEP_MAX_MICROS: i64 = 500_000;
/// By what share of the time that passes the wall clock of a media time may move: five parts in ten thousand, more than
/// any camera's clock drifts. ffmpeg and mpv take every report at its word: one that moves further sets their times back.
const SLEW: i64 = 2_000;

/// One reader's view of time: which moment a media time is, and how times go on when the source is
/// another.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Wall clock less media time, microseconds.
    offset: Option<i64>,
    /// The newest unit: its media time, and when it arrived.
    last: Option<(i64, Mono)>,
    is_new: bool,
    /// A report may have been sent: what it said stays so.
    is_settled: bool,
}

impl Clock {
    /// What follows has another description, and maybe another source.
    pub(super) fn renew(&mut self) {
        self.is_new = true;
    }

    /// From now on the moment of a media time moves no faster than a clock drifts.
    pub(super) fn settle(&mut self) {
        self.is_settled = true;
    }

    /// Takes note of a unit with decode time `micros`; returns by how much RTP times must be moved so that
    /// they go on as the clock did.
    pub(super) fn note(&mut self, micros: i64, unit: &AccessUnit) -> Option<i64> {
        let shift = std::mem::take(&mut self.is_new).then(|| self.step(micros, unit)).flatten();
        if let Some(shift) = shift {
            // An RTP time is the same moment as before.
            self.offset = self.offset.map(|offset| offset.saturating_add(shift));
        }
        let passed = self.last.map_or(0, |(_, arrived)| micros_since(unit, arrived));
        let slew = if self.is_settled { passed / SLEW } else { i64::MAX };
        let offset = unit.arrived_wall.as_micros().saturating_sub(micros);
        self.offset = Some(self.offset.map_or(offset, |known| {
            let off = offset.saturating_sub(known);
            // Nothing arrives before its time: the earliest is right, and drift is followed slowly.
            let wanted = if off > 0 { off / 64 } else { off };
            known.saturating_add(wanted.clamp(slew.saturating_neg(), slew))
        }));
        if self.last.is_none_or(|(newest, _)| micros > newest) || shift.is_some() {
            self.last = Some((micros, unit.arrived));
        }
        shift
    }

    fn step(&self, micros: i64, unit: &AccessUnit) -> Option<i64> {
        let (last, arrived) = self.last?;
        let expected = last.saturating_add(micros_since(unit, arrived).max(1));
        let off = micros.saturating_sub(expected);
        // Tracks are not in step with each other: a little back is none.
        (off.saturating_abs() > STEP_MAX_MICROS).then(|| off.saturating_neg())
    }

    /// The moment of a media time.
    pub(super) fn wall(&self, micros: i64) -> Wall {
        Wall::from_micros(self.offset.unwrap_or(0).saturating_add(micros))
    }

    /// The newest media time.
    pub(super) fn newest(&self) -> i64 {
        self.last.map_or(0, |(micros, _)| micros)
    }
}

fn micros_since(unit: &AccessUnit, then: Mono) -> i64 {
    i64::try_from(unit.arrived.since(then).as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use media::{Ticks, TrackId};

    use super::*;

    fn unit(seconds: u64) -> AccessUnit {
        let at = Ticks(0);
        let nanos = seconds * 1_000_000_000;
        AccessUnit {
            arrived: Mono::from_nanos(nanos),
            arrived_wall: Wall::from_micros(i64::try_from(nanos / 1_000).expect("small")),
            ..AccessUnit::at_rest(TrackId(0), (at, at), true, Bytes::new())
        }
    }

    #[test]
    fn another_source_goes_on_where_the_clock_stands() {
        let mut clock = Clock::default();
        assert_eq!(clock.note(7_000_000, &unit(1)), None);
        assert_eq!(clock.note(8_000_000, &unit(2)), None);
        clock.renew();
        assert_eq!(clock.note(100_000, &unit(5)), Some(11_000_000 - 100_000));
        assert_eq!(clock.note(1_100_000, &unit(6)), None);
        assert_eq!(clock.wall(1_100_000), Wall::from_micros(6_000_000));
    }

    #[test]
    fn the_same_source_with_other_parameters_goes_on_as_it_is() {
        let mut clock = Clock::default();
        clock.note(7_000_000, &unit(1));
        clock.renew();
        assert_eq!(clock.note(6_990_000, &unit(1)), None, "sound behind its pictures");
        assert_eq!(clock.note(8_000_100, &unit(2)), None);
    }

    #[test]
    fn a_late_unit_hardly_moves_the_clock() {
        let mut clock = Clock::default();
        clock.note(1_000_000, &unit(1));
        let mut late = unit(2);
        late.arrived_wall = Wall::from_micros(2_064_000);
        clock.note(2_000_000, &late);
        assert_eq!(clock.wall(2_000_000), Wall::from_micros(2_001_000));
    }

    #[test]
    fn what_a_report_has_said_moves_no_faster_than_a_clock_drifts() {
        let mut clock = Clock::default();
        clock.note(1_000_000, &unit(1));
        clock.settle();
        let mut early = unit(2);
        early.arrived_wall = Wall::from_micros(1_900_000);
        clock.note(2_000_000, &early);
        assert_eq!(clock.wall(2_000_000), Wall::from_micros(1_999_500));
        clock.renew();
        let shift = clock.note(0, &unit(5)).expect("another source");
        let moved = clock.wall(0).as_micros() - (1_999_500 + shift - 2_000_000);
        assert!(moved.abs() <= 1_500, "{moved}");
    }
}
