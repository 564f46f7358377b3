//! The one curve by which anything is tried again: doubling, bounded, with jitter.

use std::time::Duration;

/// Exponential back-off with full-range jitter: try `n` waits between half of and the whole of
/// `min(first * 2^n, max)`, so that a thousand cameras behind one switch do not come back in step.
///
/// Source of the shape: "equal jitter", M. Brooker, *Exponential Backoff And Jitter*, 2015.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    tries: u32,
}

impl Backoff {
    /// A curve from `first` to `max`.
    #[must_use]
    pub const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, tries: 0 }
    }

    /// How long to wait before the next try, and counts that try.
    pub fn next_delay(&mut self) -> Duration {
        self.next_delay_with(fastrand::f64())
    }

    /// [`Self::next_delay`] with the randomness given, in `0.0..1.0`.
    pub fn next_delay_with(&mut self, random: f64) -> Duration {
        let factor = 1_u32.checked_shl(self.tries.min(31)).unwrap_or(u32::MAX);
        let ceiling = self.first.saturating_mul(factor).min(self.max);
        self.tries = self.tries.saturating_add(1);
        ceiling.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }

    /// Starts over after a success.
    pub const fn reset(&mut self) {
        self.tries = 0;
    }

    /// Tries since the last [`Self::reset`].
    #[must_use]
    pub const fn tries(&self) -> u32 {
        self.tries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn delays_double_until_the_bound_and_start_over_after_reset() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        let delays: Vec<u64> = (0..7).map(|_| backoff.next_delay_with(1.0).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30]);
        backoff.reset();
        assert_eq!(backoff.next_delay_with(1.0), Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn jitter_stays_between_half_and_whole(random in 0.0_f64..1.0, tries in 0_u32..80) {
            let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
            for _ in 0..tries { backoff.next_delay_with(0.0); }
            let delay = backoff.next_delay_with(random);
            prop_assert!(delay >= Duration::from_millis(500) && delay <= Duration::from_secs(30));
        }
    }
}
