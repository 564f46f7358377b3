//! Two clocks that must not be mixed: [`Mono`] for deadlines, [`Wall`] for people and file names.
//!
//! There is no conversion between them. Media time is a third kind and lives in the `media` room.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment of the monotonic clock, in nanoseconds since an arbitrary start of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(u64);

impl Mono {
    /// The moment `nanos` nanoseconds after the clock's start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time from `earlier` to `self`, zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Mono {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        let nanos = u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

/// A moment of the wall clock (UTC), in microseconds since 1970-01-01T00:00:00Z.
///
/// Prints and serialises as RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Wall(i64);

impl Wall {
    /// The latest moment that can be named: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The moment `micros` microseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded towards the past.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Microseconds from `earlier` to `self`; negative when `earlier` is later.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment moved by `micros` microseconds.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Reads RFC 3339 with any offset, or whole seconds since 1970 (both are accepted in queries).
    ///
    /// # Errors
    /// Says what was read when it is neither, or a year outside 0000 to 9999.
    pub fn parse(text: &str) -> Result<Self, WallParseError> {
        let bad = || WallParseError(text.chars().take(64).collect());
        if let Ok(secs) = text.parse::<i64>() {
            let micros = secs.checked_mul(1_000_000).ok_or_else(bad)?;
            return (micros.abs() <= Self::MAX.0).then_some(Self(micros)).ok_or_else(bad);
        }
        let stamp: jiff::Timestamp = text.parse().map_err(|_| bad())?;
        Ok(Self(stamp.as_microsecond()))
    }
}

/// A text that names no moment.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a time; write RFC 3339 such as 2025-01-15T14:00:00Z, or seconds since 1970")]
pub struct WallParseError(String);

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(stamp) => write!(f, "{stamp:.3}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

impl fmt::Debug for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Wall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Wall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Where time comes from. Rules take moments as arguments; only shells hold a clock.
pub trait Clock: Send + Sync + 'static {
    /// Now, for deadlines.
    fn mono(&self) -> Mono;
    /// Now, for people and file names.
    fn wall(&self) -> Wall;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn mono(&self) -> Mono {
        static START: OnceLock<Instant> = OnceLock::new();
        let elapsed = START.get_or_init(Instant::now).elapsed();
        Mono(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
    }

    fn wall(&self) -> Wall {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(Wall::MAX.0),
            Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(Wall::MAX.0),
        };
        Wall(micros)
    }
}

/// A clock that moves only when told to, for tests.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<Mutex<(Mono, Wall)>>);

impl ManualClock {
    /// A clock that stands at `wall`, its monotonic side at zero.
    #[must_use]
    pub fn at(wall: Wall) -> Self {
        Self(Arc::new(Mutex::new((Mono::default(), wall))))
    }

    /// Moves both sides forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock();
        now.0 = now.0 + by;
        now.1 = now.1.plus_micros(i64::try_from(by.as_micros()).unwrap_or(i64::MAX));
    }

    /// Steps the wall side alone, as an administrator or NTP does.
    pub fn step_wall(&self, to: Wall) {
        self.0.lock().1 = to;
    }
}

impl Clock for ManualClock {
    fn mono(&self) -> Mono {
        self.0.lock().0
    }
    fn wall(&self) -> Wall {
        self.0.lock().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_prints_milliseconds_in_utc_and_reads_itself_back() {
        let wall = Wall::from_micros(1_736_949_600_123_456);
        assert_eq!(wall.to_string(), "2025-01-15T14:00:00.123Z");
        assert_eq!(
            Wall::parse("2025-01-15T18:00:00.123+04:00"),
            Ok(Wall::from_micros(1_736_949_600_123_000))
        );
        assert_eq!(Wall::parse("1736949600"), Ok(Wall::from_micros(1_736_949_600_000_000)));
    }

    #[test]
    fn a_text_that_is_no_time_is_refused_with_the_remedy() {
        let err = Wall::parse("yesterday").expect_err("not a time");
        assert!(err.to_string().contains("RFC 3339"));
        assert!(Wall::parse("9223372036854775807").is_err());
    }

    #[test]
    fn mono_differences_never_go_below_zero() {
        let (a, b) = (Mono::from_nanos(5), Mono::from_nanos(9));
        assert_eq!(b.since(a), Duration::from_nanos(4));
        assert_eq!(a.since(b), Duration::ZERO);
    }
}
