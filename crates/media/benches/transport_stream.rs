//! Cost of an access unit as MPEG-TS.
//!
//! Budget: a recorded camera of 15 units a second may cost 0.0008 core in all, 53 µs a unit; writing
//! its packets should stay under 10 % of that, 5 µs for a picture of 4.4 kB, and take no memory.

use base::{Mono, Wall};
use bytes::Bytes;
use media::h264::H264Parameters;
use media::ts::{Demuxer, Muxer};
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};

const UNITS: u32 = 300;
const LEN: u32 = 4_400;

fn main() {
    divan::main();
}

fn muxer() -> Muxer {
    let sps = [
        0x67, 0x42, 0xc0, 0x16, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0,
        0x7a, 0x3c, 0x58, 0xba, 0x80,
    ];
    let h264 = H264Parameters::from_sets(&sps, &[0x68, 0xce, 0x0f, 0xc8]).expect("of x264");
    let parameters = Parameters::H264(h264);
    let track = Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters };
    Muxer::new(&Tracks::new(vec![track])).expect("H.264 is carried")
}

fn unit(n: u32) -> AccessUnit {
    let mut data = LEN.to_be_bytes().to_vec();
    data.push(if n.is_multiple_of(30) { 0x65 } else { 0x41 });
    data.resize(usize::try_from(LEN).unwrap_or(0) + 4, 0x5a);
    let at = Ticks(i64::from(n) * 6_000);
    AccessUnit {
        track: TrackId(0),
        dts: at,
        pts: at,
        key: n.is_multiple_of(30),
        data: Bytes::from(data),
        lost_packets: 0,
        arrived: Mono::default(),
        arrived_wall: Wall::default(),
        packets: Default::default(),
    }
}

#[divan::bench]
fn write_300_pictures(bencher: divan::Bencher<'_, '_>) {
    let units: Vec<AccessUnit> = (0..UNITS).map(unit).collect();
    let (mut muxer, mut out) = (muxer(), Vec::new());
    bencher.counter(divan::counter::BytesCount::new(UNITS * LEN)).bench_local(|| {
        out.clear();
        units.iter().for_each(|unit| muxer.write(unit, &mut out));
        out.len()
    });
}

#[divan::bench]
fn read_300_pictures(bencher: divan::Bencher<'_, '_>) {
    let (mut muxer, mut bytes) = (muxer(), Vec::new());
    (0..UNITS).for_each(|n| muxer.write(&unit(n), &mut bytes));
    bencher.counter(divan::counter::BytesCount::new(UNITS * LEN)).bench_local(|| {
        let (mut demuxer, mut events) = (Demuxer::new(), Vec::new());
        demuxer.push(&bytes, &mut events);
        demuxer.finish(&mut events);
        events.len()
    });
}
