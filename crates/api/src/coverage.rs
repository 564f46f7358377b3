//! A camera's coverage: what is recorded, what is missing and why. Pure.

use base::Wall;
use catalog::{Gap, GapReason, Segment};
use serde::Serialize;
use utoipa::ToSchema;

/// Segments that lie closer than this touch.
const TOUCHING_MICROS: i64 = 500_000;

/// A span of the coverage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Span {
    /// From here.
    #[schema(value_type = String, format = DateTime)]
    pub start: Wall,
    /// To here.
    #[schema(value_type = String, format = DateTime)]
    pub end: Wall,
    /// `recorded` or `gap`.
    pub state: &'static str,
    /// Why there is no recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// The spans of `start..end` in order, without overlap. A segment that is still recorded reaches to
/// `now`, an open gap too. What neither covers is in no span.
#[must_use]
pub fn spans(
    segments: &[Segment],
    gaps: &[Gap],
    (start, end): (Wall, Wall),
    now: Wall,
) -> Vec<Span> {
    let end_of = |end: Option<Wall>| end.unwrap_or(now);
    let recorded = segments.iter().map(|segment| {
        (segment.new.start, end_of(segment.sealed.as_ref().map(|sealed| sealed.end)), None)
    });
    let missing = gaps.iter().map(|gap| (gap.start, end_of(gap.end), Some(gap.reason)));
    let mut all: Vec<(Wall, Wall, Option<GapReason>)> = recorded.chain(missing).collect();
    // What is recorded wins where both claim a moment.
    all.sort_by_key(|(start, _, reason)| (*start, reason.is_some()));
    let mut out: Vec<Span> = Vec::new();
    for (from, to, reason) in all {
        let covered = out.last().map_or(start, |last| last.end);
        let (from, to) = (from.max(covered), to.min(end));
        // Answers tell milliseconds: what begins and ends in the same one would be a span of nothing.
        let millis = |wall: Wall| wall.as_micros().div_euclid(1_000);
        if millis(from) >= millis(to) {
            continue;
        }
        let reason = reason.map(GapReason::as_str);
        match out.last_mut() {
            Some(last)
                if last.reason == reason && from.micros_since(last.end) <= TOUCHING_MICROS =>
            {
                last.end = to
            }
            _ => {
                let state = if reason.is_some() { "gap" } else { "recorded" };
                out.push(Span { start: from, end: to, state, reason });
            }
        }
    }
    out
}

/// Microseconds between the first and the last span that no span explains.
#[must_use]
pub fn unexplained_micros(spans: &[Span]) -> i64 {
    let holes = spans.windows(2).filter_map(|pair| match pair {
        [a, b] => Some(b.start.micros_since(a.end)),
        _ => None,
    });
    holes.filter(|hole| *hole > TOUCHING_MICROS).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::CameraId;
    use catalog::{NewSegment, Place, Sealed, SegmentId, SegmentState};
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
        }
    }

    fn gap(start: i64, end: Option<i64>) -> Gap {
        Gap { camera: camera(), start: at(start), end: end.map(at), reason: GapReason::CameraDown }
    }

    #[test]
    fn segments_that_touch_are_one_span_and_gaps_have_their_reason() {
        let segments = [segment(0, Some(10)), segment(10, Some(20)), segment(30, None)];
        let spans = spans(&segments, &[gap(20, Some(30))], (at(5), at(100)), at(40));
        let short: Vec<_> =
            spans.iter().map(|s| (s.start.as_secs(), s.end.as_secs(), s.reason)).collect();
        assert_eq!(short, [(5, 20, None), (20, 30, Some("camera_down")), (30, 40, None)]);
        assert_eq!(unexplained_micros(&spans), 0);
    }

    #[test]
    fn what_lies_within_a_millisecond_is_no_span() {
        let from = at(20).plus_micros(-300);
        let spans = spans(&[segment(20, Some(30))], &[gap(10, Some(20))], (from, at(30)), at(40));
        assert_eq!(spans.iter().map(|span| span.state).collect::<Vec<_>>(), ["gap", "recorded"]);
        let from = at(20).plus_micros(300);
        let spans = super::spans(
            &[segment(21, Some(30))],
            &[Gap { end: Some(from.plus_micros(400)), ..gap(20, None) }],
            (from, at(30)),
            at(40),
        );
        assert_eq!(spans.iter().map(|span| span.state).collect::<Vec<_>>(), ["recorded"]);
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
