//! What a stream really is: rates measured over a few seconds of media. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use base::Mono;

const WINDOW: Duration = Duration::from_secs(10);
/// Frames that are remembered; a camera of more than 100 frames a second is measured over less.
const FRAMES_MAX: usize = 1_000;

/// Measures one video track by arrivals.
#[derive(Default)]
pub(crate) struct Meter {
    frames: VecDeque<(Mono, usize)>,
    bytes: usize,
    last_key: Option<Mono>,
    key_interval: Option<Duration>,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rates {
    pub(crate) fps: f64,
    pub(crate) bitrate: u64,
    pub(crate) key_frame_interval: f64,
}

impl Meter {
    pub(crate) fn on_frame(&mut self, at: Mono, bytes: usize, key: bool) {
        self.bytes += bytes;
        self.frames.push_back((at, bytes));
        while self.frames.len() > FRAMES_MAX
            || self.oldest().is_some_and(|old| at.since(old) > WINDOW)
        {
            if let Some((_, bytes)) = self.frames.pop_front() {
                self.bytes -= bytes;
            }
        }
        if key {
            self.key_interval = self.last_key.map(|last| at.since(last));
            self.last_key = Some(at);
        }
    }

    fn oldest(&self) -> Option<Mono> {
        self.frames.front().map(|(at, _)| *at)
    }

    pub(crate) fn rates(&self) -> Rates {
        let newest = self.frames.back().map(|(at, _)| *at);
        let (Some(oldest), Some(newest)) = (self.oldest(), newest) else { return Rates::default() };
        let seconds = newest.since(oldest).as_secs_f64();
        if seconds < 0.5 {
            return Rates::default();
        }
        let intervals = u32::try_from(self.frames.len() - 1).map_or(0.0, f64::from);
        // The oldest frame opens the window and its bytes lie before it.
        let bytes = self.bytes - self.frames.front().map_or(0, |(_, bytes)| *bytes);
        let micros = newest.since(oldest).as_micros().max(1);
        Rates {
            fps: round_to(intervals / seconds, 100.0),
            bitrate: u64::try_from(bytes as u128 * 8_000_000 / micros).unwrap_or(u64::MAX),
            key_frame_interval: round_to(self.key_interval.map_or(0.0, |d| d.as_secs_f64()), 100.0),
        }
    }
}

fn round_to(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_frames_a_second_of_four_kilobytes_are_measured_as_such() {
        let mut meter = Meter::default();
        for n in 0..300_u64 {
            meter.on_frame(Mono::from_nanos(n * 1_000_000_000 / 15), 4_000, n % 30 == 0);
        }
        let rates = meter.rates();
        assert!((rates.fps - 15.0).abs() < 0.1, "{rates:?}");
        assert!((rates.key_frame_interval - 2.0).abs() < 0.01, "{rates:?}");
        assert!(rates.bitrate.abs_diff(480_000) < 5_000, "{rates:?}");
    }
}
