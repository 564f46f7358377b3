//! Durations as the control API writes them: `200ms`, `1h0m0s`, `1d`. Pure.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DAY_MICROS: u64 = 86_400_000_000;
/// Longer ones are nobody's.
const MICROS_MAX: u64 = 36_500 * DAY_MICROS;

/// A duration, to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(Duration);

impl Span {
    /// A duration as a span.
    #[must_use]
    pub const fn new(duration: Duration) -> Self {
        Self(duration)
    }

    /// As a duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Reads numbers with units (`ns us ms s m h d`) in a row, or `0`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "0" {
            return Some(Self(Duration::ZERO));
        }
        let (mut rest, mut nanos) = (text, 0_u128);
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, tail) = rest.split_at(digits);
            let unit_len =
                tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, after) = tail.split_at(unit_len);
            nanos = nanos.checked_add(scaled(number, unit)?)?;
            rest = after;
        }
        let micros = u64::try_from(nanos / 1_000).ok().filter(|micros| *micros <= MICROS_MAX)?;
        (!text.is_empty()).then_some(Self(Duration::from_micros(micros)))
    }
}

/// `number` of a unit in nanoseconds, with up to nine decimals.
fn scaled(number: &str, unit: &str) -> Option<u128> {
    let factor: u128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if number.is_empty() || number == "." || part.len() > 9 || whole.len() > 15 {
        return None;
    }
    let read = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<u128>().ok() };
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    Some(read(whole)? * factor + read(part)? * factor / scale)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = u64::try_from(self.0.as_micros()).unwrap_or(MICROS_MAX);
        let (days, rest) = (micros / DAY_MICROS, micros % DAY_MICROS);
        if days > 0 {
            write!(f, "{days}d")?;
        }
        let (seconds, part) = (rest / 1_000_000, rest % 1_000_000);
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        match rest {
            0 if days > 0 => Ok(()),
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{rest}µs"),
            1_000..1_000_000 => write!(f, "{}ms", decimal(rest / 1_000, rest % 1_000, 3)),
            _ => {
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if seconds >= 60 {
                    write!(f, "{minutes}m")?;
                }
                write!(f, "{}s", decimal(seconds % 60, part, 6))
            }
        }
    }
}

fn decimal(whole: u64, part: u64, digits: usize) -> String {
    let text = format!("{whole}.{part:0digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a duration"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_written_as_clients_know_them() {
        for text in ["0s", "200ms", "1.5ms", "10µs", "10s", "1m0s", "1h0m0s", "1h0m0.5s", "1d"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        for (text, shown) in [("0", "0s"), ("90s", "1m30s"), ("24h", "1d"), ("1d1h", "1d1h0m0s")] {
            assert_eq!(Span::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "5", "1x", "s", "1s2", "-1s", "1.5", "99999999999d", ".s", "1..2s"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(micros in 0..MICROS_MAX) {
            let span = Span::new(Duration::from_micros(micros));
            prop_assert_eq!(Span::parse(&span.to_string()), Some(span));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Span::parse(&text);
        }
    }
}
