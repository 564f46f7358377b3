//! Publishers whose packets are our own packetisers', read as any reader does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::atomic::Ordering;
use std::time::Duration;

use base::{Mono, StreamPath, Wall};
use bytes::Bytes;
use hub::paths::{NotPublishable, Rule, Rules};
use hub::{Event, Hub, Origin, RingLimits, Start, Subscriber};
use media::h264::nal::join;
use media::rtp::{self, Payload};
use media::sdp::{Announced, parse};
use media::{AccessUnit, Parameters, Tracks};
use proptest::prelude::*;

use super::{Order, PublishError, Sink};
use crate::sessions::Counters;

const SPS: &str = "6742c016da0280f6c0440000030004000003007a3c58ba80";
const PPS: [u8; 4] = [0x68, 0xce, 0x0f, 0xc8];
/// A camera's, 704x576, High.
const SPS_OTHER: &str = "6764001eac2c6a82c0f69b828082a0000003002000000303d08000";

const VIDEO: &str = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n";
const SETS: &str = "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAFtoCgPbARAAAAwAEAAADAHo8WLqA,aM4PyA==\r\n";
const AUDIO: &str = "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=control:streamid=1\r\n";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn announced(media: &[&str]) -> Announced {
    parse(format!("v=0\r\ns=-\r\n{}", media.concat()).as_bytes()).unwrap()
}

fn path() -> StreamPath {
    StreamPath::new("bus_1").unwrap()
}

fn new_hub() -> Hub {
    let metrics = hub::Metrics::new(&prometheus::Registry::new()).unwrap();
    let hub = Hub::new(RingLimits::default(), metrics);
    hub.set_rules(rules(false));
    hub
}

fn rules(override_publisher: bool) -> Rules {
    let name = hub::paths::ALL_OTHERS.to_owned();
    Rules::new(vec![Rule { name, publish: true, override_publisher, ..Rule::default() }]).unwrap()
}

fn open(hub: &Hub, media: &[&str], order: Order) -> Result<Sink, PublishError> {
    let origin = Origin { kind: "rtspSession", id: "1".to_owned() };
    Sink::open(hub, &path(), &announced(media), origin, order)
}

/// A publisher: its packets with headers, which go on from `sequence`.
struct Track {
    number: usize,
    payload_type: u8,
    sequence: u16,
    /// What its times begin with.
    base: u32,
}

const fn video() -> Track {
    Track { number: 0, payload_type: 96, sequence: 65_533, base: u32::MAX - 7_000 }
}

const fn audio() -> Track {
    Track { number: 1, payload_type: 97, sequence: 9, base: 1_000_000 }
}

impl Track {
    fn packets(&mut self, time: u32, payloads: &[Payload]) -> Vec<Bytes> {
        let made = |payload: &Payload| {
            let time = self.base.wrapping_add(time);
            let header = rtp::header(self.payload_type, payload.marker, self.sequence, time, 7);
            self.sequence = self.sequence.wrapping_add(1);
            Bytes::from([&header[..], &payload.data].concat())
        };
        payloads.iter().map(made).collect()
    }

    fn send(&mut self, sink: &mut Sink, at: u64, time: u32, payloads: &[Payload]) {
        for packet in self.packets(time, payloads) {
            sink.packet(millis(at), Wall::default(), self.number, &packet).unwrap();
        }
    }
}

fn millis(at: u64) -> Mono {
    Mono::from_nanos(at * 1_000_000)
}

fn picture(sets: &[&[u8]], key: bool) -> Vec<Payload> {
    let mut slice = vec![if key { 0x65 } else { 0x41 }, 0x88];
    slice.resize(3_000, 7);
    let units = sets.iter().copied().chain([&slice[..]]);
    rtp::h264(&join(units), &[])
}

fn sound() -> Vec<Payload> {
    rtp::opus(&Bytes::from_static(&[0x78, 1, 2, 3]))
}

fn drained(reader: &mut Subscriber) -> (Vec<Tracks>, Vec<AccessUnit>) {
    let (mut events, mut tracks, mut units) = (Vec::new(), Vec::new(), Vec::new());
    reader.drain(&mut events);
    for event in events {
        match event {
            Event::Tracks(told) => tracks.push(told),
            Event::Unit(unit) => units.push(unit),
            Event::Skipped(_) | Event::Ended => {}
        }
    }
    (tracks, units)
}

#[test]
fn a_path_is_fed_from_the_first_key_frame_until_the_publisher_leaves() {
    let hub = new_hub();
    let mut sink = open(&hub, &[VIDEO, SETS, AUDIO], Order::Kept).unwrap();
    let (mut pictures, mut sounds) = (video(), audio());
    pictures.send(&mut sink, 0, 0, &picture(&[], false));
    sounds.send(&mut sink, 5, 0, &sound());
    assert!(!sink.is_open() && sink.wants_key_frame());
    // Readers wait for it: the path is the publisher's, and nothing of it can be shown.
    let mut early = hub.subscribe(&path(), Start::Group).unwrap();
    assert_eq!(drained(&mut early), (Vec::new(), Vec::new()));
    for n in 1_u32..4 {
        pictures.send(&mut sink, u64::from(n) * 40, n * 3_600, &picture(&[], n == 1));
        sounds.send(&mut sink, u64::from(n) * 40 + 5, n * 1_920, &sound());
    }
    assert!(sink.is_open() && !sink.wants_key_frame());
    let mut reader = hub.subscribe(&path(), Start::Group).unwrap();
    let (tracks, units) = drained(&mut reader);
    assert_eq!(
        tracks[0].all().iter().map(|t| t.parameters.name()).collect::<Vec<_>>(),
        ["h264", "opus"]
    );
    // Sound came 5 ms after the pictures, which began at 0 with the one that nobody could use.
    let times: Vec<_> = units.iter().map(|unit| (unit.track.0, unit.dts.0, unit.key)).collect();
    let expected = [
        (0, 3_600, true),
        (1, 2_160, true),
        (0, 7_200, false),
        (1, 4_080, true),
        (0, 10_800, false),
        (1, 6_000, true),
    ];
    assert_eq!(times, expected);
    assert_eq!(hub.state(&path()).unwrap().origin.unwrap().0.kind, "rtspSession");
    drop(sink);
    assert!(!hub.state(&path()).unwrap().published);
}

#[test]
fn parameters_that_only_the_pictures_bring_are_found_and_followed() {
    let hub = new_hub();
    let mut sink = open(&hub, &[VIDEO], Order::Kept).unwrap();
    let mut pictures = video();
    let (sps, other) = (hex(SPS), hex(SPS_OTHER));
    pictures.send(&mut sink, 0, 0, &picture(&[], true));
    assert!(!sink.is_open());
    pictures.send(&mut sink, 40, 3_600, &picture(&[&sps, &PPS], true));
    let mut reader = hub.subscribe(&path(), Start::Group).unwrap();
    pictures.send(&mut sink, 80, 7_200, &picture(&[], false));
    pictures.send(&mut sink, 120, 10_800, &picture(&[&sps, &PPS], true));
    pictures.send(&mut sink, 160, 14_400, &picture(&[&other, &PPS], true));
    let (tracks, units) = drained(&mut reader);
    let sizes: Vec<_> =
        tracks.iter().map(|t| t.video().and_then(|t| t.parameters.size())).collect();
    assert_eq!(
        sizes,
        [Some((640, 480)), sink.tracks().unwrap().video().unwrap().parameters.size()]
    );
    assert_ne!(sizes[0], sizes[1]);
    assert_eq!(units.len(), 4);
    let known = &units[2].data;
    assert!(media::h264::nal::units(known).count() == 1, "known sets are left out");
}

/// A picture of 4:2:0 without Huffman tables of its own.
fn jpeg(width: u8) -> Bytes {
    let table = |number| [&[0xff, 0xdb, 0, 67, number][..], &[9; 64]].concat();
    let frame = [
        &[0xff, 0xc0, 0, 17, 8, 0, 64, 0, width, 3][..],
        &[1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0],
    ];
    let parts = [&[0xff, 0xd8][..], &table(0), &table(1), &frame.concat(), &[63, 0]];
    [&parts.concat()[..], &[5; 3_000], &[0xff, 0xd9]].concat().into()
}

#[test]
fn pictures_of_m_jpeg_tell_their_size_and_each_may_begin() {
    let hub = new_hub();
    let mut sink = open(&hub, &["m=video 0 RTP/AVP 26\r\n", AUDIO], Order::Kept).unwrap();
    let mut pictures = Track { payload_type: 26, ..video() };
    audio().send(&mut sink, 0, 0, &sound());
    assert!(!sink.is_open());
    pictures.send(&mut sink, 40, 3_600, &rtp::jpeg(&jpeg(64)));
    let mut reader = hub.subscribe(&path(), Start::Group).unwrap();
    pictures.send(&mut sink, 80, 7_200, &rtp::jpeg(&jpeg(64)));
    pictures.send(&mut sink, 120, 10_800, &rtp::jpeg(&jpeg(128)));
    let (tracks, units) = drained(&mut reader);
    let sizes: Vec<_> =
        tracks.iter().map(|t| t.video().and_then(|t| t.parameters.size())).collect();
    assert_eq!(sizes, [Some((64, 64)), Some((128, 64))]);
    let times: Vec<_> = units.iter().map(|unit| (unit.dts.0, unit.key)).collect();
    assert_eq!(
        times,
        [(7_200, true), (10_800, true), (14_400, true)].map(|(at, key)| (at - 3_600, key))
    );
    assert_eq!(rtp::jpeg(&units[0].data), rtp::jpeg(&jpeg(64)));
    assert!(!sink.wants_key_frame());
}

#[test]
fn a_path_has_one_publisher() {
    let hub = new_hub();
    let mut first = open(&hub, &[VIDEO, SETS], Order::Kept).unwrap();
    assert_eq!(
        open(&hub, &[VIDEO, SETS], Order::Kept).err(),
        Some(PublishError::Taken),
        "before any picture"
    );
    video().send(&mut first, 0, 0, &picture(&[], true));
    assert_eq!(open(&hub, &[VIDEO], Order::Kept).err(), Some(PublishError::Taken));
    drop(first);
    assert!(open(&hub, &[VIDEO], Order::Kept).is_ok());
    hub.set_rules(Rules::default());
    let refused = open(&hub, &[VIDEO], Order::Kept).err();
    assert_eq!(refused, Some(PublishError::NotPublishable(NotPublishable::NoRule)));
}

#[test]
fn a_publisher_that_is_replaced_ends_at_its_next_packet() {
    let hub = new_hub();
    hub.set_rules(rules(true));
    let mut first = open(&hub, &[VIDEO, SETS], Order::Kept).unwrap();
    let mut pictures = video();
    pictures.send(&mut first, 0, 0, &picture(&[], true));
    let mut second = open(&hub, &[VIDEO, SETS], Order::Kept).unwrap();
    let packets = pictures.packets(3_600, &picture(&[], true));
    let results = packets.iter().map(|p| first.packet(millis(40), Wall::default(), 0, p));
    assert_eq!(results.collect::<Result<Vec<()>, _>>(), Err(PublishError::Taken));
    assert_eq!(first.tick(millis(41), Wall::default()), Err(PublishError::Taken));
    drop(first);
    video().send(&mut second, 50, 0, &picture(&[], true));
    assert!(second.is_open() && hub.state(&path()).unwrap().published);
}

#[test]
fn what_cannot_be_carried_is_passed_over_or_refused_where_nothing_else_is_there() {
    let hub = new_hub();
    let foreign = "m=video 0 RTP/AVP 98\r\na=rtpmap:98 VP8/90000\r\n";
    assert_eq!(open(&hub, &[foreign], Order::Kept).err(), Some(PublishError::NothingToCarry));
    let mut sink = open(&hub, &[foreign, AUDIO], Order::Kept).unwrap();
    assert_eq!(sink.lead(), 1);
    let packet = Track { number: 0, ..video() }.packets(0, &picture(&[], true));
    sink.packet(millis(0), Wall::default(), 0, &packet[0]).unwrap();
    sink.packet(millis(0), Wall::default(), 99, &packet[0]).unwrap();
    audio().send(&mut sink, 0, 0, &sound());
    assert!(sink.is_open() && !sink.wants_key_frame());
}

#[test]
fn reports_put_sound_where_it_belongs() {
    let hub = new_hub();
    let mut sink = open(&hub, &[VIDEO, SETS, AUDIO], Order::Kept).unwrap();
    let (mut pictures, mut sounds) = (video(), audio());
    let moment = Wall::from_micros(1_736_949_600_000_000);
    let report = |base: u32| rtp::sender_report(7, moment, base, rtp::Sent::default());
    // Before the first packets, as ffmpeg does it.
    sink.rtcp(millis(0), 0, &report(pictures.base));
    sink.rtcp(millis(0), 1, &report(sounds.base));
    pictures.send(&mut sink, 0, 0, &picture(&[], true));
    sounds.send(&mut sink, 300, 960, &sound());
    let (_, units) = drained(&mut hub.subscribe(&path(), Start::Group).unwrap());
    assert_eq!(units.iter().map(|unit| unit.dts.0).collect::<Vec<_>>(), [0, 960]);
    sink.rtcp(millis(0), 1, &[1, 2, 3]);
    let counters = Counters::default();
    sink.count(&counters);
    assert_eq!(counters.inbound_rtcp_packets.load(Ordering::Relaxed), 3);
    assert_eq!(counters.inbound_rtcp_packets_in_error.load(Ordering::Relaxed), 1);
}

#[test]
fn a_clock_that_jumps_begins_a_new_description_on_the_same_time() {
    let hub = new_hub();
    let mut sink = open(&hub, &[VIDEO, SETS, AUDIO], Order::Kept).unwrap();
    let (mut pictures, mut sounds) = (video(), audio());
    pictures.send(&mut sink, 0, 0, &picture(&[], true));
    let mut reader = hub.subscribe(&path(), Start::Group).unwrap();
    pictures.send(&mut sink, 1_000, 90_000 * 3_600, &picture(&[], true));
    sounds.send(&mut sink, 1_010, 0, &sound());
    let (tracks, units) = drained(&mut reader);
    assert_eq!((tracks.len(), tracks.first()), (2, tracks.last()));
    assert_eq!(units.iter().map(|unit| unit.dts.0).collect::<Vec<_>>(), [0, 90_000, 48_480]);
}

#[test]
fn a_publisher_that_begins_anew_with_another_source_goes_on() {
    let hub = new_hub();
    let mut sink = open(&hub, &[VIDEO, SETS], Order::Restored(Duration::from_millis(100))).unwrap();
    let mut pictures = video();
    pictures.send(&mut sink, 0, 0, &picture(&[], true));
    let mut reader = hub.subscribe(&path(), Start::Group).unwrap();
    for packet in pictures.packets(5_000_000, &picture(&[], true)) {
        let other = [&packet[..8], &[9; 4], &packet[12..]].concat();
        sink.packet(millis(40), Wall::default(), 0, &Bytes::from(other)).unwrap();
    }
    let (tracks, units) = drained(&mut reader);
    assert_eq!(tracks.len(), 1);
    assert_eq!(units.iter().map(|unit| unit.dts.0).collect::<Vec<_>>(), [0, 3_600]);
}

#[test]
fn a_lost_packet_takes_one_picture_and_is_counted() {
    let hub = new_hub();
    let order = Order::Restored(Duration::from_millis(100));
    let mut sink = open(&hub, &[VIDEO, SETS], order).unwrap();
    let mut pictures = video();
    pictures.send(&mut sink, 0, 0, &picture(&[], true));
    let mut lost = pictures.packets(3_600, &picture(&[], false));
    lost.remove(1);
    for packet in lost.iter().chain(&pictures.packets(7_200, &picture(&[], false))) {
        sink.packet(millis(40), Wall::default(), 0, packet).unwrap();
    }
    let mut reader = hub.subscribe(&path(), Start::Group).unwrap();
    assert_eq!(drained(&mut reader).1.len(), 1);
    let due = sink.next_deadline().unwrap();
    assert_eq!(due, millis(140));
    sink.tick(due, Wall::default()).unwrap();
    let units = drained(&mut reader).1;
    assert_eq!(units.iter().map(|u| (u.dts.0, u.lost_packets)).collect::<Vec<_>>(), [(7_200, 1)]);
    assert!(sink.wants_key_frame() && sink.next_deadline().is_none());
    let counters = Counters::default();
    sink.count(&counters);
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!((read(&counters.inbound_packets), read(&counters.inbound_packets_lost)), (8, 1));
    assert_eq!(read(&counters.inbound_packets_in_error), 0);
    assert!(sink.receiver_report(millis(200), 0, 5).is_some());
}

proptest! {
    #[test]
    fn whatever_a_publisher_sends_is_taken(restored: bool, packets in proptest::collection::vec((0_usize..3, any::<bool>(), any::<u32>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..40)) {
        let hub = new_hub();
        let order = if restored { Order::Restored(Duration::from_millis(50)) } else { Order::Kept };
        let mut sink = open(&hub, &[VIDEO, SETS, AUDIO], order).unwrap();
        let (mut pictures, mut at) = (video(), 0);
        for (track, whole, time, mut bytes) in packets {
            at += u64::from(time % 100);
            sink.rtcp(millis(at), track, &bytes);
            if whole {
                pictures.send(&mut sink, at, time, &picture(&[&bytes], time % 2 == 0));
            } else if let Some(first) = bytes.first_mut() {
                *first = 0x80;
                sink.packet(millis(at), Wall::default(), track, &Bytes::from(bytes)).unwrap();
            }
            sink.tick(millis(at), Wall::default()).unwrap();
        }
        let (_, units) = drained(&mut hub.subscribe(&path(), Start::Oldest).unwrap());
        prop_assert!(units.is_empty() || sink.is_open());
        if let Some(tracks) = sink.tracks() {
            let known: Vec<&Parameters> = tracks.all().iter().map(|t| &t.parameters).collect();
            prop_assert!(known.len() == 2 && units.iter().all(|unit| unit.track.0 < 2));
        }
    }
}
