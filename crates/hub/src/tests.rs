//! The hub's promises, one by one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use base::{Mono, StreamPath, Wall};
use bytes::Bytes;
use media::audio::AacParameters;
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};
use proptest::prelude::*;

use crate::paths::NotPublishable;
use crate::{Event, Hub, Metrics, NotAdmitted, Origin, RingLimits, Start, What};

fn hub(max_bytes: usize) -> Hub {
    let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
    Hub::new(RingLimits { max_bytes, max_duration: Duration::from_secs(1000) }, metrics)
}

fn path() -> StreamPath {
    StreamPath::new("cam").unwrap()
}

/// One track that leads; `rate` tells descriptions apart.
fn tracks(rate: u32) -> Tracks {
    let parameters = Parameters::Aac(AacParameters {
        config: Bytes::from_static(&[0x11, 0x90]),
        object_type: 2,
        sample_rate: rate,
        channels: 1,
    });
    Tracks::new(vec![Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters }])
}

/// A unit of 100 bytes that carries its number; every `number` in `keys` of 5 is a key frame.
fn unit(number: i64, key: bool) -> AccessUnit {
    AccessUnit {
        track: TrackId(0),
        dts: Ticks(number),
        pts: Ticks(number),
        key,
        data: Bytes::from(vec![0; 100]),
        lost_packets: 0,
        arrived: Mono::from_nanos(number.unsigned_abs() * 1_000_000),
        arrived_wall: Wall::default(),
        packets: Default::default(),
    }
}

fn numbers(events: &[Event]) -> Vec<i64> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Unit(unit) => Some(unit.dts.0),
            _ => None,
        })
        .collect()
}

fn drained(reader: &mut crate::Subscriber) -> Vec<Event> {
    let mut events = Vec::new();
    reader.drain(&mut events);
    events
}

#[test]
fn each_start_begins_where_it_says() {
    let (hub, path) = (hub(10_000), path());
    let publisher = hub.publish(&path, tracks(1)).unwrap();
    for n in 0..8 {
        publisher.push(unit(n, n % 3 == 0));
    }
    let mut group = hub.subscribe(&path, Start::Group).unwrap();
    let mut oldest = hub.subscribe(&path, Start::Oldest).unwrap();
    let mut next = hub.subscribe(&path, Start::Next).unwrap();
    publisher.push(unit(8, false));
    publisher.push(unit(9, true));
    assert_eq!(numbers(&drained(&mut group)), [6, 7, 8, 9]);
    assert_eq!(numbers(&drained(&mut oldest)), (0..10).collect::<Vec<_>>());
    let events = drained(&mut next);
    assert!(matches!(&events[0], Event::Tracks(t) if *t == tracks(1)));
    assert_eq!(numbers(&events), [9]);
}

#[test]
fn slow_reader_skips_to_next_key_frame_and_is_told_how_many_it_missed() {
    let (hub, path) = (hub(1_000), path());
    let publisher = hub.publish(&path, tracks(1)).unwrap();
    publisher.push(unit(0, true));
    let mut slow = hub.subscribe(&path, Start::Group).unwrap();
    drained(&mut slow);
    for n in 1..30 {
        publisher.push(unit(n, n % 4 == 0));
    }
    let events = drained(&mut slow);
    // Ten units fit: 20 to 29, of which 20 is a key frame.
    assert_eq!(events[0], Event::Skipped(19));
    assert_eq!(numbers(&events), (20..30).collect::<Vec<_>>());
}

#[test]
fn a_group_longer_than_the_ring_is_marked_and_new_readers_wait() {
    let (hub, path) = (hub(500), path());
    let publisher = hub.publish(&path, tracks(1)).unwrap();
    for n in 0..20 {
        publisher.push(unit(n, n == 0));
    }
    assert!(publisher.long_gop());
    let mut reader = hub.subscribe(&path, Start::Group).unwrap();
    assert!(drained(&mut reader).is_empty());
    publisher.push(unit(20, true));
    assert_eq!(numbers(&drained(&mut reader)), [20]);
    assert!(!publisher.long_gop());
}

#[test]
fn new_parameters_midstream_are_told_before_their_first_unit() {
    let (hub, path) = (hub(10_000), path());
    let publisher = hub.publish(&path, tracks(1)).unwrap();
    let mut reader = hub.subscribe(&path, Start::Next).unwrap();
    publisher.push(unit(0, true));
    publisher.describe(tracks(2));
    publisher.push(unit(1, false));
    publisher.push(unit(2, true));
    let events = drained(&mut reader);
    let expected = [
        Event::Tracks(tracks(1)),
        Event::Unit(unit(0, true)),
        Event::Tracks(tracks(2)),
        Event::Unit(unit(2, true)),
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_lost_source_ends_once_and_readers_resume_with_the_next_source() {
    let (hub, path) = (hub(10_000), path());
    let publisher = hub.publish(&path, tracks(1)).unwrap();
    assert!(hub.publish(&path, tracks(1)).is_err());
    let mut reader = hub.subscribe(&path, Start::Next).unwrap();
    publisher.push(unit(0, true));
    drop(publisher);
    let events = drained(&mut reader);
    assert_eq!(events.last(), Some(&Event::Ended));
    assert!(drained(&mut reader).is_empty());

    let publisher = hub.publish(&path, tracks(1)).unwrap();
    publisher.push(unit(1, true));
    let events = drained(&mut reader);
    assert_eq!(events, [Event::Tracks(tracks(1)), Event::Unit(unit(1, true))]);
}

#[test]
fn a_path_that_nobody_feeds_nor_would_does_not_exist() {
    let (hub, path) = (hub(1_000), path());
    assert!(hub.subscribe(&path, Start::Group).is_none());
    let demand = hub.demand(&path);
    assert!(hub.subscribe(&path, Start::Group).is_some());
    drop(demand);
    assert!(hub.subscribe(&path, Start::Group).is_none());
    assert!(hub.state(&path).is_none());
}

#[tokio::test(flavor = "current_thread")]
async fn demand_follows_the_readers_and_waiting_readers_are_woken() {
    let (hub, path) = (hub(1_000), path());
    let demand = hub.demand(&path);
    let mut reader = hub.subscribe(&path, Start::Group).unwrap();
    demand.wanted().await;
    let producer = async {
        let publisher = hub.publish(&path, tracks(1)).unwrap();
        publisher.push(unit(0, true));
        publisher
    };
    let (first, _publisher) = tokio::join!(reader.next(), producer);
    assert_eq!(first, Event::Tracks(tracks(1)));
    drop(reader);
    demand.unwanted().await;
}

#[test]
fn the_rings_bytes_are_counted_and_given_back() {
    let registry = prometheus::Registry::new();
    let metrics = Metrics::new(&registry).unwrap();
    let hub = Hub::new(RingLimits::default(), metrics.clone());
    let publisher = hub.publish(&path(), tracks(1)).unwrap();
    for n in 0..5 {
        publisher.push(unit(n, true));
    }
    assert_eq!(metrics.ring_bytes.get(), 500);
    drop(publisher);
    assert_eq!(metrics.ring_bytes.get(), 0);
}

proptest! {
    /// Whatever the order of pushes and looks, a reader sees increasing numbers, begins and resumes
    /// at key frames, and is told of every unit it missed.
    #[test]
    fn a_reader_sees_every_unit_or_is_told(steps in proptest::collection::vec((any::<bool>(), any::<bool>()), 1..200)) {
        let (hub, path) = (hub(700), path());
        let publisher = hub.publish(&path, tracks(1)).unwrap();
        let mut reader = hub.subscribe(&path, Start::Next).unwrap();
        let (mut number, mut expected, mut resumed) = (0, None::<i64>, true);
        for (look, key) in steps {
            publisher.push(unit(number, key));
            number += 1;
            if !look { continue }
            for event in drained(&mut reader) {
                match event {
                    Event::Unit(unit) => {
                        if resumed { prop_assert!(unit.key) }
                        if let Some(expected) = expected {
                            if resumed { prop_assert!(unit.dts.0 >= expected) } else { prop_assert_eq!(unit.dts.0, expected) }
                        }
                        resumed = false;
                        expected = Some(unit.dts.0 + 1);
                    }
                    Event::Skipped(missed) => {
                        resumed = true;
                        expected = expected.map(|e| e + i64::try_from(missed).unwrap());
                    }
                    Event::Tracks(_) | Event::Ended => {}
                }
            }
        }
    }
}

fn rules(max_readers: usize, override_publisher: bool) -> crate::paths::Rules {
    let name = "all_others".to_owned();
    let rule = crate::paths::Rule {
        name,
        publish: true,
        max_readers,
        override_publisher,
        ..Default::default()
    };
    crate::paths::Rules::new(vec![rule]).unwrap()
}

#[test]
fn a_new_publisher_takes_the_place_of_the_old_where_the_rule_says_so() {
    let (hub, path) = (hub(10_000), path());
    let publish = |rate| hub.publish_by_rule(&path, tracks(rate), Origin::default());
    assert_eq!(publish(1).err(), Some(NotPublishable::NoRule));
    hub.set_rules(rules(0, false));
    let old = publish(1).unwrap();
    assert_eq!(publish(2).err(), Some(NotPublishable::Taken));
    hub.set_rules(rules(0, true));
    old.push(unit(0, true));
    let mut reader = hub.subscribe(&path, Start::Group).unwrap();
    assert_eq!(numbers(&drained(&mut reader)), [0]);
    let new = publish(2).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(old.replaced());
    old.push(unit(1, false));
    old.describe(tracks(3));
    new.push(unit(5, true));
    drop(old);
    let events = drained(&mut reader);
    assert_eq!(events[0], Event::Tracks(tracks(2)));
    assert_eq!(numbers(&events), [5], "what the old one pushes goes nowhere, and it ends nothing");
    drop(new);
    assert_eq!(drained(&mut reader), [Event::Ended]);
    hub.set_cameras([base::CameraId::new("cam").unwrap()].into());
    assert_eq!(publish(1).err(), Some(NotPublishable::Camera));
}

#[test]
fn a_reserved_path_is_nobody_elses_and_its_readers_wait() {
    let (hub, path) = (hub(10_000), path());
    hub.set_rules(rules(0, false));
    let reserve = || hub.reserve_by_rule(&path, Origin::default());
    drop(reserve().unwrap());
    assert!(hub.subscribe(&path, Start::Group).is_none(), "given back");
    let reserved = reserve().unwrap();
    assert_eq!(reserve().err(), Some(NotPublishable::Taken));
    let mut reader = hub.subscribe(&path, Start::Group).unwrap();
    assert!(!hub.state(&path).unwrap().published);
    let publisher = reserved.begin(tracks(1)).unwrap();
    publisher.push(unit(0, true));
    assert_eq!(numbers(&drained(&mut reader)), [0]);
    hub.set_rules(rules(0, true));
    let other = reserve().unwrap();
    assert!(publisher.is_replaced() && !other.is_replaced());
    assert_eq!(drained(&mut reader), [Event::Ended]);
    let third = reserve().unwrap();
    assert!(other.is_replaced() && other.begin(tracks(1)).is_err());
    drop(publisher);
    assert!(third.begin(tracks(1)).is_ok());
    assert!(reserve().is_ok());
}

#[test]
fn a_path_takes_as_many_viewers_as_its_rule_says_and_recorders_do_not_count() {
    let (hub, path) = (hub(10_000), path());
    hub.set_rules(rules(1, false));
    let _publisher = hub.publish_by_rule(&path, tracks(1), Origin::default()).unwrap();
    let _recorder = hub.subscribe(&path, Start::Next).unwrap();
    let mut changes = hub.follow_changes();
    let viewer = hub.admit(&path, Start::Group).unwrap();
    assert_eq!(hub.admit(&path, Start::Group).err(), Some(NotAdmitted::Full));
    drop(viewer);
    assert!(hub.admit(&path, Start::Group).is_ok());
    assert!(matches!(changes.try_recv().unwrap().what, What::Read(_)));
    assert!(matches!(changes.try_recv().unwrap().what, What::Unread(_)));
}

#[test]
fn a_promise_is_taken_back_only_while_nobody_reads() {
    let (hub, path) = (hub(10_000), path());
    let mut demand = hub.demand(&path);
    let reader = hub.subscribe(&path, Start::Group).unwrap();
    assert!(!demand.leave());
    drop(reader);
    assert!(demand.leave());
    assert!(hub.subscribe(&path, Start::Group).is_none());
}

#[test]
fn no_reader_is_left_with_a_promise_that_is_gone() {
    let (hub, path) = (hub(10_000), path());
    for _ in 0..2_000 {
        let mut demand = hub.demand(&path);
        std::thread::scope(|threads| {
            let reader = threads.spawn(|| hub.subscribe(&path, Start::Group));
            let left = demand.leave();
            let reader = reader.join().unwrap();
            assert!(!(left && reader.is_some()), "left alone");
        });
    }
}

#[test]
fn readers_stay_over_a_source_that_comes_back_with_other_parameters() {
    let (hub, path) = (hub(10_000), path());
    let first = hub.publish(&path, tracks(1)).unwrap();
    let mut reader = hub.subscribe(&path, Start::Group).unwrap();
    first.push(unit(0, true));
    drop(first);
    let events = drained(&mut reader);
    assert_eq!(events.last(), Some(&Event::Ended));
    assert!(drained(&mut reader).is_empty(), "told once");
    let second = hub.publish(&path, tracks(2)).unwrap();
    second.push(unit(3, false));
    assert!(drained(&mut reader).is_empty(), "not before a key frame");
    second.push(unit(4, true));
    second.describe(tracks(3));
    second.push(unit(5, false));
    second.push(unit(6, true));
    let events = drained(&mut reader);
    assert_eq!(events[0], Event::Tracks(tracks(2)));
    assert!(events.contains(&Event::Tracks(tracks(3))));
    assert_eq!(numbers(&events), [4, 6]);
}
