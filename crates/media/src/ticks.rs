//! Media time: counts at a track's timescale, never mixed with the clocks of `base`.

use std::num::NonZeroU32;
use std::ops::{Add, Sub};

/// A media time or a media duration, in units of the track's [`Timescale`]; it may be negative.
///
/// RTP's 32 bits are unwrapped once on entry, so that a `Ticks` never wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticks(pub i64);

impl Add for Ticks {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl Sub for Ticks {
    type Output = Self;
    fn sub(self, rhs: Self) -> Self {
        Self(self.0.saturating_sub(rhs.0))
    }
}

/// Ticks in a second: 90,000 for video over RTP, the sampling rate for audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timescale(NonZeroU32);

impl Timescale {
    /// 90 kHz, RFC 3551 section 5 and every video payload format.
    pub const VIDEO: Self = Self(NonZeroU32::new(90_000).expect("90,000 is not zero"));

    /// A timescale of `hz` ticks a second.
    #[must_use]
    pub const fn new(hz: NonZeroU32) -> Self {
        Self(hz)
    }

    /// Ticks in a second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0.get()
    }

    /// `ticks` as microseconds, rounded towards the past; saturates at the ends of `i64`.
    #[must_use]
    pub fn to_micros(self, ticks: Ticks) -> i64 {
        clamp((i128::from(ticks.0) * 1_000_000).div_euclid(i128::from(self.hz())))
    }

    /// `micros` microseconds as ticks, rounded to the nearest; saturates at the ends of `i64`.
    #[must_use]
    pub fn from_micros(self, micros: i64) -> Ticks {
        let hz = i128::from(self.hz());
        Ticks(clamp((i128::from(micros) * hz + 500_000).div_euclid(1_000_000)))
    }

    /// `ticks` of this scale counted in `other`, rounded to the nearest.
    #[must_use]
    pub fn rescale(self, ticks: Ticks, other: Self) -> Ticks {
        let (from, to) = (i128::from(self.hz()), i128::from(other.hz()));
        Ticks(clamp((i128::from(ticks.0) * to + from / 2).div_euclid(from)))
    }
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn microseconds_and_back_lose_at_most_one_tick(ticks in -1_i64 << 40..1_i64 << 40, hz in 1_u32..200_000) {
            let scale = Timescale::new(NonZeroU32::new(hz).expect("not zero"));
            let back = scale.from_micros(scale.to_micros(Ticks(ticks)));
            prop_assert!((back.0 - ticks).abs() <= 1);
        }

        #[test]
        fn no_value_panics(ticks in any::<i64>(), hz in 1_u32.., to in 1_u32..) {
            let scale = Timescale::new(NonZeroU32::new(hz).expect("not zero"));
            let other = Timescale::new(NonZeroU32::new(to).expect("not zero"));
            let _ = (scale.to_micros(Ticks(ticks)), scale.from_micros(ticks), scale.rescale(Ticks(ticks), other));
        }
    }
}
