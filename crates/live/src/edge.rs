//! The live edge: where a new reader stands after the group that it gets at once. Pure.
//!
//! A player shows pictures at their times. Those of the group since the last key frame are squeezed into
//! the last tenth of a second before the newest one, so that a player catches up at once instead of
//! staying up to a group behind. Sound from before that tenth is left out.

use media::{AccessUnit, Ticks, Timescale, TrackId, Tracks};

/// Into how much time before the newest picture the group is squeezed.
const SQUEEZED_MICROS: i64 = 100_000;

/// Where a reader's first group lies, and where it is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    /// Times of the first and the newest unit of the leading track that were there at the start,
    /// microseconds of media time.
    span: Option<(i64, i64)>,
}

impl Edge {
    /// The edge of a reader that got `units` at once.
    #[must_use]
    pub fn of<'a>(tracks: &Tracks, units: impl IntoIterator<Item = &'a AccessUnit>) -> Self {
        let Some(lead) = tracks.lead() else { return Self::default() };
        let mut times = units
            .into_iter()
            .filter(|unit| unit.track == lead.id)
            .map(|unit| lead.timescale.to_micros(unit.dts));
        let first = times.next();
        Self { span: first.map(|first| (first, times.last().unwrap_or(first))) }
    }

    /// A unit's times as this reader is to have them, decode time first; `None`: it is left out. Units
    /// behind the edge keep theirs.
    #[must_use]
    pub fn place(&self, tracks: &Tracks, unit: &AccessUnit) -> Option<(Ticks, Ticks)> {
        let Some(track) = tracks.get(unit.track) else { return Some((unit.dts, unit.pts)) };
        if self.is_late_sound(unit.track, tracks, track.timescale.to_micros(unit.dts)) {
            return None;
        }
        Some((self.move_time(track.timescale, unit.dts), self.move_time(track.timescale, unit.pts)))
    }

    fn is_late_sound(&self, track: TrackId, tracks: &Tracks, at_us: i64) -> bool {
        let is_lead = tracks.lead().is_some_and(|lead| lead.id == track);
        !is_lead && self.span.is_some_and(|(_, end)| at_us < end - SQUEEZED_MICROS)
    }

    fn move_time(&self, scale: Timescale, at: Ticks) -> Ticks {
        let Some((first, end)) = self.span else { return at };
        let (at_us, len) = (scale.to_micros(at), end - first);
        if at_us >= end || len <= SQUEEZED_MICROS {
            return at;
        }
        // A time before the first (a picture that is shown before it is decoded) keeps its distance.
        let squeezed = i128::from(end - at_us) * i128::from(SQUEEZED_MICROS) / i128::from(len);
        scale.from_micros(end - i64::try_from(squeezed).unwrap_or(SQUEEZED_MICROS))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use bytes::Bytes;
    use media::audio::{G711Parameters, Law};
    use media::jpeg::JpegParameters;
    use media::{Parameters, Track};
    use proptest::prelude::*;

    use super::*;

    fn tracks() -> Tracks {
        let picture = Parameters::Mjpeg(JpegParameters { width: 64, height: 64 });
        let sound =
            Parameters::G711(G711Parameters { law: Law::A, sample_rate: 8_000, channels: 1 });
        let track =
            |id, parameters| Track { id: TrackId(id), timescale: Timescale::VIDEO, parameters };
        Tracks::new(vec![track(0, picture), track(1, sound)])
    }

    fn unit(track: u8, at: i64) -> AccessUnit {
        AccessUnit::at_rest(TrackId(track), (Ticks(at), Ticks(at)), true, Bytes::new())
    }

    proptest! {
        #[test]
        fn the_group_keeps_its_order_and_ends_where_it_was(steps in prop::collection::vec(1_i64..20_000, 1..60)) {
            let mut at = 1_000_000;
            let units: Vec<_> = steps.iter().map(|step| { at += step; unit(0, at) }).collect();
            let edge = Edge::of(&tracks(), &units);
            let placed: Vec<_> = units.iter().filter_map(|unit| edge.place(&tracks(), unit)).collect();
            prop_assert_eq!(placed.len(), units.len());
            prop_assert!(placed.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            let (first, last) = (placed[0].0, placed[placed.len() - 1].0);
            prop_assert_eq!(last, Ticks(at));
            prop_assert!(last.0 - first.0 <= 9_001);
        }
    }

    #[test]
    fn what_comes_later_keeps_its_times_and_old_sound_is_left_out() {
        let edge = Edge::of(&tracks(), &[unit(0, 0), unit(0, 180_000)]);
        assert_eq!(
            edge.place(&tracks(), &unit(0, 186_000)),
            Some((Ticks(186_000), Ticks(186_000)))
        );
        assert_eq!(edge.place(&tracks(), &unit(0, 0)), Some((Ticks(171_000), Ticks(171_000))));
        assert_eq!(edge.place(&tracks(), &unit(1, 100_000)), None);
        assert!(edge.place(&tracks(), &unit(1, 180_000)).is_some());
    }
}
