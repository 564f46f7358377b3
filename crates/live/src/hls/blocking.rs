//! Which requests wait for what is not there yet, and which ask for too much. Pure.
//!
//! Sections are those of draft-pantos-hls-rfc8216bis.

use std::time::Duration;

/// How far a muxer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// There is something to play.
    pub(super) ready: bool,
    /// The stream has nothing that can be carried, and had nothing before.
    pub(super) refused: bool,
    /// Number of the segment that has not ended; those before it have.
    pub(super) next_segment: u64,
    /// Parts of the newest segment that has ended.
    pub(super) last_parts: u64,
    /// Parts so far of the segment that has not ended.
    pub(super) open_parts: u64,
    /// Number of the part that comes next.
    pub(super) next_part: u64,
    /// No part lasts longer.
    pub(super) part_target: Duration,
    /// Segments last this long.
    pub(super) target: Duration,
}

/// The playlist that a player asks for: one that has this (section 6.2.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Number of a segment (`_HLS_msn`).
    pub segment: u64,
    /// A part of it from 0 on (`_HLS_part`); `None`: all of it.
    pub part: Option<u64>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is answered.
    Now,
    /// It waits.
    Wait,
    /// It asks for what is too far ahead.
    TooFar,
}

/// How many segments ahead of the last one may be asked for.
const SEGMENTS_AHEAD: u64 = 2;
/// How much time ahead of the last part may be asked for.
const PARTS_AHEAD: Duration = Duration::from_secs(3);

impl Progress {
    /// What becomes of a request for a playlist.
    pub(super) fn playlist(&self, awaited: Awaited) -> Turn {
        let last = self.next_segment.checked_sub(1);
        // A part behind the last of a segment that has ended is the first of the next one.
        let is_behind_last = Some(awaited.segment) == last
            && awaited.part.is_some_and(|part| part >= self.last_parts);
        let (segment, part) = match is_behind_last {
            true => (self.next_segment, Some(0)),
            false => (awaited.segment, awaited.part),
        };
        if segment < self.next_segment {
            return Turn::Now;
        }
        // The last of the playlist is the one before `next_segment`.
        if segment > self.next_segment.saturating_add(SEGMENTS_AHEAD - 1) {
            return Turn::TooFar;
        }
        let Some(part) = part else { return Turn::Wait };
        let known = if segment == self.next_segment { self.open_parts } else { 0 };
        if part < known {
            Turn::Now
        } else if part - known > self.parts_ahead() {
            Turn::TooFar
        } else {
            Turn::Wait
        }
    }

    /// The advance part limit.
    fn parts_ahead(&self) -> u64 {
        let millis = self.part_target.as_millis().clamp(1, 1_000);
        u64::try_from(PARTS_AHEAD.as_millis() / millis).unwrap_or(0)
    }

    /// What becomes of a request for a part: only the next one is waited for, which playlists hint.
    pub(super) const fn part(&self, number: u64) -> Turn {
        if number < self.next_part {
            Turn::Now
        } else if number == self.next_part {
            Turn::Wait
        } else {
            Turn::TooFar
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(next_segment: u64, last_parts: u64, open_parts: u64) -> Progress {
        let part_target = Duration::from_millis(200);
        Progress { next_segment, last_parts, open_parts, part_target, ..Progress::default() }
    }

    fn turn(progress: Progress, segment: u64, part: Option<u64>) -> Turn {
        progress.playlist(Awaited { segment, part })
    }

    #[test]
    fn a_request_waits_for_the_next_part_and_for_the_end_of_a_segment() {
        let now = at(7, 5, 2);
        assert_eq!(turn(now, 7, Some(1)), Turn::Now);
        assert_eq!(turn(now, 7, Some(2)), Turn::Wait);
        assert_eq!(turn(now, 7, None), Turn::Wait);
        assert_eq!(turn(now, 6, None), Turn::Now);
        assert_eq!(turn(now, 8, None), Turn::Wait);
    }

    #[test]
    fn what_lies_behind_a_segment_that_ended_is_the_first_part_of_the_next() {
        assert_eq!(turn(at(7, 5, 0), 6, Some(5)), Turn::Wait);
        assert_eq!(turn(at(7, 5, 1), 6, Some(5)), Turn::Now);
        assert_eq!(turn(at(7, 5, 0), 6, Some(4)), Turn::Now);
    }

    #[test]
    fn more_than_two_segments_or_three_seconds_of_parts_ahead_is_refused() {
        let now = at(7, 5, 2);
        assert_eq!(turn(now, 9, None), Turn::TooFar);
        assert_eq!(turn(now, 7, Some(17)), Turn::Wait);
        assert_eq!(turn(now, 7, Some(18)), Turn::TooFar);
        assert_eq!((now.part(0), at(7, 5, 2).part(1)), (Turn::Wait, Turn::TooFar));
    }

    proptest! {
        /// Whatever is asked for: as the stream goes on, a request is answered once and stays so.
        #[test]
        fn what_is_answered_now_is_answered_later(
            next in 0_u64..20, last in 0_u64..8, open in 0_u64..8,
            segment in any::<u64>(), near in 0_u64..24, part in proptest::option::of(any::<u64>()),
            is_near: bool,
        ) {
            let segment = if is_near { near } else { segment };
            let before = turn(at(next, last, open), segment, part);
            let more = turn(at(next, last, open + 1), segment, part);
            let ended = turn(at(next + 1, open.max(1), 0), segment, part.map(|part| part % 8));
            if before == Turn::Now {
                prop_assert_eq!(more, Turn::Now);
                prop_assert!(part.is_some_and(|part| part >= 8) || segment >= next || ended == Turn::Now);
            }
            prop_assert!(before != Turn::Wait || more != Turn::TooFar);
            prop_assert!(segment < next.saturating_add(2) || before == Turn::TooFar);
        }
    }
}
