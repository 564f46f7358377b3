//! ffmpeg publishes over UDP what each encoder of its makes, and the hub's reader judges what comes out.
//! Without ffmpeg this test says that it was skipped.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use base::{Clock, StreamPath, SystemClock};
use bytes::Bytes;
use hub::paths::{Rule, Rules};
use hub::{Event, Hub, Origin, RingLimits, Start};
use live::publish::{Order, Sink};
use live::sessions::Counters;
use media::{AccessUnit, Tracks, sdp};

const PICTURES: &str = "-f lavfi -i testsrc2=size=640x360:rate=25:duration=2";
const SOUND: &str = "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=2";

/// Starts ffmpeg, or says that there is none.
fn ffmpeg(args: &str) -> Option<Child> {
    let started = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-re"])
        .args(args.split_whitespace())
        .stdout(Stdio::piped())
        .spawn();
    started.map_err(|_| eprintln!("SKIPPED: no ffmpeg here")).ok()
}

/// What a reader of the hub gets of a publisher that sends `codec`, and what it is announced as.
fn published(codec: &str) -> Option<(Tracks, Vec<AccessUnit>)> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let port = socket.local_addr().unwrap().port();
    let to = format!("-f rtp rtp://127.0.0.1:{port}?rtcpport={port}&pkt_size=1200");
    let mut child = ffmpeg(&format!("{codec} {to}"))?;
    let mut stdout = child.stdout.take().unwrap();
    let description = std::thread::spawn(move || std::io::read_to_string(&mut stdout).unwrap());
    // All packets first: ffmpeg tells the description at its own time.
    let (mut packets, mut buffer, mut has_ended) = (Vec::new(), vec![0; 2_048], false);
    loop {
        match socket.recv(&mut buffer) {
            Ok(len) => packets.push((SystemClock.mono(), Bytes::copy_from_slice(&buffer[..len]))),
            Err(_) if has_ended => break,
            Err(_) => has_ended = child.try_wait().unwrap().is_some(),
        }
    }
    let description = description.join().unwrap();
    let text = description.split_once("v=0").map(|(_, rest)| format!("v=0{rest}")).unwrap();
    read(&sdp::parse(text.as_bytes()).unwrap(), &packets)
}

fn read(
    announced: &sdp::Announced,
    packets: &[(base::Mono, Bytes)],
) -> Option<(Tracks, Vec<AccessUnit>)> {
    let hub =
        Hub::new(RingLimits::default(), hub::Metrics::new(&prometheus::Registry::new()).unwrap());
    let name = hub::paths::ALL_OTHERS.to_owned();
    let rule = Rule { name, publish: true, ..Rule::default() };
    hub.set_rules(Rules::new(vec![rule]).unwrap());
    let path = StreamPath::new("cam").unwrap();
    let order = Order::Restored(Duration::from_millis(100));
    let mut sink = Sink::open(&hub, &path, announced, Origin::default(), order).unwrap();
    for (now, packet) in packets {
        // RTP and RTCP over one port (RFC 5761 section 4).
        if (200..208).contains(&packet[1]) {
            sink.rtcp(*now, 0, packet);
        } else {
            sink.packet(*now, SystemClock.wall(), 0, packet).unwrap();
        }
        sink.tick(*now, SystemClock.wall()).unwrap();
    }
    let counters = Counters::default();
    sink.count(&counters);
    assert_eq!(counters.inbound_packets_in_error.load(Ordering::Relaxed), 0);
    assert_eq!(counters.inbound_packets_lost.load(Ordering::Relaxed), 0);
    assert!(counters.inbound_rtcp_packets.load(Ordering::Relaxed) > 0);
    let (mut events, mut units, mut tracks) = (Vec::new(), Vec::new(), None);
    hub.subscribe(&path, Start::Oldest).unwrap().drain(&mut events);
    for event in events {
        match event {
            Event::Tracks(told) => assert!(tracks.replace(told).is_none(), "described twice"),
            Event::Unit(unit) => units.push(unit),
            other => panic!("{other:?}"),
        }
    }
    tracks.map(|tracks| (tracks, units))
}

/// Publishes, and checks what holds of every codec: name, count, growing times of about two seconds.
fn check(
    codec: &str,
    name: &str,
    count: std::ops::RangeInclusive<usize>,
) -> Option<Vec<AccessUnit>> {
    let (tracks, units) = published(codec)?;
    let track = &tracks.all()[0];
    assert_eq!(track.parameters.name(), name);
    assert!(count.contains(&units.len()), "{name}: {}", units.len());
    assert!(units[0].key && units.iter().all(|unit| unit.lost_packets == 0));
    assert!(units.windows(2).all(|pair| pair[0].dts < pair[1].dts), "{name}: times go back");
    let span = track.timescale.to_micros(units.last()?.dts - units[0].dts);
    assert!((1_700_000..2_200_000).contains(&span), "{name}: {span}");
    Some(units)
}

#[test]
fn pictures_of_ffmpeg_become_a_stream_each_whole_and_in_time() {
    let low = "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 25";
    let Some(units) = check(&format!("{PICTURES} {low}"), "h264", 50..=50) else { return };
    assert_eq!(units.iter().filter(|unit| unit.key).count(), 2);
    let reordered = "-c:v libx264 -preset veryfast -bf 3 -pix_fmt yuv420p -g 25";
    let Some(units) = check(&format!("{PICTURES} {reordered}"), "h264", 50..=50) else { return };
    assert!(units.iter().any(|unit| unit.pts > unit.dts), "there are B-frames");
    let steps: Vec<i64> = units.windows(2).skip(8).map(|p| p[1].dts.0 - p[0].dts.0).collect();
    assert!(steps.iter().all(|step| (3_599..=3_601).contains(step)), "{steps:?}");
    let h265 =
        "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25 -pix_fmt yuv420p";
    check(&format!("{PICTURES} {h265}"), "h265", 50..=50);
}

#[test]
fn sound_of_ffmpeg_becomes_a_stream_each_whole_and_in_time() {
    check(&format!("{SOUND} -c:a aac -b:a 64k"), "aac", 92..=97);
    check(&format!("{SOUND} -c:a libopus -b:a 32k"), "opus", 98..=102);
    check(&format!("{SOUND} -ar 8000 -c:a pcm_mulaw"), "pcmu", 12..=200);
    check(&format!("{SOUND} -ar 8000 -c:a pcm_alaw"), "pcma", 12..=200);
}
