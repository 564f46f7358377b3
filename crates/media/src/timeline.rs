//! A source's times made usable: decode times that only grow, and jumps told apart. Pure.

use crate::{Ticks, Timescale, Track};

/// What becomes of a unit's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Use this decode time.
    At(Ticks),
    /// The camera's clock jumped: begin a new description, then place it again.
    Jumped,
}

/// Within this a time that goes back is taken as reordering or a duplicate stamp.
const REORDER_MICROS: i64 = 1_000_000;
/// A step forward of more than this is a jump of the camera's clock: no camera is silent that long
/// without being lost.
const FORWARD_MICROS: i64 = 30_000_000;
/// Pictures that H.264 may hold back for reordering (annex A.3.1, `MaxDpbFrames`).
const DEPTH_MAX: usize = 16;
/// How long a picture lasts where the stream does not say: only the even spacing of the first few
/// of a stream with B-frames depends on it.
const PICTURE_MICROS: i64 = 40_000;

/// One track's times.
///
/// RTP tells when a picture is shown, not when it is decoded. With a reordering depth of `d` the
/// decode time of a picture is the show time that lies `d` places before the newest, in order of
/// showing: all that precede it are known by then (the inverse of the bumping process, ITU-T H.264
/// C.4.5.3). Decode times are moved up by `d` pictures, so that a stream begins at its first show time.
#[derive(Default)]
pub struct Timeline {
    last: Option<Ticks>,
    depth: usize,
    picture: Option<Ticks>,
    /// The newest show times, `depth + 1` at most, in order.
    newest: Vec<Ticks>,
    /// The latest show time.
    latest: Option<Ticks>,
}

impl Timeline {
    /// What the stream's parameters say: pictures held back for reordering, and how long one lasts.
    pub fn expect(&mut self, depth: u8, picture: Option<Ticks>) {
        self.depth = usize::from(depth).min(DEPTH_MAX);
        self.picture = picture;
        self.newest.clear();
    }

    /// [`Self::expect`] what the parameters of a track say.
    pub fn expect_track(&mut self, track: &Track) {
        let picture = track.parameters.frame_rate().map(|(scale, ticks)| {
            let micros = i64::from(ticks) * 1_000_000 / i64::from(scale.max(1));
            track.timescale.from_micros(micros)
        });
        self.expect(track.parameters.reorder_depth().unwrap_or(0), picture);
    }

    /// The decode time of a unit shown at `pts`, in the order of decoding; `key`: a decoder may start
    /// there. Without B-frames that is `pts` itself; a time that does not grow is moved one tick after
    /// its predecessor.
    pub fn place(&mut self, pts: Ticks, key: bool, scale: Timescale) -> Placed {
        let (Some(last), Some(latest)) = (self.last, self.latest) else {
            self.newest = vec![pts];
            (self.last, self.latest) = (Some(pts), Some(pts));
            return Placed::At(pts);
        };
        let step = scale.to_micros(pts - last);
        // All that is decoded before a key frame is shown before it (ITU-T H.264 8.2.1).
        let back = key && scale.to_micros(latest - pts) > PICTURE_MICROS;
        if back || !(-REORDER_MICROS..=FORWARD_MICROS).contains(&step) {
            self.restart();
            return Placed::Jumped;
        }
        self.latest = Some(latest.max(pts));
        let dts = self.decode_time(pts, scale).max(last + Ticks(1));
        self.last = Some(dts);
        Placed::At(dts)
    }

    /// The same for a unit whose source says when it is decoded.
    pub fn place_decoded(&mut self, dts: Ticks, scale: Timescale) -> Placed {
        let Some(last) = self.last else {
            self.last = Some(dts);
            return Placed::At(dts);
        };
        if !(-REORDER_MICROS..=FORWARD_MICROS).contains(&scale.to_micros(dts - last)) {
            self.restart();
            return Placed::Jumped;
        }
        let dts = dts.max(last + Ticks(1));
        self.last = Some(dts);
        Placed::At(dts)
    }

    fn decode_time(&mut self, pts: Ticks, scale: Timescale) -> Ticks {
        let is_full = self.newest.len() > self.depth;
        if is_full && self.newest.first().is_some_and(|oldest| pts < *oldest) {
            // It is shown before one whose turn to be decoded had come: the stream reorders deeper
            // than it said, or it said nothing.
            self.depth = (self.depth + 1).min(DEPTH_MAX);
        }
        let place = self.newest.partition_point(|known| *known <= pts);
        self.newest.insert(place, pts);
        let excess = self.newest.len().saturating_sub(self.depth + 1);
        self.newest.drain(..excess);
        let oldest = self.newest.first().copied().unwrap_or(pts);
        // Until enough show times are known, pictures are counted from the first.
        let known = i64::try_from(self.newest.len()).unwrap_or(1) - 1;
        let picture = self.picture.unwrap_or_else(|| scale.from_micros(PICTURE_MICROS));
        oldest + Ticks(picture.0.saturating_mul(known))
    }

    /// Forgets what came before, but not the parameters.
    pub fn restart(&mut self) {
        self.last = None;
        self.latest = None;
        self.newest.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn duplicate_stamps_still_grow_and_a_clock_set_back_is_a_jump() {
        let (mut timeline, scale) = (Timeline::default(), Timescale::VIDEO);
        assert_eq!(timeline.place(Ticks(0), true, scale), Placed::At(Ticks(0)));
        assert_eq!(timeline.place(Ticks(0), false, scale), Placed::At(Ticks(1)));
        let before = Ticks(-90_000 * 3_600);
        assert_eq!(timeline.place(before, false, scale), Placed::Jumped);
        assert_eq!(timeline.place(before, false, scale), Placed::At(before));
    }

    #[test]
    fn a_key_frame_that_is_shown_before_its_predecessors_is_a_jump_however_small() {
        let (mut timeline, scale) = (Timeline::default(), Timescale::VIDEO);
        for picture in 0..12 {
            timeline.place(Ticks(picture * 6_000), picture == 0, scale);
        }
        assert_eq!(timeline.place(Ticks(0), true, scale), Placed::Jumped);
    }

    fn place_all(timeline: &mut Timeline, shown: &[i64]) -> Vec<i64> {
        let mut place =
            |pts: &i64| match timeline.place(Ticks(pts * 3_600), false, Timescale::VIDEO) {
                Placed::At(dts) => dts.0,
                Placed::Jumped => -1,
            };
        shown.iter().map(&mut place).collect()
    }

    #[test]
    fn decode_times_of_reordered_pictures_are_evenly_spaced() {
        let even: Vec<i64> = (0..10).map(|n| n * 3_600).collect();
        let mut timeline = Timeline::default();
        timeline.expect(1, Some(Ticks(3_600)));
        assert_eq!(place_all(&mut timeline, &[0, 3, 1, 2, 6, 4, 5, 9, 7, 8]), even);
        // With pictures that are shown early and referred to: a pyramid.
        let mut timeline = Timeline::default();
        timeline.expect(2, Some(Ticks(3_600)));
        assert_eq!(place_all(&mut timeline, &[0, 4, 2, 1, 3, 8, 6, 5, 7, 9]), even);
    }

    #[test]
    fn a_depth_that_was_not_told_is_learnt() {
        let mut timeline = Timeline::default();
        let times = place_all(&mut timeline, &[0, 3, 1, 2, 6, 4, 5, 9, 7, 8]);
        assert!(times.iter().skip(5).zip(times.iter().skip(6)).all(|(a, b)| b - a == 3_600));
    }

    proptest! {
        #[test]
        fn decode_times_always_grow(depth in 0_u8..20, times in proptest::collection::vec(any::<i32>(), 1..100)) {
            let (mut timeline, mut last) = (Timeline::default(), None::<Ticks>);
            timeline.expect(depth, None);
            for time in times {
                match timeline.place(Ticks(i64::from(time)), time % 3 == 0, Timescale::VIDEO) {
                    Placed::At(dts) => {
                        if let Some(last) = last { prop_assert!(dts > last) }
                        last = Some(dts);
                    }
                    Placed::Jumped => last = None,
                }
            }
        }
    }
}
