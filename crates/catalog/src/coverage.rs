//! A camera's coverage: what is recorded, what is missing and why. Pure.

use std::collections::BTreeMap;

use base::Wall;

use crate::{Gap, GapReason, Rule, Segment, SegmentState};

/// Segments that lie closer than this touch.
const TOUCHING_MICROS: i64 = 500_000;

/// Why there is no recording in a span.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The reason.
    pub reason: GapReason,
    /// By which rule it was removed.
    pub rule: Option<Rule>,
    /// By whom it was removed.
    pub by: Option<String>,
}

impl Missing {
    const fn because(reason: GapReason) -> Self {
        Self { reason, rule: None, by: None }
    }

    /// What a removed segment leaves; `None` for one that can still be read.
    fn of(segment: &Segment) -> Option<Self> {
        if segment.state != SegmentState::Removed {
            return None;
        }
        let Some(removal) = &segment.removal else {
            return Some(Self::because(GapReason::Retention));
        };
        let reason = match removal.rule {
            Rule::Person => GapReason::Removed,
            Rule::Lost => GapReason::Disk,
            _ => GapReason::Retention,
        };
        Some(Self { reason, rule: Some(removal.rule), by: removal.by.clone() })
    }
}

/// A span of the coverage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// From here.
    pub start: Wall,
    /// To here.
    pub end: Wall,
    /// Why there is no recording; `None` where there is one.
    pub missing: Option<Missing>,
}

impl Span {
    /// Its length in microseconds.
    #[must_use]
    pub const fn micros(&self) -> i64 {
        self.end.micros_since(self.start)
    }
}

/// The spans of `start..end` in order, without overlap. A segment that is not sealed reaches to the
/// next gap, else to `now`; an open gap to `now`. What neither covers is in no span.
#[must_use]
pub fn spans(
    segments: &[Segment],
    gaps: &[Gap],
    (start, end): (Wall, Wall),
    now: Wall,
) -> Vec<Span> {
    let end_of = |end: Option<Wall>| end.unwrap_or(now);
    let gap_after = |start: Wall| gaps.iter().map(|gap| gap.start).filter(|gap| *gap > start).min();
    let recorded = segments.iter().map(|segment| {
        let sealed = segment.sealed.as_ref().map(|sealed| sealed.end);
        // One whose end a disk that is away has not taken yet is not what is being recorded now.
        let end = sealed.or_else(|| gap_after(segment.new.start)).unwrap_or(now);
        let missing = Missing::of(segment);
        (segment.new.start, u8::from(missing.is_some()), end, missing)
    });
    let missing =
        gaps.iter().map(|gap| (gap.start, 2, end_of(gap.end), Some(Missing::because(gap.reason))));
    let mut all: Vec<(Wall, u8, Wall, Option<Missing>)> = recorded.chain(missing).collect();
    // What is recorded wins where both claim a moment, then what was.
    all.sort_by_key(|(start, rank, ..)| (*start, *rank));
    let mut out: Vec<Span> = Vec::new();
    for (from, _, to, missing) in all {
        let covered = out.last().map_or(start, |last| last.end);
        let (from, to) = (from.max(covered), to.min(end));
        // Answers tell milliseconds: what begins and ends in the same one would be a span of nothing.
        let millis = |wall: Wall| wall.as_micros().div_euclid(1_000);
        if millis(from) >= millis(to) {
            continue;
        }
        match out.last_mut() {
            Some(last)
                if last.missing == missing && from.micros_since(last.end) <= TOUCHING_MICROS =>
            {
                last.end = to
            }
            _ => out.push(Span { start: from, end: to, missing }),
        }
    }
    out
}

/// The holes that nothing explains, between the spans and from `from` and to `to` where these are
/// given: moments from and until which something must be known.
#[must_use]
pub fn holes(spans: &[Span], from: Option<Wall>, to: Option<Wall>) -> Vec<(Wall, Wall)> {
    let Some((first, last)) = spans.first().zip(spans.last()) else {
        return from.zip(to).filter(|(from, to)| is_hole(*from, *to)).into_iter().collect();
    };
    let between = spans.windows(2).filter_map(|pair| match pair {
        [a, b] => Some((a.end, b.start)),
        _ => None,
    });
    let head = from.map(|from| (from, first.start));
    let tail = to.map(|to| (last.end, to));
    head.into_iter().chain(between).chain(tail).filter(|(from, to)| is_hole(*from, *to)).collect()
}

fn is_hole(from: Wall, to: Wall) -> bool {
    to.micros_since(from) > TOUCHING_MICROS
}

/// Microseconds between the first and the last span that no span explains.
#[must_use]
pub fn unexplained_micros(spans: &[Span]) -> i64 {
    holes(spans, None, None).iter().map(|(from, to)| to.micros_since(*from)).sum()
}

/// A coverage in numbers, all in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// From the first to the last span.
    pub known: i64,
    /// Recorded.
    pub recorded: i64,
    /// Missing, by reason.
    pub missing: BTreeMap<GapReason, i64>,
    /// What nothing explains.
    pub unexplained: i64,
}

/// Adds spans up. Recorded, missing and unexplained make `known`, but for the split seconds between
/// segments that touch: these count as recorded.
#[must_use]
pub fn summary(spans: &[Span]) -> Summary {
    let mut sum = Summary { unexplained: unexplained_micros(spans), ..Summary::default() };
    if let Some((first, last)) = spans.first().zip(spans.last()) {
        sum.known = last.end.micros_since(first.start);
    }
    for span in spans {
        if let Some(missing) = &span.missing {
            *sum.missing.entry(missing.reason).or_default() += span.micros();
        }
    }
    sum.recorded = sum.known - sum.unexplained - sum.missing.values().sum::<i64>();
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NewSegment, Place, Removal, Sealed, SegmentId};
    use base::CameraId;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Wall {
        Wall::from_micros(seconds * 1_000_000)
    }

    fn camera() -> CameraId {
        CameraId::new("cam").expect("a slug")
    }

    fn segment(start: i64, end: Option<i64>) -> Segment {
        let new = NewSegment {
            camera: camera(),
            stream: camera().main_path(),
            path: String::new(),
            start: at(start),
            format: "fmp4".into(),
            codecs: String::new(),
        };
        let sealed =
            end.map(|end| Sealed { end: at(end), duration_us: 0, bytes: 0, sha256: [0; 32] });
        Segment {
            id: SegmentId(start),
            new,
            sealed,
            state: SegmentState::Created,
            place: Place::Local,
            removal: None,
        }
    }

    fn gap(start: i64, end: Option<i64>) -> Gap {
        Gap { camera: camera(), start: at(start), end: end.map(at), reason: GapReason::CameraDown }
    }

    fn reason(span: &Span) -> Option<GapReason> {
        span.missing.as_ref().map(|missing| missing.reason)
    }

    fn removed(rule: Rule, by: Option<&str>) -> Segment {
        let removal = Removal { rule, at: at(50), by: by.map(str::to_owned) };
        let (state, place) = (SegmentState::Removed, Place::None);
        Segment { state, place, removal: Some(removal), ..segment(10, Some(20)) }
    }

    #[test]
    fn a_removed_segment_is_a_gap_that_says_by_which_rule_or_whom() {
        let missing = |segment: Segment| {
            let spans = spans(&[segment], &[], (at(0), at(100)), at(60));
            spans.first().and_then(|span| span.missing.clone())
        };
        let by_rule = missing(removed(Rule::MaxAge, None)).expect("a gap");
        assert_eq!((by_rule.reason, by_rule.rule), (GapReason::Retention, Some(Rule::MaxAge)));
        let by_person = missing(removed(Rule::Person, Some("amal"))).expect("a gap");
        assert_eq!((by_person.reason, by_person.by.as_deref()), (GapReason::Removed, Some("amal")));
        assert_eq!(missing(removed(Rule::Lost, None)).map(|m| m.reason), Some(GapReason::Disk));
        let cleaned = Segment { state: SegmentState::Cleaned, ..removed(Rule::MinFree, None) };
        assert_eq!(missing(cleaned), None, "archived footage is still there");
    }

    #[test]
    fn a_summary_adds_up_to_what_is_known() {
        let segments = [segment(0, Some(10)), removed(Rule::MaxAge, None), segment(40, Some(50))];
        let spans = spans(&segments, &[gap(20, Some(30))], (at(-5), at(100)), at(60));
        let sum = summary(&spans);
        assert_eq!(
            (sum.known, sum.recorded, sum.unexplained),
            (50_000_000, 20_000_000, 10_000_000)
        );
        assert_eq!(sum.missing.get(&GapReason::Retention), Some(&10_000_000));
        assert_eq!(sum.missing.get(&GapReason::CameraDown), Some(&10_000_000));
    }

    #[test]
    fn holes_reach_to_the_moments_that_must_be_known() {
        let spans = spans(&[segment(10, Some(20))], &[], (at(0), at(100)), at(60));
        assert!(holes(&spans, None, None).is_empty());
        assert_eq!(holes(&spans, Some(at(5)), Some(at(30))), [(at(5), at(10)), (at(20), at(30))]);
        assert_eq!(holes(&[], Some(at(5)), Some(at(30))), [(at(5), at(30))]);
    }

    #[test]
    fn segments_that_touch_are_one_span_and_gaps_have_their_reason() {
        let segments = [segment(0, Some(10)), segment(10, Some(20)), segment(30, None)];
        let spans = spans(&segments, &[gap(20, Some(30))], (at(5), at(100)), at(40));
        let short: Vec<_> =
            spans.iter().map(|s| (s.start.as_secs(), s.end.as_secs(), reason(s))).collect();
        let down = Some(GapReason::CameraDown);
        assert_eq!(short, [(5, 20, None), (20, 30, down), (30, 40, None)]);
        assert_eq!(unexplained_micros(&spans), 0);
    }

    #[test]
    fn what_lies_within_a_millisecond_is_no_span() {
        let from = at(20).plus_micros(-300);
        let spans = spans(&[segment(20, Some(30))], &[gap(10, Some(20))], (from, at(30)), at(40));
        assert_eq!(
            spans.iter().map(reason).collect::<Vec<_>>(),
            [Some(GapReason::CameraDown), None]
        );
        let from = at(20).plus_micros(300);
        let spans = super::spans(
            &[segment(21, Some(30))],
            &[Gap { end: Some(from.plus_micros(400)), ..gap(20, None) }],
            (from, at(30)),
            at(40),
        );
        assert_eq!(spans.iter().map(reason).collect::<Vec<_>>(), [None]);
    }

    proptest! {
        #[test]
        fn spans_are_in_order_without_overlap_and_within_the_range(
            parts in proptest::collection::vec((0_i64..100, 0_i64..30, any::<bool>()), 0..20),
            from in 0_i64..100, len in 1_i64..100,
        ) {
            let of = |wanted: bool| parts.iter().filter(move |part| part.2 == wanted);
            let segments: Vec<_> = of(true).map(|(start, len, _)| segment(*start, Some(start + len))).collect();
            let gaps: Vec<_> = of(false).map(|(start, len, _)| gap(*start, Some(start + len))).collect();
            let range = (at(from), at(from + len));
            let spans = spans(&segments, &gaps, range, at(1_000));
            for span in &spans {
                prop_assert!(span.start < span.end && span.start >= range.0 && span.end <= range.1);
            }
            for pair in spans.windows(2) {
                if let [a, b] = pair { prop_assert!(a.end <= b.start) }
            }
        }
    }
}
