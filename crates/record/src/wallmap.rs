//! From media time to the wall clock, once per recording run. Pure; `docs/design/time.md` argues it.

use base::{Mono, Wall};

/// Beyond this the two clocks have been stepped apart, and a new run begins.
const STEP_MICROS: i64 = 2_000_000;
/// Drift that is taken back at a cut, at most: 5 ms a minute, and never more than 40 ms at once.
const DRIFT_MICROS_PER_SECOND: i64 = 83;
const DRIFT_MICROS_MAX: i64 = 40_000;

/// When a unit with a media time arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) media_us: i64,
    pub(crate) mono: Mono,
    pub(crate) wall: Wall,
}

impl Arrival {
    fn mono_us(self) -> i64 {
        i64::try_from(self.mono.as_nanos() / 1_000).unwrap_or(i64::MAX)
    }

    /// Where media time 0 lies on the monotonic clock if this unit was not delayed at all.
    fn zero_us(self) -> i64 {
        self.mono_us().saturating_sub(self.media_us)
    }

    /// What to add to the monotonic clock to get the wall clock.
    fn wall_less_mono(self) -> i64 {
        self.wall.as_micros().saturating_sub(self.mono_us())
    }
}

/// One run's mapping.
#[derive(Debug)]
pub(crate) struct WallMap {
    zero_us: i64,
    wall_less_mono: i64,
    /// Moves the run after what is recorded already, when the wall clock was set back.
    shift_us: i64,
    least_zero_us: i64,
}

impl WallMap {
    /// Maps by the least delayed of a run's first arrivals; `first_us` (the media time the run begins
    /// at) is not placed before `not_before`. `None` without arrivals.
    pub(crate) fn new(
        arrivals: &[Arrival],
        first_us: i64,
        not_before: Option<Wall>,
    ) -> Option<Self> {
        let least = arrivals.iter().min_by_key(|arrival| arrival.zero_us())?;
        let mut map = Self {
            zero_us: least.zero_us(),
            wall_less_mono: least.wall_less_mono(),
            shift_us: 0,
            least_zero_us: i64::MAX,
        };
        if let Some(not_before) = not_before {
            map.shift_us = not_before.micros_since(map.wall(first_us)).max(0);
        }
        Some(map)
    }

    /// The wall time of a media time.
    pub(crate) fn wall(&self, media_us: i64) -> Wall {
        let micros = self.zero_us.saturating_add(self.wall_less_mono).saturating_add(self.shift_us);
        Wall::from_micros(micros).plus_micros(media_us)
    }

    /// Takes an arrival as evidence of drift. False when the clocks were stepped apart: the run must
    /// end.
    pub(crate) fn observe(&mut self, arrival: Arrival) -> bool {
        self.least_zero_us = self.least_zero_us.min(arrival.zero_us());
        let wall_step = arrival.wall_less_mono().saturating_sub(self.wall_less_mono);
        // A late arrival is only late; one that is early by seconds means that media time jumped.
        let early = self.zero_us.saturating_sub(arrival.zero_us());
        wall_step.abs() <= STEP_MICROS && early <= STEP_MICROS
    }

    /// At a cut after `elapsed_us` of media: moves the mapping towards what was observed since the
    /// last cut.
    pub(crate) fn correct(&mut self, elapsed_us: i64) {
        if self.least_zero_us == i64::MAX {
            return;
        }
        let limit = (elapsed_us / 1_000_000).saturating_mul(DRIFT_MICROS_PER_SECOND);
        let limit = limit.clamp(0, DRIFT_MICROS_MAX);
        let drift = self.least_zero_us.saturating_sub(self.zero_us);
        self.zero_us = self.zero_us.saturating_add(drift.clamp(-limit, limit));
        self.least_zero_us = i64::MAX;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 1_736_899_200_000_000;

    fn arrival(media_us: i64, mono_us: i64) -> Arrival {
        let mono = Mono::from_nanos(mono_us.unsigned_abs() * 1_000);
        Arrival { media_us, mono, wall: Wall::from_micros(DAY + mono_us) }
    }

    #[test]
    fn a_burst_at_the_start_does_not_shift_the_run() {
        // Two seconds of pictures come within 0.1 s, the newest undelayed.
        let burst =
            [arrival(0, 5_000_000), arrival(1_000_000, 5_050_000), arrival(2_000_000, 5_100_000)];
        let map = WallMap::new(&burst, 0, None).expect("arrivals");
        assert_eq!(map.wall(2_000_000), Wall::from_micros(DAY + 5_100_000));
        assert_eq!(map.wall(0), Wall::from_micros(DAY + 3_100_000));
    }

    #[test]
    fn a_run_never_begins_before_what_is_recorded() {
        let not_before = Wall::from_micros(DAY + 9_000_000);
        let map = WallMap::new(&[arrival(0, 5_000_000)], 0, Some(not_before)).expect("an arrival");
        assert_eq!(map.wall(0), not_before);
    }

    #[test]
    fn a_stepped_wall_clock_ends_the_run_and_jitter_does_not() {
        let mut map = WallMap::new(&[arrival(0, 0)], 0, None).expect("an arrival");
        assert!(map.observe(arrival(1_000_000, 1_800_000)));
        let stepped = Arrival {
            wall: Wall::from_micros(DAY - 3_600_000_000),
            ..arrival(2_000_000, 2_000_000)
        };
        assert!(!map.observe(stepped));
    }

    proptest! {
        #[test]
        fn drift_is_followed_within_bounds(ppm in -50_i64..50, jitter in proptest::collection::vec(0_i64..30_000, 50)) {
            let mut map = WallMap::new(&[arrival(0, 1_000_000)], 0, None).expect("an arrival");
            // Fifty minutes, cut every minute.
            for (minute, late) in jitter.iter().enumerate() {
                let media = i64::try_from(minute).expect("small") * 60_000_000;
                let true_arrival = 1_000_000 + media + media * ppm / 1_000_000;
                prop_assert!(map.observe(arrival(media, true_arrival + late)));
                prop_assert!(map.observe(arrival(media, true_arrival)));
                let before = map.wall(0);
                map.correct(60_000_000);
                prop_assert!(map.wall(0).micros_since(before).abs() <= 4_980);
                let error = map.wall(media).micros_since(Wall::from_micros(DAY + true_arrival));
                prop_assert!(error.abs() <= 5_000, "minute {}: {} us", minute, error);
            }
        }
    }
}
