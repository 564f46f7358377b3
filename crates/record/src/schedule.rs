//! Weekly hours of recording, in a camera's time zone. Pure.

use base::Wall;
use jiff::civil::Weekday;
use jiff::{Timestamp, tz::TimeZone};

const MINUTES_A_DAY: u16 = 24 * 60;
/// Days as they are written, from Monday.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Spans of one day that are kept apart.
const SPANS_MAX: usize = 48;

/// What is wrong with a schedule as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Not a day's name.
    #[error("`{0}` is not a day; write mon, tue, wed, thu, fri, sat or sun")]
    Day(String),
    /// Not a span of a day.
    #[error("`{0}` is not a span of a day; write 08:00-18:00")]
    Span(String),
    /// Not a time zone.
    #[error("`{0}` is not a time zone; write one such as Asia/Dubai or UTC")]
    Zone(String),
}

/// When a camera is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    zone: TimeZone,
    /// Minutes since midnight, from and to, by weekday from Monday.
    days: [Vec<(u16, u16)>; 7],
}

impl Schedule {
    /// Reads spans by day: `("mon", "08:00-18:00")`. A span that ends before it begins goes on past
    /// midnight; `00:00-24:00` is the whole day.
    ///
    /// # Errors
    /// For the first day, span or zone that cannot be read.
    pub fn new<'a>(
        zone: &str,
        spans: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ScheduleError> {
        let zone = TimeZone::get(zone).map_err(|_| ScheduleError::Zone(zone.to_owned()))?;
        let mut days: [Vec<(u16, u16)>; 7] = Default::default();
        for (day, span) in spans {
            let wrong = || ScheduleError::Span(span.to_owned());
            let index = DAYS.iter().position(|known| day.eq_ignore_ascii_case(known));
            let index = index.ok_or_else(|| ScheduleError::Day(day.to_owned()))?;
            let (from, to) = parse_span(span).ok_or_else(wrong)?;
            let mut add = |index: usize, span| {
                let Some(spans) = days.get_mut(index % 7) else { return Err(wrong()) };
                spans.push(span);
                if spans.len() > SPANS_MAX { Err(wrong()) } else { Ok(()) }
            };
            if from < to {
                add(index, (from, to))?;
            } else {
                add(index, (from, MINUTES_A_DAY))?;
                add(index + 1, (0, to))?;
            }
        }
        Ok(Self { zone, days })
    }

    /// True when a moment is within its hours. Hours are those of clocks on the wall: in a night that has
    /// an hour twice it is recorded twice, one that is left out is not recorded.
    #[must_use]
    pub fn is_on(&self, at: Wall) -> bool {
        let Ok(timestamp) = Timestamp::from_microsecond(at.as_micros()) else { return false };
        let local = self.zone.to_datetime(timestamp);
        let minute =
            u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let day = match local.weekday() {
            Weekday::Monday => 0,
            Weekday::Tuesday => 1,
            Weekday::Wednesday => 2,
            Weekday::Thursday => 3,
            Weekday::Friday => 4,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        };
        let spans = self.days.get(day).map(Vec::as_slice).unwrap_or_default();
        spans.iter().any(|(from, to)| (*from..*to).contains(&minute))
    }
}

fn parse_span(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (parse_minute(from)?, parse_minute(to)?);
    (from < MINUTES_A_DAY && from != to).then_some((from, to))
}

fn parse_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let plain = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(hour) || !plain(minute) {
        return None;
    }
    let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
    let of_day = hour * 60 + minute;
    (minute < 60 && of_day <= MINUTES_A_DAY).then_some(of_day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Wall {
        Wall::from_micros(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn hours_are_those_of_the_time_zone() {
        let schedule = Schedule::new("Asia/Dubai", [("mon", "08:00-18:00")]).unwrap();
        // 2026-11-23 is a Monday; Dubai is four hours ahead of UTC.
        assert!(!schedule.is_on(at("2026-11-23T03:59:59Z")));
        assert!(schedule.is_on(at("2026-11-23T04:00:00Z")));
        assert!(!schedule.is_on(at("2026-11-23T14:00:00Z")));
        assert!(!schedule.is_on(at("2026-11-24T05:00:00Z")));
    }

    #[test]
    fn a_span_past_midnight_goes_on_the_next_day_and_sunday_is_followed_by_monday() {
        let schedule = Schedule::new("UTC", [("sun", "22:00-06:00")]).unwrap();
        assert!(schedule.is_on(at("2026-11-22T23:00:00Z")));
        assert!(schedule.is_on(at("2026-11-23T05:59:00Z")));
        assert!(!schedule.is_on(at("2026-11-23T06:00:00Z")));
        assert!(!schedule.is_on(at("2026-11-22T05:00:00Z")));
    }

    #[test]
    fn the_hour_that_summer_time_repeats_is_recorded_twice() {
        let schedule = Schedule::new("Europe/Berlin", [("sun", "02:00-03:00")]).unwrap();
        // On 2026-10-25 clocks go back from 03:00 to 02:00.
        assert!(
            schedule.is_on(at("2026-10-25T00:30:00Z"))
                && schedule.is_on(at("2026-10-25T01:30:00Z"))
        );
        assert!(!schedule.is_on(at("2026-10-25T02:00:00Z")));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let read = |day, span| Schedule::new("UTC", [(day, span)]).unwrap_err();
        assert_eq!(read("day", "08:00-18:00"), ScheduleError::Day("day".into()));
        assert_eq!(read("mon", "8-18"), ScheduleError::Span("8-18".into()));
        assert_eq!(read("mon", "08:00-24:01"), ScheduleError::Span("08:00-24:01".into()));
        assert!(matches!(Schedule::new("Mars/Base", []), Err(ScheduleError::Zone(_))));
    }

    proptest! {
        #[test]
        fn any_text_is_a_schedule_or_an_error(day in "[a-z]{0,4}", span in "[0-9:-]{0,12}", micros: i64) {
            if let Ok(schedule) = Schedule::new("UTC", [(day.as_str(), span.as_str())]) {
                let _ = schedule.is_on(Wall::from_micros(micros));
            }
        }
    }
}
