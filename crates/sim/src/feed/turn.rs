//! One turn of what is repeated: its units in order, and how long it lasts. Pure.

use bytes::Bytes;
use media::{Ticks, Tracks};

/// One access unit as the encoder gave it, its times from the beginning.
pub(super) struct Unit {
    pub(super) track: usize,
    pub(super) dts: Ticks,
    pub(super) pts: Ticks,
    pub(super) key: bool,
    pub(super) data: Bytes,
}

/// The time from one turn of a loop to the next, in ticks of the leading track. Sound that would last
/// into the next turn is left out; what is left is in the order in which it is decoded.
pub(super) fn trim(units: &mut Vec<Unit>, tracks: &Tracks) -> Ticks {
    let span = |track: usize| {
        let times: Vec<Ticks> =
            units.iter().filter(|unit| unit.track == track).map(|unit| unit.dts).collect();
        let step = match times.as_slice() {
            [.., before, last] => *last - *before,
            _ => Ticks(3_000),
        };
        (
            times.first().copied().unwrap_or_default(),
            times.last().copied().unwrap_or_default(),
            step,
        )
    };
    let lead = tracks.lead().map(|track| track.id);
    let index = tracks.all().iter().position(|track| Some(track.id) == lead).unwrap_or(0);
    let Some(track) = tracks.all().get(index) else { return Ticks(0) };
    let (first, last, step) = span(index);
    let period = last - first + step.max(Ticks(1));

    let steps: Vec<Ticks> = (0..tracks.all().len()).map(|index| span(index).2).collect();
    let scale = |unit: &Unit| tracks.all().get(unit.track).map_or(track, |track| track).timescale;
    units.retain(|unit| {
        let end = unit.dts + steps.get(unit.track).copied().unwrap_or_default();
        unit.track == index || end <= track.timescale.rescale(period, scale(unit))
    });
    units.sort_by_key(|unit| scale(unit).to_micros(unit.dts));
    period
}
