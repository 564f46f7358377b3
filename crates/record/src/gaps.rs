//! When a gap opens and closes, so that every second has a recording or a reason. Pure.

use base::Wall;
use catalog::GapReason;

/// Runs that end and begin within this touch: no gap is written between them.
const TOUCHING_MICROS: i64 = 500_000;

/// What to write to the ledger, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Open a gap, closing one of another reason.
    Open { start: Wall, reason: GapReason },
    /// Close the open gap.
    Close { end: Wall },
    /// Write a whole gap.
    Whole { start: Wall, end: Wall, reason: GapReason },
}

/// One camera's ledger as its recorder knows it.
#[derive(Debug)]
pub(crate) struct Gaps {
    open: Option<GapReason>,
    covered_until: Option<Wall>,
}

impl Gaps {
    /// A camera whose ledger ends with an open gap, `open`, at start.
    pub(crate) const fn new(open: Option<GapReason>, covered_until: Option<Wall>) -> Self {
        Self { open, covered_until }
    }

    /// The end of what is recorded: nothing may be placed before it.
    pub(crate) const fn covered_until(&self) -> Option<Wall> {
        self.covered_until
    }

    /// True while there is a gap.
    pub(crate) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// A segment begins. `reason` is what a hole since the last one is to be called when no gap is
    /// open.
    pub(crate) fn on_recording(&mut self, start: Wall, reason: GapReason) -> Option<Entry> {
        if self.open.take().is_some() {
            return Some(Entry::Close { end: start });
        }
        let end = self.covered_until?;
        let hole = start.micros_since(end) > TOUCHING_MICROS;
        hole.then_some(Entry::Whole { start: end, end: start, reason })
    }

    /// What is recorded reaches to `end` now.
    pub(crate) fn on_covered(&mut self, end: Wall) {
        self.covered_until = self.covered_until.max(Some(end));
    }

    /// There is no recording since the end of what is recorded, or since `now` where nothing is.
    pub(crate) fn on_lost(&mut self, now: Wall, reason: GapReason) -> Option<Entry> {
        if let Some(open) = self.open {
            // The same hole, better understood from now on.
            return (open != reason).then(|| {
                self.open = Some(reason);
                Entry::Open { start: now, reason }
            });
        }
        self.open = Some(reason);
        let start = self.covered_until.map_or(now, |end| end.min(now));
        Some(Entry::Open { start, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Wall {
        Wall::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_loss_opens_a_gap_at_the_end_of_the_recording_and_a_new_segment_closes_it() {
        let mut gaps = Gaps::new(None, None);
        assert_eq!(gaps.on_recording(at(0), GapReason::CameraDown), None);
        gaps.on_covered(at(10));
        let open = Entry::Open { start: at(10), reason: GapReason::CameraDown };
        assert_eq!(gaps.on_lost(at(12), GapReason::CameraDown), Some(open));
        assert_eq!(gaps.on_lost(at(13), GapReason::CameraDown), None);
        assert_eq!(
            gaps.on_recording(at(20), GapReason::CameraDown),
            Some(Entry::Close { end: at(20) })
        );
    }

    #[test]
    fn a_better_reason_splits_the_gap_from_when_it_is_known() {
        let mut gaps = Gaps::new(Some(GapReason::NodeFailed), Some(at(5)));
        let split = Entry::Open { start: at(8), reason: GapReason::Authentication };
        assert_eq!(gaps.on_lost(at(8), GapReason::Authentication), Some(split));
    }

    #[test]
    fn runs_that_touch_leave_no_gap_and_others_a_whole_one() {
        let mut gaps = Gaps::new(None, Some(at(5)));
        assert_eq!(gaps.on_recording(at(5), GapReason::Network), None);
        gaps.on_covered(at(9));
        let whole = Entry::Whole { start: at(9), end: at(12), reason: GapReason::Network };
        assert_eq!(gaps.on_recording(at(12), GapReason::Network), Some(whole));
    }
}
