//! What a page's tiles get.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use base::{Mono, StreamPath, Wall};
use bytes::Bytes;
use hub::Event;
use media::audio::{G711Parameters, Law, OpusParameters};
use media::h264::H264Parameters;
use media::mp4::{StreamEvent, StreamReader, StreamSample};
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};

use super::feed::{Feed, Place};
use super::{Piece, Sent};
use crate::hls::Error;

/// Pictures, Opus, and what is not carried.
fn tracks() -> Tracks {
    let sps = [
        0x67, 0x42, 0xc0, 0x16, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0,
        0x7a, 0x3c, 0x58, 0xba, 0x80,
    ];
    let h264 = H264Parameters::from_sets(&sps, &[0x68, 0xce, 0x0f, 0xc8]).unwrap();
    let all = [
        Parameters::H264(h264),
        Parameters::Opus(OpusParameters { channels: 1, pre_skip: 312 }),
        Parameters::G711(G711Parameters { law: Law::A, sample_rate: 8_000, channels: 1 }),
    ];
    let track =
        |(id, parameters)| Track { id: TrackId(id), timescale: Timescale::VIDEO, parameters };
    Tracks::new((0..).zip(all).map(track).collect())
}

/// The `n`th picture of 15 a second, a key frame every 30.
fn picture(n: i64) -> AccessUnit {
    let at = Ticks(n * 6_000);
    AccessUnit {
        arrived: Mono::default(),
        arrived_wall: Wall::from_micros(1_736_949_600_000_000 + n * 66_667),
        ..AccessUnit::at_rest(
            TrackId(0),
            (at, at),
            n % 30 == 0,
            Bytes::from_static(&[0, 0, 0, 2, 0x65, 1]),
        )
    }
}

fn feed(pictures: std::ops::Range<i64>) -> Arc<Feed> {
    let feed = Arc::new(Feed::new(StreamPath::new("cam").unwrap()));
    feed.take(std::iter::once(Event::Tracks(tracks())));
    push(&feed, pictures);
    feed
}

fn push(feed: &Feed, pictures: std::ops::Range<i64>) {
    feed.take(pictures.map(|n| Event::Unit(picture(n))));
}

fn piece(feed: &Feed, place: &mut Place) -> Piece {
    match feed.next(place) {
        Some(Ok(Sent::Piece(piece))) => piece,
        other => panic!("no piece but {other:?}"),
    }
}

fn samples(init: &Bytes, pieces: &[Piece]) -> Vec<StreamSample> {
    let (mut reader, mut events) = (StreamReader::default(), Vec::new());
    reader.push(init, &mut events).unwrap();
    pieces.iter().for_each(|piece| reader.push(&piece.bytes, &mut events).unwrap());
    let sample = |event| match event {
        StreamEvent::Sample(sample) => Some(sample),
        StreamEvent::Tracks(_) => None,
    };
    events.into_iter().filter_map(sample).collect()
}

#[test]
fn who_comes_gets_the_group_squeezed_and_then_a_part_per_picture() {
    let feed = feed(0..50);
    let mut place = Place::default();
    let Some(Ok(Sent::Init(init))) = feed.next(&mut place) else { panic!("no description") };
    assert_eq!((init.codecs.as_str(), init.size.is_some()), ("avc1.42c016,opus", true));
    assert_eq!(init.omitted, ["pcma"]);
    let first = piece(&feed, &mut place);
    assert!(first.key && feed.next(&mut place).is_none());
    assert_eq!(first.newest, picture(49).arrived_wall);
    push(&feed, 50..52);
    let more = [piece(&feed, &mut place), piece(&feed, &mut place)];
    assert!(!more[0].key && feed.next(&mut place).is_none());
    let all = [first, more[0].clone(), more[1].clone()];
    let times: Vec<_> = samples(&init.bytes, &all).iter().map(|sample| sample.dts.0).collect();
    // Pictures 30 to 49 lie within a tenth of a second, those after them where they were.
    assert_eq!(times.len(), 22);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    assert!(times[19] - times[0] <= 9_001, "{times:?}");
    assert_eq!((times[20] - times[19], times[21] - times[20]), (6_000, 6_000));
}

#[test]
fn who_is_too_slow_is_told_and_goes_on_at_the_live_edge() {
    let feed = feed(0..31);
    let mut place = Place::default();
    let Some(Ok(Sent::Init(init))) = feed.next(&mut place) else { panic!("no description") };
    let first = piece(&feed, &mut place);
    push(&feed, 31..70);
    assert_eq!(feed.next(&mut place), Some(Ok(Sent::Skipped)));
    let next = piece(&feed, &mut place);
    assert!(next.key && feed.next(&mut place).is_none());
    let before = samples(&init.bytes, &[first]).last().unwrap().dts;
    let after = samples(&init.bytes, &[next]);
    assert!(after[0].key && after[0].dts > before);
    assert_eq!(after.len(), 10);
}

#[test]
fn a_slow_reader_has_two_seconds() {
    let feed = feed(0..31);
    let mut place = Place::default();
    feed.next(&mut place);
    piece(&feed, &mut place);
    push(&feed, 31..60);
    (31..60).for_each(|n| assert_eq!(piece(&feed, &mut place).newest, picture(n).arrived_wall));
}

#[test]
fn a_source_that_comes_back_is_told_with_a_description_of_its_own() {
    let feed = feed(0..40);
    let mut place = Place::default();
    let Some(Ok(Sent::Init(init))) = feed.next(&mut place) else { panic!("no description") };
    let first = piece(&feed, &mut place);
    feed.take(std::iter::once(Event::Ended));
    assert_eq!(feed.next(&mut place), Some(Ok(Sent::Waiting)));
    assert_eq!(feed.next(&mut place), None, "it is told once");
    feed.take([Event::Tracks(tracks()), Event::Unit(picture(0))].into_iter());
    assert!(matches!(feed.next(&mut place), Some(Ok(Sent::Init(_)))));
    let next = piece(&feed, &mut place);
    let last = samples(&init.bytes, &[first]).last().unwrap().dts;
    assert!(samples(&init.bytes, &[next])[0].dts >= last, "times go on");
}

#[test]
fn a_stream_of_which_nothing_is_carried_is_an_error() {
    let feed = Feed::new(StreamPath::new("cam").unwrap());
    let sound = tracks().filtered(|track| track.parameters.name() == "pcma");
    feed.take(std::iter::once(Event::Tracks(sound)));
    assert_eq!(feed.has_begun(), Err(Error::NothingToCarry(vec!["pcma"])));
    assert_eq!(feed.next(&mut Place::default()), Some(Err(Error::NothingToCarry(vec!["pcma"]))));
}

#[test]
fn sound_travels_with_the_pictures() {
    let feed = feed(0..1);
    let sound = |at: i64| AccessUnit {
        track: TrackId(1),
        ..AccessUnit::at_rest(TrackId(1), (Ticks(at), Ticks(at)), true, Bytes::from_static(&[7]))
    };
    feed.take((0..6).map(|n| Event::Unit(sound(n * 1_800))));
    let mut place = Place::default();
    let Some(Ok(Sent::Init(init))) = feed.next(&mut place) else { panic!("no description") };
    let first = piece(&feed, &mut place);
    push(&feed, 1..2);
    let both = samples(&init.bytes, &[first, piece(&feed, &mut place)]);
    let sounds = both.iter().filter(|sample| sample.track == TrackId(1)).count();
    assert_eq!((both.len(), sounds), (8, 6));
}
