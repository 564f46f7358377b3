//! What a feed gives: units of a turn, in order.
#![allow(clippy::expect_used, clippy::indexing_slicing)]
use std::num::NonZeroU32;

use super::*;
use media::audio::{G711Parameters, Law};
use media::h264::H264Parameters;
use media::{Timescale, Track};

/// x264, Constrained Baseline, 640x480 at 15 frames a second.
const SPS: [u8; 24] = [
    0x67, 0x42, 0xc0, 0x16, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0, 0x7a,
    0x3c, 0x58, 0xba, 0x80,
];

fn tracks() -> Tracks {
    let h264 = H264Parameters::from_sets(&SPS, &[0x68, 0xce, 0x0f, 0xc8]).expect("real sets");
    let g711 = G711Parameters { law: Law::Mu, sample_rate: 8_000, channels: 1 };
    let hz = NonZeroU32::new(8_000).expect("not zero");
    Tracks::new(vec![
        Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters: Parameters::H264(h264) },
        Track { id: TrackId(1), timescale: Timescale::new(hz), parameters: Parameters::G711(g711) },
    ])
}

fn unit(track: usize, dts: i64) -> Unit {
    Unit { track, dts: Ticks(dts), pts: Ticks(dts), key: false, data: Bytes::new() }
}

#[test]
fn sound_that_outlasts_the_pictures_of_a_loop_is_left_out() {
    // Three pictures of a fifteenth, 0.2 s; sound of 0.24 s in packets of 20 ms.
    let mut units: Vec<Unit> = (0..3).map(|i| unit(0, i * 6_000)).collect();
    units.extend((0..12).map(|i| unit(1, i * 160)));
    assert_eq!(trim(&mut units, &tracks()), Ticks(18_000));
    assert_eq!(units.iter().filter(|unit| unit.track == 0).count(), 3);
    assert_eq!(units.iter().filter(|unit| unit.track == 1).count(), 10);
    let micros: Vec<i64> =
        units.iter().map(|unit| tracks().all()[unit.track].timescale.to_micros(unit.dts)).collect();
    assert!(micros.is_sorted(), "{micros:?}");
}

#[test]
fn a_single_picture_is_a_loop_too() {
    let mut units = vec![unit(0, -6_000)];
    assert_eq!(trim(&mut units, &tracks()), Ticks(3_000));
}

#[test]
fn the_clock_is_put_before_the_first_slice() {
    let parameters = tracks().all()[0].parameters.clone();
    let stamp = Stamp { wall: Wall::from_micros(5), frame: 7 };
    let plain = h264::nal::join([&[0x06_u8, 1][..], &[0x65, 1], &[0x65, 2]]);
    let with = with_clock(&parameters, &plain, stamp);
    let kinds: Vec<u8> = h264::nal::units(&with).map(h264::nal::kind).collect();
    assert_eq!(kinds, [6, 6, 5, 5]);
    assert_eq!(h264::sei::find_clock(&with), Some(stamp));
}
