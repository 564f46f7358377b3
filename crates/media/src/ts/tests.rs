//! What is written is read back; what is lost is counted; what is torn is cut; what is hostile ends.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::num::NonZeroU32;

use base::{Mono, Wall};
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::audio::{AacParameters, G711Parameters, Law, OpusParameters};
use crate::h264::H264Parameters;
use crate::h265::H265Parameters;
use crate::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn h264(width: u16) -> Parameters {
    let sps = match width {
        640 => "6742c01eda0280f6c0440000030004000003007 83c58ba80",
        _ => "6742c016da0280f6c0440000030004000003007a3c58ba80",
    };
    Parameters::H264(H264Parameters::from_sets(&hex(sps), &hex("68ce0f2c80")).unwrap())
}

fn h265() -> Parameters {
    let sets = [
        "40010c01ffff01600000030090000003000003003f959009",
        "42010101600000030090000003000003003fa005120171c926595924932bc05a020000030002000003003210",
        "4401c172b46240",
    ]
    .map(hex);
    Parameters::H265(H265Parameters::from_sets(&sets[0], &sets[1], &sets[2]).unwrap())
}

fn track(id: u8, hz: u32, parameters: Parameters) -> Track {
    let timescale = Timescale::new(NonZeroU32::new(hz).unwrap());
    Track { id: TrackId(id), timescale, parameters }
}

fn aac() -> Parameters {
    Parameters::Aac(AacParameters::from_config(&[0x12, 0x10]).unwrap())
}

fn opus() -> Parameters {
    Parameters::Opus(OpusParameters { channels: 2, pre_skip: 0 })
}

fn tracks() -> Tracks {
    Tracks::new(vec![track(0, 90_000, h264(640)), track(1, 44_100, aac())])
}

fn unit(track: u8, dts: i64, pts: i64, key: bool, data: Vec<u8>) -> AccessUnit {
    AccessUnit {
        track: TrackId(track),
        dts: Ticks(dts),
        pts: Ticks(pts),
        key,
        data: Bytes::from(data),
        lost_packets: 0,
        arrived: Mono::default(),
        arrived_wall: Wall::default(),
        packets: Default::default(),
    }
}

fn nal_of(nal: &[u8]) -> Vec<u8> {
    [&u32::try_from(nal.len()).unwrap().to_be_bytes()[..], nal].concat()
}

/// A picture of one slice; `kind` is the NAL unit's header.
fn picture(kind: &[u8], len: usize) -> Vec<u8> {
    let slice = [kind, &vec![0x5a; len]].concat();
    [&u32::try_from(slice.len()).unwrap().to_be_bytes()[..], &slice].concat()
}

/// Pictures of these sizes at 15 a second, every tenth a key frame, a frame of sound beside each.
fn units(sizes: &[usize]) -> Vec<AccessUnit> {
    let pair = |(n, len): (i64, &usize)| {
        let key = n % 10 == 0;
        let data = picture(if key { &[0x65] } else { &[0x41] }, *len);
        let video = unit(0, n * 6_000, n * 6_000 + 12_000, key, data);
        [video, unit(1, n * 1_024, n * 1_024, true, vec![9; 1 + len % 700])]
    };
    (0..).zip(sizes).flat_map(pair).collect()
}

fn written(units: &[AccessUnit]) -> Vec<u8> {
    let (mut muxer, mut out) = (Muxer::new(&tracks()).unwrap(), Vec::new());
    muxer.map_time(0, 1_000_000);
    units.iter().for_each(|unit| muxer.write(unit, &mut out));
    out
}

fn read(bytes: &[u8]) -> (Vec<Tracks>, Vec<Unit>, Stats) {
    let (mut demuxer, mut events) = (Demuxer::new(), Vec::new());
    demuxer.push(bytes, &mut events);
    demuxer.finish(&mut events);
    let (mut tracks, mut units) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Tracks(described) => tracks.push(described),
            Event::Unit(unit) => units.push(unit),
        }
    }
    (tracks, units, demuxer.stats())
}

/// Track, decode time, time of showing, key, bytes.
type Said = (TrackId, i64, i64, bool, Bytes);

fn said(units: &[Unit]) -> Vec<Said> {
    let mut all: Vec<Said> =
        units.iter().map(|u| (u.track, u.dts.0, u.pts.0, u.key, u.data.clone())).collect();
    all.sort_by_key(|unit| (unit.0, unit.1));
    all
}

fn meant(units: &[AccessUnit], tracks: &Tracks) -> Vec<Said> {
    let second = |track| i64::from(tracks.get(track).unwrap().timescale.hz());
    let mut all: Vec<Said> = units
        .iter()
        .map(|u| {
            let later = second(u.track);
            (u.track, u.dts.0 + later, u.pts.0 + later, u.key, u.data.clone())
        })
        .collect();
    all.sort_by_key(|unit| (unit.0, unit.1));
    all
}

/// The counters of each PID's packets with content, in order.
fn counters_follow(bytes: &[u8]) -> bool {
    let mut last = std::collections::HashMap::new();
    bytes.as_chunks::<PACKET_LEN>().0.iter().all(|packet| {
        let packet = packet::Packet::read(packet).unwrap();
        let before = match packet.payload {
            Some(_) => last.insert(packet.pid, packet.counter).map(|c: u8| (c + 1) & 15),
            None => last.get(&packet.pid).copied(),
        };
        before.is_none_or(|before| before == packet.counter)
    })
}

#[test]
fn pictures_and_sound_are_read_back_as_they_were() {
    let units = units(&[900, 20, 0, 180, 183, 184, 70_000, 3, 5, 6, 100_000, 7]);
    let bytes = written(&units);
    assert_eq!(bytes.len() % PACKET_LEN, 0);
    let (described, read, stats) = read(&bytes);
    assert_eq!(described, [tracks()]);
    assert_eq!(said(&read), meant(&units, &tracks()));
    assert_eq!((stats.lost_packets, stats.skipped_bytes, stats.refused_pes), (0, 0, 0));
    assert!(counters_follow(&bytes));
}

#[test]
fn h265_and_opus_are_read_back_as_they_were() {
    let tracks = Tracks::new(vec![track(3, 90_000, h265()), track(7, 48_000, opus())]);
    let (mut muxer, mut out) = (Muxer::new(&tracks).unwrap(), Vec::new());
    let units = [
        unit(3, 0, 12_000, true, picture(&[0x26, 1], 5_000)),
        unit(7, 0, 0, true, vec![0x0c; 255]),
        unit(3, 6_000, 18_000, false, picture(&[2, 1], 300)),
        unit(7, 960, 960, true, vec![0x0c; 600]),
    ];
    units.iter().for_each(|unit| muxer.write(unit, &mut out));
    let (described, read, _) = read(&out);
    // Numbers are given anew, in the order of the map.
    assert_eq!(described, [Tracks::new(vec![track(0, 90_000, h265()), track(1, 48_000, opus())])]);
    let renumbered = units.map(|u| AccessUnit { track: TrackId(u8::from(u.track.0 == 7)), ..u });
    assert_eq!(said(&read), meant(&renumbered, &described[0]));
}

#[test]
fn all_parameter_sets_of_a_unit_stay_where_one_of_them_is_not_known_to_all() {
    let slice = [&[0x65][..], &[0x5a; 40]].concat();
    let (sets, second) = (h264(640), hex("68478f2c80"));
    let sets = sets.sets();
    let units = [&sets[0][..], sets[1], &second, &slice].map(nal_of).concat();
    let video = Tracks::new(vec![track(0, 90_000, h264(640))]);
    let (mut muxer, mut out) = (Muxer::new(&video).unwrap(), Vec::new());
    muxer.write(&unit(0, 0, 0, true, units.clone()), &mut out);
    muxer.write(&unit(0, 6_000, 6_000, true, nal_of(&slice)), &mut out);
    let (_, read, _) = read(&out);
    assert_eq!((&read[0].data[..], &read[1].data[..]), (&units[..], &nal_of(&slice)[..]));
    // Packed for a viewer, none is missing: sets within replace those given.
    let packets = crate::rtp::h264(&read[0].data, &sets);
    assert!(packets[0].data.ends_with(&second));
    assert_eq!(packets[0].data.len(), 1 + 6 + sets[0].len() + sets[1].len() + second.len());
}

#[test]
fn pictures_decoded_too_late_are_decoded_ahead_and_shown_when_they_should_be() {
    let tracks = Tracks::new(vec![track(0, 90_000, h265())]);
    let (mut muxer, mut out) = (Muxer::new(&tracks).unwrap(), Vec::new());
    let shown = [0, 18_000, 6_000, 12_000, 36_000, 24_000, 30_000];
    for (number, pts) in (0..).zip(shown) {
        let kind: &[u8] = if number == 0 { &[0x26, 1] } else { &[2, 1] };
        muxer.write(&unit(0, number * 6_000, pts, number == 0, picture(kind, 300)), &mut out);
    }
    let (_, units, _) = read(&out);
    let times: Vec<i64> = units.iter().map(|unit| unit.pts.0 - 90_000).collect();
    assert_eq!(times, shown);
    assert!(units.iter().all(|unit| unit.dts <= unit.pts));
}

#[test]
fn what_cannot_be_carried_is_left_out_and_told() {
    let law = Parameters::G711(G711Parameters { law: Law::A, sample_rate: 8_000, channels: 1 });
    let both = Tracks::new(vec![track(0, 90_000, h264(640)), track(1, 8_000, law.clone())]);
    let muxer = Muxer::new(&both).unwrap();
    assert_eq!(muxer.omitted(), &both.all()[1..]);
    let sound = Tracks::new(vec![track(1, 8_000, law)]);
    assert_eq!(Muxer::new(&sound).err(), Some(Error::NothingToCarry));
}

#[test]
fn tables_stand_before_key_frames_and_every_half_second_and_the_clock_every_tenth() {
    let mut muxer = Muxer::new(&tracks()).unwrap();
    let mut out = Vec::new();
    muxer.begin_segment(&mut out);
    for n in 0..10 {
        let kind: &[u8] = if n == 0 { &[0x65] } else { &[0x41] };
        muxer.write(&unit(0, n * 45_000, n * 45_000, n == 0, picture(kind, 1_000)), &mut out);
    }
    let packets = out.as_chunks::<PACKET_LEN>().0;
    let tables = packets.iter().filter(|p| packet::Packet::read(p).unwrap().pid == 0).count();
    assert_eq!(tables, 10);
    let clocks: Vec<u32> = packets
        .iter()
        .filter(|p| p[3] & 0x20 != 0 && p[4] > 0 && p[5] & 0x10 != 0)
        .map(|p| u32::from_be_bytes([p[6], p[7], p[8], p[9]]))
        .collect();
    // In halves of a tick.
    assert!(clocks.windows(2).all(|pair| (1..=4_500).contains(&(pair[1] - pair[0]))), "{clocks:?}");
    assert!(counters_follow(&out));
}

#[test]
fn a_new_description_goes_on_counting_and_is_read_as_one() {
    let (mut muxer, mut out) = (Muxer::new(&tracks()).unwrap(), Vec::new());
    units(&[500, 60]).iter().for_each(|unit| muxer.write(unit, &mut out));
    let other = Tracks::new(vec![track(0, 90_000, h264(320)), track(1, 44_100, aac())]);
    muxer.describe(&other).unwrap();
    units(&[500, 60]).iter().for_each(|unit| muxer.write(unit, &mut out));
    let (described, units, stats) = read(&out);
    assert_eq!(described, [tracks(), other]);
    assert_eq!((units.len(), stats.lost_packets), (8, 0));
    assert!(counters_follow(&out));
}

#[test]
fn times_go_on_where_33_bits_end() {
    let (mut muxer, mut out) = (Muxer::new(&tracks()).unwrap(), Vec::new());
    muxer.map_time(0, (1 << 33) * 100 / 9 - 100_000);
    units(&[30; 20]).iter().for_each(|unit| muxer.write(unit, &mut out));
    let (_, read, _) = read(&out);
    let times: Vec<i64> = read.iter().filter(|u| u.track.0 == 0).map(|u| u.dts.0).collect();
    assert!(times[19] > 1 << 33 && times.windows(2).all(|pair| pair[1] - pair[0] == 6_000));
}

#[test]
fn a_lost_packet_is_counted_and_the_rest_is_read() {
    let units = units(&[900; 10]);
    let mut bytes = written(&units);
    let at = bytes.as_chunks::<PACKET_LEN>().0.iter().position(|p| p[1] == 1 && p[2] == 0).unwrap();
    bytes.drain(at * PACKET_LEN..(at + 1) * PACKET_LEN);
    let (_, read, stats) = read(&bytes);
    assert_eq!((read.len(), stats.lost_packets), (20, 1));
    assert_eq!(read.iter().map(|unit| u32::from(unit.lost_packets)).sum::<u32>(), 1);
}

#[test]
fn bytes_between_packets_are_skipped() {
    let bytes = written(&units(&[900; 3]));
    let (before, after) = bytes.split_at(PACKET_LEN * 4);
    let mixed = [&[0x47, 1, 2][..], before, &[0; 500], after].concat();
    let (_, read, stats) = read(&mixed);
    assert_eq!(read.len(), 6);
    assert!(stats.skipped_bytes >= 500, "{stats:?}");
}

#[test]
fn a_packet_sent_twice_is_read_once() {
    let units = units(&[900; 3]);
    let bytes = written(&units);
    let twice: Vec<u8> = bytes
        .chunks(PACKET_LEN)
        .flat_map(|p| if p[2] == 0 && p[1] & 0x5f == 1 { [p, p].concat() } else { p.to_vec() })
        .collect();
    assert!(twice.len() > bytes.len());
    assert_eq!(said(&read(&twice).1), meant(&units, &tracks()));
}

#[test]
fn an_index_tells_key_frames_and_duration() {
    let bytes = written(&units(&[400; 30]));
    let index = scan(&bytes[..], bytes.len() as u64).unwrap().unwrap();
    assert_eq!((index.tail, index.valid_len), (Tail::Clean, bytes.len() as u64));
    assert_eq!((index.keys.len(), index.units, index.duration_micros()), (3, 30, 1_999_999));
    let (at, key) = (usize::try_from(index.keys[1].offset).unwrap(), index.keys[1]);
    assert_eq!((bytes[at], key.dts), (SYNC, Ticks(90_000 + 60_000)));
    assert_eq!(scan(&[0; 1_000][..], 1_000).unwrap(), None);
}

proptest! {
    #[test]
    fn units_are_read_back_whatever_their_sizes_and_the_pieces_were(
        sizes in proptest::collection::vec(0_usize..1_500, 1..25),
        piece in 1_usize..1_000,
    ) {
        let units = units(&sizes);
        let (mut demuxer, mut events) = (Demuxer::new(), Vec::new());
        for piece in written(&units).chunks(piece) {
            demuxer.push(piece, &mut events);
        }
        demuxer.finish(&mut events);
        let read: Vec<Unit> = events.into_iter().filter_map(|event| match event {
            Event::Unit(unit) => Some(unit),
            Event::Tracks(_) => None,
        }).collect();
        prop_assert_eq!(said(&read), meant(&units, &tracks()));
    }

    #[test]
    fn a_file_cut_anywhere_keeps_its_whole_units(
        sizes in proptest::collection::vec(0_usize..1_500, 4..25),
        cut in 0.0_f64..1.0,
    ) {
        let units = units(&sizes);
        let bytes = written(&units);
        #[allow(clippy::cast_possible_truncation)]
        let cut = (bytes.len() as f64 * cut) as usize;
        let Some(index) = scan(&bytes[..cut], cut as u64).unwrap() else { return Ok(()) };
        let valid = usize::try_from(index.valid_len).unwrap();
        prop_assert!(valid <= cut && valid.is_multiple_of(PACKET_LEN));
        let (_, kept, stats) = read(&bytes[..valid]);
        let pictures = kept.iter().filter(|unit| unit.track.0 == 0).count();
        prop_assert_eq!((stats.refused_pes, pictures as u64), (0, index.units));
        let meant = meant(&units, &tracks());
        prop_assert!(said(&kept).iter().all(|unit| meant.contains(unit)));
        // At most one unit of each track and its packets are given up.
        prop_assert!(cut - valid < 2_400, "{} of {}", valid, cut);
    }

    #[test]
    fn any_bytes_are_followed_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        read(&bytes);
    }

    #[test]
    fn changed_bytes_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let mut bytes = written(&units(&[300, 40, 700]));
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        read(&bytes);
        let _ = scan(&bytes[..], bytes.len() as u64).unwrap();
    }

    #[test]
    fn sections_with_any_content_never_panic(body in proptest::collection::vec(any::<u8>(), 0..150)) {
        // A right checksum, so that what is behind it is reached.
        for table in [0, 2] {
            let _ = psi::read(&psi::section(table, 0, &body), 8);
        }
    }

    #[test]
    fn frames_of_sound_with_any_content_never_panic(body in proptest::collection::vec(any::<u8>(), 0..600)) {
        let both = Tracks::new(vec![track(0, 44_100, aac()), track(1, 48_000, opus())]);
        let (mut muxer, mut out) = (Muxer::new(&both).unwrap(), Vec::new());
        muxer.write(&unit(0, 0, 0, true, vec![1]), &mut out);
        for (pid, id) in [(0x100, 0xc0), (0x101, 0xbd)] {
            let header = pes::Header::new(id, body.len(), 0, 0);
            let len = header.bytes().len() + body.len();
            let mut counter = 0;
            let to = (pid, &mut counter);
            let mut cutter = packet::Cutter::begin(&mut out, to, len, (0, None));
            cutter.put(header.bytes());
            cutter.put(&body);
        }
        read(&out);
    }
}

/// Files of others, good and bad; beside the repository where they are at hand.
#[test]
fn files_of_others_are_followed_to_their_end() {
    let root = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let folders: Vec<_> = root.ancestors().map(|at| at.join("shared/data/malformed")).collect();
    let Some(folder) = folders.iter().find(|folder| folder.is_dir()) else {
        eprintln!("SKIPPED: no ../shared/data/malformed beside the repository");
        return;
    };
    let mut waiting = vec![folder.join("ts"), folder.join("ts_fuzz")];
    let (mut files, mut understood) = (0, 0);
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let (_, units, _) = read(&bytes);
        assert!(scan(&bytes[..], bytes.len() as u64).is_ok());
        files += 1;
        understood += usize::from(!units.is_empty());
    }
    assert!(files > 0 && understood >= 2, "{understood} of {files}");
}
