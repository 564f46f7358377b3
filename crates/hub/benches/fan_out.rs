//! Cost of an access unit through the hub, by number of readers.
//!
//! Budget: a camera of 15 units a second may cost 0.0008 core in all, 53 µs a unit; the hub with a
//! draining recorder should stay under 1 % of that, and 1 µs a waiting reader.

use std::hint::black_box;

use base::{Mono, StreamPath, Wall};
use bytes::Bytes;
use hub::{Event, Hub, Metrics, RingLimits, Start};
use media::audio::AacParameters;
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};

const UNITS: u32 = 1_000;

fn main() {
    divan::main();
}

fn tracks() -> Tracks {
    let config = Bytes::from_static(&[0x11, 0x90]);
    let parameters =
        Parameters::Aac(AacParameters { config, object_type: 2, sample_rate: 48_000, channels: 2 });
    Tracks::new(vec![Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters }])
}

fn units() -> Vec<AccessUnit> {
    let data = Bytes::from(vec![0; 4_400]);
    (0..UNITS)
        .map(|n| AccessUnit {
            track: TrackId(0),
            dts: Ticks(i64::from(n) * 6_000),
            pts: Ticks(i64::from(n) * 6_000),
            key: n % 30 == 0,
            data: data.clone(),
            lost_packets: 0,
            arrived: Mono::from_nanos(u64::from(n) * 66_666_667),
            arrived_wall: Wall::default(),
            packets: Default::default(),
        })
        .collect()
}

fn new_hub() -> Hub {
    Hub::new(
        RingLimits::default(),
        Metrics::new(&prometheus::Registry::new()).expect("a new registry is empty"),
    )
}

/// Readers that look twice a second, as the recorder does: 8 units at a time.
#[divan::bench(args = [0, 1, 10, 100, 500])]
fn draining_readers(bencher: divan::Bencher<'_, '_>, readers: usize) {
    let path = StreamPath::new("cam").expect("a slug");
    bencher.counter(divan::counter::ItemsCount::new(UNITS)).with_inputs(units).bench_local_values(
        |units| {
            let hub = new_hub();
            let publisher = hub.publish(&path, tracks()).expect("the path is free");
            let mut followers: Vec<_> =
                (0..readers).map(|_| hub.follow(&path, Start::Next)).collect();
            let mut events: Vec<Event> = Vec::new();
            for (n, unit) in units.into_iter().enumerate() {
                publisher.push(unit);
                if n % 8 == 7 {
                    for follower in &mut followers {
                        events.clear();
                        follower.drain(&mut events);
                        black_box(&events);
                    }
                }
            }
        },
    );
}

/// Readers that wait for each unit, as an RTSP or WebRTC viewer does, on the publisher's thread.
#[divan::bench(args = [1, 10, 100, 500])]
fn waiting_readers(bencher: divan::Bencher<'_, '_>, readers: usize) {
    let path = StreamPath::new("cam").expect("a slug");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    bencher.counter(divan::counter::ItemsCount::new(UNITS)).with_inputs(units).bench_local_values(
        |units| {
            runtime.block_on(async {
                let hub = new_hub();
                let publisher = hub.publish(&path, tracks()).expect("the path is free");
                for _ in 0..readers {
                    let mut follower = hub.follow(&path, Start::Next);
                    tokio::spawn(async move {
                        while black_box(follower.next().await) != Event::Ended {}
                    });
                }
                for unit in units {
                    publisher.push(unit);
                    tokio::task::yield_now().await;
                }
            });
        },
    );
}
