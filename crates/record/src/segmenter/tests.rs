//! The cut rules, one by one, and what holds for any input.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::num::NonZeroU32;

use base::Mono;
use bytes::Bytes;
use media::audio::AacParameters;
use media::{Parameters, Timescale};
use proptest::prelude::*;

use super::*;

const START: i64 = 1_736_949_600_000_000;
const FRAME: i64 = 6_000;

/// Two tracks of which the first leads: rates are 90 kHz and 8 kHz.
fn tracks(count: usize) -> Tracks {
    let aac = || Parameters::Aac(AacParameters::from_config(&[0x12, 0x10]).unwrap());
    let track = |(id, hz)| Track {
        id: TrackId(id),
        timescale: Timescale::new(NonZeroU32::new(hz).unwrap()),
        parameters: aac(),
    };
    Tracks::new([(0, 90_000), (1, 8_000)].into_iter().take(count).map(track).collect())
}

fn unit(track: u8, dts: i64, key: bool) -> AccessUnit {
    let hz = if track == 0 { 90_000 } else { 8_000 };
    let micros = dts * 1_000_000 / hz;
    AccessUnit {
        track: TrackId(track),
        dts: Ticks(dts),
        pts: Ticks(dts),
        key,
        data: Bytes::from(vec![track; 8]),
        lost_packets: 0,
        arrived: Mono::from_nanos(micros.unsigned_abs() * 1_000),
        arrived_wall: Wall::from_micros(START + micros),
        packets: Default::default(),
    }
}

fn samples(outputs: &[Output], track: u8) -> Vec<(Ticks, u32)> {
    let mut all = Vec::new();
    for output in outputs {
        let Output::Fragment { runs, .. } = output else { continue };
        for run in runs.iter().filter(|run| run.track == TrackId(track)) {
            let mut dts = run.base_dts;
            for sample in &run.samples {
                all.push((dts, sample.duration));
                dts = dts + Ticks(i64::from(sample.duration));
            }
        }
    }
    all
}

#[test]
fn segments_are_cut_at_the_first_key_frame_at_or_after_the_boundary_and_touch() {
    let mut segmenter = Segmenter::new(10_000_000, tracks(1), None).unwrap();
    let mut out = Vec::new();
    // 25 s at 15 frames a second, a key frame every 2 s from 1 s after the boundary on.
    for n in 0..375 {
        segmenter.push(unit(0, (n + 15) * FRAME, n % 30 == 0));
        if n % 7 == 0 {
            segmenter.flush(&mut out);
        }
    }
    segmenter.finish(&mut out);
    let opens: Vec<i64> = out
        .iter()
        .filter_map(|o| match o {
            Output::Open { start, .. } => Some(start.micros_since(Wall::from_micros(START))),
            _ => None,
        })
        .collect();
    assert_eq!(opens, [1_000_000, 11_000_000, 21_000_000]);
    let seals: Vec<(i64, i64)> = out
        .iter()
        .filter_map(|o| match o {
            Output::Seal { end, duration_us } => {
                Some((end.micros_since(Wall::from_micros(START)), *duration_us))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        seals,
        [(11_000_000, 10_000_000), (21_000_000, 10_000_000), (26_000_000, 5_000_000)]
    );
}

#[test]
fn fragments_last_a_second_at_most_and_begin_at_key_frames() {
    let mut segmenter = Segmenter::new(900_000_000, tracks(1), None).unwrap();
    let mut out = Vec::new();
    for n in 0..100 {
        segmenter.push(unit(0, n * FRAME, n % 40 == 0));
    }
    segmenter.finish(&mut out);
    let mut count = 0;
    for output in &out {
        let Output::Fragment { runs, .. } = output else { continue };
        let ticks: u32 = runs[0].samples.iter().map(|sample| sample.duration).sum();
        assert!(ticks <= 90_000);
        assert!(runs[0].samples.iter().skip(1).all(|sample| !sample.key));
        count += runs[0].samples.len();
    }
    assert_eq!(count, 100);
}

#[test]
fn sound_goes_to_the_segment_of_its_time_although_it_comes_later() {
    let mut segmenter = Segmenter::new(10_000_000, tracks(2), None).unwrap();
    let mut out = Vec::new();
    // Sound arrives 0.4 s after the pictures of the same time.
    for n in 0..300_i64 {
        segmenter.push(unit(0, n * FRAME, n % 30 == 0));
        if n >= 6 {
            segmenter.push(unit(1, (n - 6) * 8_000 / 15, true));
        }
        segmenter.flush(&mut out);
    }
    segmenter.finish(&mut out);
    let cut = out.iter().position(|output| matches!(output, Output::Seal { .. })).unwrap();
    let before = samples(&out[..cut], 1);
    let after = samples(&out[cut..], 1);
    assert!(before.iter().all(|(dts, _)| dts.0 < 80_000), "{before:?}");
    assert_eq!(before.len() + after.len(), 294);
    assert_eq!(after[0].0, Ticks(0));
}

#[test]
fn a_group_without_end_is_cut_a_minute_after_the_boundary() {
    let mut segmenter = Segmenter::new(10_000_000, tracks(1), None).unwrap();
    let mut out = Vec::new();
    for n in 0..15 * 200_i64 {
        segmenter.push(unit(0, n * FRAME, n == 0));
        segmenter.flush(&mut out);
    }
    segmenter.finish(&mut out);
    let durations: Vec<i64> = out
        .iter()
        .filter_map(|output| match output {
            Output::Seal { duration_us, .. } => Some(*duration_us / 1_000_000),
            _ => None,
        })
        .collect();
    // The boundary after 70 s is that at 80 s.
    assert_eq!(durations, [70, 70, 60]);
    assert_eq!(samples(&out, 0).len(), 3_000);
}

#[test]
fn a_long_group_is_cut_at_a_recovery_point() {
    let sps = [
        0x67, 0x42, 0xc0, 0x16, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0,
        0x7a, 0x3c, 0x58, 0xba, 0x80,
    ];
    let h264 = media::h264::H264Parameters::from_sets(&sps, &[0x68, 0xce, 0x0f, 0xc8]).unwrap();
    let track =
        Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters: Parameters::H264(h264) };
    let mut segmenter = Segmenter::new(10_000_000, Tracks::new(vec![track]), None).unwrap();
    let point = Bytes::from_static(&[0, 0, 0, 4, 6, 6, 1, 0x80, 0, 0, 0, 2, 0x41, 9]);
    let mut out = Vec::new();
    for n in 0..15 * 40_i64 {
        let mut unit = unit(0, n * FRAME, n == 0);
        if n % 75 == 0 {
            unit.data = point.clone();
        }
        segmenter.push(unit);
    }
    segmenter.finish(&mut out);
    let cuts = out.iter().filter(|output| matches!(output, Output::Seal { .. })).count();
    // At 15 s, 20 s and 30 s, and the end at 40 s.
    assert_eq!(cuts, 4);
}

#[test]
fn a_stepped_clock_or_a_hole_asks_for_a_new_run() {
    let mut segmenter = Segmenter::new(10_000_000, tracks(1), None).unwrap();
    assert_eq!(segmenter.push(unit(0, 0, true)), Verdict::Taken);
    segmenter.push(unit(0, FRAME, false));
    segmenter.flush(&mut Vec::new());
    let stepped = AccessUnit {
        arrived_wall: Wall::from_micros(START + 3_600_000_000),
        ..unit(0, 2 * FRAME, false)
    };
    assert_eq!(segmenter.push(stepped), Verdict::NewRun);
    assert_eq!(segmenter.push(unit(0, 900_000, false)), Verdict::NewRun);
}

proptest! {
    /// However units come and whenever the recorder looks: every unit from the first key frame on is
    /// in exactly one fragment, times follow each other without hole or overlap.
    #[test]
    fn every_unit_is_written_exactly_once(
        steps in proptest::collection::vec((1_i64..20_000, any::<bool>(), any::<bool>()), 2..200),
        segment_s in 1_i64..20,
    ) {
        let mut segmenter = Segmenter::new(segment_s * 1_000_000, tracks(1), None).unwrap();
        let (mut out, mut dts, mut expected, mut started) = (Vec::new(), 0, 0, false);
        for (step, key, look) in steps {
            started |= key;
            expected += usize::from(started);
            prop_assert_eq!(segmenter.push(unit(0, dts, key)), Verdict::Taken);
            dts += step;
            if look { segmenter.flush(&mut out) }
        }
        segmenter.finish(&mut out);
        let mut written = 0;
        let mut open = None;
        for output in &out {
            match output {
                Output::Open { .. } => { prop_assert!(open.is_none()); open = Some(0); }
                Output::Seal { .. } => { prop_assert!(open.take().is_some()) }
                Output::Fragment { runs, .. } => {
                    let next = open.as_mut().unwrap();
                    prop_assert_eq!(runs[0].base_dts.0, *next);
                    *next += runs[0].samples.iter().map(|sample| i64::from(sample.duration)).sum::<i64>();
                    written += runs[0].samples.len();
                }
            }
        }
        prop_assert!(open.is_none());
        prop_assert_eq!(written, expected);
    }
}
