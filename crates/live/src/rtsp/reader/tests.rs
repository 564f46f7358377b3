//! Readers of a real hub: what they get, and what they do not get.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use base::{StreamPath, Wall};
use bytes::Bytes;
use hub::{Hub, Publisher, RingLimits, Start};
use media::audio::{G711Parameters, Law};
use media::jpeg::JpegParameters;
use media::{Parameters, Ticks, Timescale, Track};
use prometheus::Registry;
use rtsp::Transport;

use super::*;
use crate::rtsp::lane::Body;

const LAG: Duration = Duration::from_secs(2);

struct Stage {
    hub: Hub,
    path: StreamPath,
}

fn stage() -> Stage {
    let metrics = hub::Metrics::new(&Registry::new()).unwrap();
    let path = StreamPath::new("cam").unwrap();
    Stage { hub: Hub::new(RingLimits::default(), metrics), path }
}

/// Sound of which no unit is a key frame but those that are said to be.
fn tracks(law: Law) -> Tracks {
    let parameters = G711Parameters { law, sample_rate: 8_000, channels: 1 };
    let timescale = Timescale::new(8_000.try_into().unwrap());
    let parameters = Parameters::G711(parameters);
    Tracks::new(vec![Track { id: TrackId(0), timescale, parameters }])
}

fn at(millis: u64) -> Mono {
    Mono::from_nanos(millis * 1_000_000)
}

/// A unit of media time and arrival `millis`.
fn push(publisher: &Publisher, millis: u64, key: bool) {
    let time = Ticks(i64::try_from(millis).unwrap() * 8);
    let data = Bytes::from_static(&[0xd5]);
    let unit = AccessUnit {
        arrived: at(millis),
        arrived_wall: Wall::from_micros(i64::try_from(millis).unwrap() * 1_000),
        ..AccessUnit::at_rest(TrackId(0), (time, time), key, data)
    };
    publisher.push(unit);
}

impl Stage {
    fn publish(&self, law: Law) -> Publisher {
        self.hub.publish(&self.path, tracks(law)).unwrap()
    }

    fn reader(&self) -> (Reader, Vec<Lane>) {
        let subscriber = self.hub.subscribe(&self.path, Start::Group).unwrap();
        let transport = Transport::Interleaved { rtp: 0, rtcp: 1 };
        let lane = Lane::new(0, &tracks(Law::A).all()[0], transport, 0);
        (Reader::new(subscriber, tracks(Law::A), LAG), vec![lane])
    }
}

/// The times of all packets that are there, in milliseconds of media time, and what else came.
fn take(reader: &mut Reader, lanes: &mut [Lane], now: Mono) -> (Vec<u32>, Taken) {
    let (mut packets, mut all) = (Vec::new(), Taken::default());
    let mut merge = |taken: Taken| {
        all.skipped += taken.skipped;
        all.skips |= taken.skips;
        all.end = all.end.or(taken.end);
    };
    while reader.has_backlog() {
        merge(reader.take_backlog(now, lanes, &mut packets));
    }
    let mut events = Vec::new();
    reader.subscriber.drain(&mut events);
    for event in events {
        merge(reader.take(now, event, lanes, &mut packets));
    }
    let time = |packet: &Packet| match &packet.body {
        Body::Rtp(header, _) => {
            Some(u32::from_be_bytes([header[4], header[5], header[6], header[7]]) / 8)
        }
        Body::Rtcp(_) => None,
    };
    (packets.iter().filter_map(time).collect(), all)
}

#[test]
fn a_reader_begins_at_the_live_edge_with_the_group_in_a_tenth_of_a_second() {
    let stage = stage();
    let publisher = stage.publish(Law::A);
    for second in 0..5 {
        push(&publisher, second * 1_000, second == 0);
    }
    let (mut reader, mut lanes) = stage.reader();
    assert_eq!(reader.first_micros(), Some(3_900_000));
    let (times, taken) = take(&mut reader, &mut lanes, at(4_500));
    assert_eq!(times, [3_900, 3_925, 3_950, 3_975, 4_000]);
    assert_eq!(taken, Taken::default());
    push(&publisher, 5_000, false);
    assert_eq!(take(&mut reader, &mut lanes, at(5_000)).0, [5_000]);
}

#[test]
fn slow_reader_skips_to_next_key_frame_and_is_ended_when_it_does_so_again_and_again() {
    let stage = stage();
    let publisher = stage.publish(Law::A);
    push(&publisher, 0, true);
    let (mut reader, mut lanes) = stage.reader();
    take(&mut reader, &mut lanes, at(0));
    for round in 1..=5_u64 {
        let began = round * 10_000;
        // Two units too late, a key frame too late, one that is not: the next key frame is waited for.
        for (after, key) in [(0, false), (100, false), (200, true), (3_000, false)] {
            push(&publisher, began + after, key);
        }
        let (times, taken) = take(&mut reader, &mut lanes, at(began + 3_000));
        assert!(times.is_empty() && taken.skipped == 4, "{times:?} {taken:?}");
        assert_eq!(taken.end, (round == 5).then_some(Ended::TooSlow));
        push(&publisher, began + 3_100, true);
        let (times, taken) = take(&mut reader, &mut lanes, at(began + 3_100));
        assert_eq!(times.len(), 1, "{taken:?}");
    }
}

#[test]
fn readers_stay_when_the_source_is_lost_and_times_go_on_with_the_next() {
    let stage = stage();
    let publisher = stage.publish(Law::A);
    push(&publisher, 1_000, true);
    let (mut reader, mut lanes) = stage.reader();
    assert_eq!(take(&mut reader, &mut lanes, at(1_000)).0, [1_000]);
    drop(publisher);
    take(&mut reader, &mut lanes, at(2_000));
    assert_eq!(reader.lost_for(at(5_000)), Some(Duration::from_secs(3)));
    let publisher = stage.publish(Law::A);
    let unit = AccessUnit {
        arrived: at(6_000),
        ..AccessUnit::at_rest(TrackId(0), (Ticks(80), Ticks(80)), true, Bytes::from_static(&[1]))
    };
    publisher.push(unit);
    assert_eq!(take(&mut reader, &mut lanes, at(6_000)).0, [6_000]);
    assert_eq!(reader.lost_for(at(7_000)), None);
}

#[test]
fn a_reader_is_ended_when_it_was_told_of_no_such_codec() {
    let stage = stage();
    let publisher = stage.publish(Law::A);
    push(&publisher, 0, true);
    let (mut reader, mut lanes) = stage.reader();
    take(&mut reader, &mut lanes, at(0));
    publisher.describe(tracks(Law::Mu));
    push(&publisher, 20, true);
    assert_eq!(take(&mut reader, &mut lanes, at(20)).1.end, Some(Ended::Changed));
}

#[test]
fn pictures_that_rtp_cannot_carry_are_counted() {
    let stage = stage();
    let parameters = Parameters::Mjpeg(JpegParameters { width: 64, height: 64 });
    let timescale = Timescale::VIDEO;
    let tracks = Tracks::new(vec![Track { id: TrackId(0), timescale, parameters }]);
    let publisher = stage.hub.publish(&stage.path, tracks.clone()).unwrap();
    let progressive = Bytes::from_static(&[0xff, 0xd8, 0xff, 0xc2, 0, 17]);
    publisher.push(AccessUnit::at_rest(TrackId(0), (Ticks(0), Ticks(0)), true, progressive));
    let subscriber = stage.hub.subscribe(&stage.path, Start::Group).unwrap();
    let transport = Transport::Interleaved { rtp: 0, rtcp: 1 };
    let mut lanes = vec![Lane::new(0, &tracks.all()[0], transport, 0)];
    let (mut reader, mut out) = (Reader::new(subscriber, tracks, LAG), Vec::new());
    let taken = reader.take_backlog(at(0), &mut lanes, &mut out);
    assert_eq!((taken.unsendable, taken.skipped, out.len()), (1, 0, 0));
}
