//! What viewers saw: counted, never judged. Pure.

use base::Wall;
use media::h264::sei::Stamp;
use serde_json::{Value, json};

use super::histogram::Histogram;

/// Kinds of errors that are told in words.
const COMPLAINTS_MAX: usize = 8;

/// Sums over all viewers of a run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Viewers that have begun.
    pub viewers: u64,
    /// Of them, with a picture now.
    pub showing: u64,
    /// Pictures that came.
    pub frames: u64,
    /// Pictures that did not come, by the gaps in their numbers.
    pub lost: u64,
    /// Pictures that came a second time or in the wrong order.
    pub again: u64,
    /// Bytes of media.
    pub bytes: u64,
    /// How often a viewer had to begin anew.
    pub reconnects: u64,
    /// Viewers that did not get a picture so far.
    pub without_picture: u64,
    /// The longest time that any viewer stood still between two pictures, in microseconds; after a loss
    /// to the next key frame.
    pub longest_gap_us: i64,
    /// The viewer that lost most, by how many.
    pub worst_lost: u64,
    /// How far behind the end of the playlist the server wants a player, in seconds.
    pub hold_back_secs: f64,
    pub(super) latency: Histogram,
    pub(super) first_picture: Histogram,
    pub(super) newest: Histogram,
    complaints: Vec<(String, u64)>,
}

impl Tally {
    /// Why a viewer had to begin anew.
    pub(super) fn complain(&mut self, text: String) {
        if let Some((_, count)) = self.complaints.iter_mut().find(|(known, _)| *known == text) {
            *count += 1;
        } else if self.complaints.len() < COMPLAINTS_MAX {
            self.complaints.push((text, 1));
        }
    }

    /// A line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = format!(
            "{} of {} viewers, {} frames, {} lost, {} reconnects, latency p50 {:.1} p95 {:.1} p99 {:.1} max {:.1} ms, \
             first picture p50 {:.0} p95 {:.0} ms",
            self.showing,
            self.viewers,
            self.frames,
            self.lost,
            self.reconnects,
            self.latency.ms_at(500),
            self.latency.ms_at(950),
            self.latency.ms_at(990),
            self.latency.max_ms(),
            self.first_picture.ms_at(500),
            self.first_picture.ms_at(950),
        );
        if self.newest.count() > 0 {
            line.push_str(&format!(
                ", newest frame p50 {:.1} p95 {:.1} ms old, hold-back {:.2} s",
                self.newest.ms_at(500),
                self.newest.ms_at(950),
                self.hold_back_secs
            ));
        }
        for (text, count) in &self.complaints {
            line.push_str(&format!("; {count}x {text}"));
        }
        line
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let spread = |histogram: &Histogram| {
            json!({
                "count": histogram.count(), "p50": histogram.ms_at(500), "p95": histogram.ms_at(950),
                "p99": histogram.ms_at(990), "max": histogram.max_ms(),
            })
        };
        let complaints = self.complaints.iter();
        json!({
            "viewers": self.viewers,
            "showing": self.showing,
            "without_picture": self.without_picture,
            "frames": self.frames,
            "lost": self.lost,
            "worst_lost": self.worst_lost,
            "again": self.again,
            "bytes": self.bytes,
            "reconnects": self.reconnects,
            "longest_gap_ms": self.longest_gap_us / 1_000,
            "latency_ms": spread(&self.latency),
            "first_picture_ms": spread(&self.first_picture),
            "newest_frame_ms": spread(&self.newest),
            "hold_back_seconds": self.hold_back_secs,
            "errors": complaints.map(|(text, count)| json!({ "text": text, "count": count })).collect::<Vec<_>>(),
        })
    }
}

/// One viewer from its request on.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    asked: Wall,
    /// Latency counts from here on.
    settled: Wall,
    /// Of the last picture that came.
    number: Option<u32>,
    /// When the last good picture came.
    shown: Option<Wall>,
    shows: bool,
    /// A picture is missing: players show the next ones wrongly or not at all.
    is_torn: bool,
    lost: u64,
    frames: u64,
}

impl Sight {
    pub(super) const fn new(asked: Wall, settled: Wall) -> Self {
        Self {
            asked,
            settled,
            number: None,
            shown: None,
            shows: false,
            is_torn: false,
            lost: 0,
            frames: 0,
        }
    }

    pub(super) const fn shows(&self) -> bool {
        self.shows
    }

    pub(super) const fn frames(&self) -> u64 {
        self.frames
    }

    /// A whole picture has come.
    pub(super) fn frame(&mut self, now: Wall, key: bool, stamp: Option<Stamp>, tally: &mut Tally) {
        // Before a key frame a player shows nothing.
        if !self.shows && !key {
            return;
        }
        if !self.shows {
            self.shows = true;
            tally.showing += 1;
            tally.first_picture.add(now.micros_since(self.asked));
        }
        self.frames += 1;
        tally.frames += 1;
        if let (Some(before), Some(stamp)) = (self.number, stamp) {
            self.follow(before, stamp.frame, tally);
        }
        self.number = stamp.map(|stamp| stamp.frame);
        self.is_torn &= !key;
        if !self.is_torn
            && let Some(before) = self.shown.replace(now)
        {
            tally.longest_gap_us = tally.longest_gap_us.max(now.micros_since(before));
        }
        // What was sent before it was asked for came from a ring: its age is not the way's.
        if let Some(stamp) = stamp
            && stamp.wall > self.asked.max(self.settled)
        {
            tally.latency.add(now.micros_since(stamp.wall));
        }
    }

    fn follow(&mut self, before: u32, number: u32, tally: &mut Tally) {
        match number.wrapping_sub(before) {
            0 => tally.again += 1,
            1 => {}
            // A camera that began anew counts from 0; else the order is wrong.
            far if far > 1 << 31 => tally.again += u64::from(number > 100),
            far => {
                self.is_torn = true;
                self.lost += u64::from(far - 1);
                tally.lost += u64::from(far - 1);
                tally.worst_lost = tally.worst_lost.max(self.lost);
            }
        }
    }

    /// The viewer has gone, or must begin anew.
    pub(super) fn end(&self, tally: &mut Tally) {
        if self.shows {
            tally.showing = tally.showing.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Wall {
        Wall::from_micros(micros)
    }

    fn stamp(micros: i64, frame: u32) -> Option<Stamp> {
        Some(Stamp { wall: at(micros), frame })
    }

    #[test]
    fn a_player_shows_nothing_before_a_key_frame() {
        let (mut sight, mut tally) = (Sight::new(at(0), at(0)), Tally::default());
        sight.frame(at(10_000), false, stamp(9_000, 1), &mut tally);
        assert_eq!((tally.frames, tally.showing), (0, 0));
        sight.frame(at(20_000), true, stamp(19_000, 2), &mut tally);
        assert_eq!((tally.frames, tally.showing, tally.lost), (1, 1, 0));
        assert!((tally.first_picture.max_ms() - 20.0).abs() < 0.001);
        assert!((tally.latency.max_ms() - 1.0).abs() < 0.001);
        sight.end(&mut tally);
        assert_eq!(tally.showing, 0);
    }

    #[test]
    fn gaps_in_the_numbers_are_losses() {
        let (mut sight, mut tally) = (Sight::new(at(0), at(0)), Tally::default());
        for number in [u32::MAX, 0, 3, 3, 4] {
            sight.frame(at(1), true, stamp(1, number), &mut tally);
        }
        assert_eq!((tally.lost, tally.again, tally.worst_lost), (2, 1, 2));
        sight.frame(at(1), true, stamp(1, 0), &mut tally);
        assert_eq!((tally.lost, tally.again), (2, 1), "the camera began anew");
    }

    #[test]
    fn the_age_of_what_lay_in_a_ring_is_no_latency() {
        let (mut sight, mut tally) = (Sight::new(at(1_000), at(5_000)), Tally::default());
        sight.frame(at(1_100), true, stamp(500, 1), &mut tally);
        sight.frame(at(2_100), true, stamp(2_000, 2), &mut tally);
        assert_eq!(
            tally.latency.count(),
            0,
            "one was in the ring, one came before all had settled"
        );
        sight.frame(at(6_100), true, stamp(6_000, 3), &mut tally);
        assert_eq!(tally.latency.count(), 1);
        assert_eq!(tally.longest_gap_us, 4_000);
    }
}
