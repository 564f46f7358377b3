//! A source's times made usable: decode times that only grow, and jumps told apart. Pure.

use media::{Ticks, Timescale};

/// What becomes of a unit's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
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

/// One track's times.
#[derive(Default)]
pub(crate) struct Timeline {
    last: Option<Ticks>,
}

impl Timeline {
    /// The decode time of a unit shown at `pts`, in the order of decoding. Without B-frames that
    /// is `pts` itself; a time that does not grow is moved one tick after its predecessor.
    pub(crate) fn place(&mut self, pts: Ticks, scale: Timescale) -> Placed {
        let Some(last) = self.last else {
            self.last = Some(pts);
            return Placed::At(pts);
        };
        let step = scale.to_micros(pts - last);
        if !(-REORDER_MICROS..=FORWARD_MICROS).contains(&step) {
            self.last = None;
            return Placed::Jumped;
        }
        let dts = pts.max(last + Ticks(1));
        self.last = Some(dts);
        Placed::At(dts)
    }

    /// Forgets what came before.
    pub(crate) fn restart(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn duplicate_stamps_still_grow_and_a_clock_set_back_is_a_jump() {
        let (mut timeline, scale) = (Timeline::default(), Timescale::VIDEO);
        assert_eq!(timeline.place(Ticks(0), scale), Placed::At(Ticks(0)));
        assert_eq!(timeline.place(Ticks(0), scale), Placed::At(Ticks(1)));
        assert_eq!(timeline.place(Ticks(-90_000 * 3_600), scale), Placed::Jumped);
        assert_eq!(
            timeline.place(Ticks(-90_000 * 3_600), scale),
            Placed::At(Ticks(-90_000 * 3_600))
        );
    }

    proptest! {
        #[test]
        fn decode_times_always_grow(times in proptest::collection::vec(any::<i32>(), 1..100)) {
            let (mut timeline, mut last) = (Timeline::default(), None::<Ticks>);
            for time in times {
                match timeline.place(Ticks(i64::from(time)), Timescale::VIDEO) {
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
