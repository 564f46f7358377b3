//! HLS over the front door: both formats, and what is left out.

use base::{Mono, StreamPath, Wall};
use bytes::Bytes;
use media::audio::{G711Parameters, Law};
use media::h264::H264Parameters;
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};

use super::*;

pub(super) fn tracks() -> Tracks {
    let sps = [
        0x67, 0x42, 0xc0, 0x16, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0,
        0x7a, 0x3c, 0x58, 0xba, 0x80,
    ];
    let h264 = H264Parameters::from_sets(&sps, &[0x68, 0xce, 0x0f, 0xc8]).unwrap();
    let g711 = G711Parameters { law: Law::A, sample_rate: 8_000, channels: 1 };
    let all = [Parameters::H264(h264), Parameters::G711(g711)];
    let track =
        |(id, parameters)| Track { id: TrackId(id), timescale: Timescale::VIDEO, parameters };
    Tracks::new((0..).zip(all).map(track).collect())
}

pub(super) fn picture(n: i64) -> AccessUnit {
    AccessUnit {
        track: TrackId(0),
        dts: Ticks(n * 45_000),
        pts: Ticks(n * 45_000),
        key: n % 2 == 0,
        data: Bytes::from_static(&[0, 0, 0, 2, 0x65, 1]),
        lost_packets: 0,
        arrived: Mono::default(),
        arrived_wall: Wall::default(),
        packets: Default::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_formats_of_hls_are_played_and_say_what_they_leave_out() {
    let door = door(|_| {}).await;
    let path = StreamPath::new("cam").unwrap();
    let publisher = door.hub.publish(&path, tracks()).unwrap();
    (0..7).for_each(|n| publisher.push(picture(n)));
    for (query, ending, media_type) in
        [("", "m4s", "video/iso.segment"), ("?variant=ts", "ts", "video/mp2t")]
    {
        let list = door.get(&format!("/live/cam/main_stream.m3u8{query}")).await;
        assert_eq!(list.headers["x-vedette-omitted"], "pcma", "{}", list.text);
        let address = last_address(&list.text);
        assert!(address.contains(&format!(".{ending}?session=")), "{}", list.text);
        let segment = door.get(&address).await;
        assert_eq!(
            (segment.status, &segment.headers["content-type"]),
            (200, &media_type.parse().unwrap())
        );
    }
    let list = door.get("/live/cam/index.m3u8?variant=ts").await;
    assert!(list.text.contains("#EXT-X-PROGRAM-DATE-TIME") && list.text.contains(".ts?session="));
    assert_eq!(list.headers["content-type"], "application/vnd.apple.mpegurl");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_which_hls_carries_nothing_is_refused_with_its_codecs() {
    let door = door(|_| {}).await;
    let path = StreamPath::new("cam").unwrap();
    let sound = tracks().filtered(|track| !track.parameters.is_video());
    let publisher = door.hub.publish(&path, sound).unwrap();
    publisher.push(AccessUnit { track: TrackId(1), ..picture(0) });
    let got = door.get("/live/cam/index.m3u8").await;
    assert_eq!((got.status, &got.json()["code"]), (406, &"stream_not_carried".into()));
    assert_eq!(
        (&got.headers["x-vedette-omitted"], &got.json()["codecs"]),
        (&"pcma".parse().unwrap(), &"pcma".into())
    );
}

/// The address behind the last line of a playlist that is one.
fn last_address(playlist: &str) -> String {
    let line = playlist.lines().rfind(|line| !line.starts_with('#')).unwrap();
    format!("/live/cam/{line}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_is_one_session_from_its_first_request_to_its_parts() {
    let door = door(|_| {}).await;
    let path = StreamPath::new("cam").unwrap();
    let publisher = door.hub.publish(&path, tracks()).unwrap();
    (0..7).for_each(|n| publisher.push(picture(n)));
    let index = door.ask("GET", "/live/cam/index.m3u8", &[("user-agent", "player/1")]).await;
    let main = last_address(&index.text);
    let list = door.get(&main).await;
    let (_, session) = main.split_once("?session=").unwrap();
    // Every address carries it.
    let named = list.text.lines().filter(|line| line.contains("URI=") || !line.starts_with('#'));
    assert!(
        named.clone().count() > 3 && named.clone().all(|line| line.contains(session)),
        "{}",
        list.text
    );
    let segment = door.get(&last_address(&list.text)).await;
    assert_eq!(segment.status, 200);
    let hint = list.text.split("PRELOAD-HINT:TYPE=PART,URI=\"").nth(1).unwrap();
    let hint = format!("/live/cam/{}", hint.split('"').next().unwrap());
    let awaited = door.get(&hint);
    let publish = async { (7..11).for_each(|n| publisher.push(picture(n))) };
    let (part, ()) = tokio::join!(awaited, publish);
    assert_eq!(
        (part.status, &part.headers["content-type"]),
        (200, &"video/iso.segment".parse().unwrap())
    );
    for (query, code) in [
        ("_HLS_msn=4000000000", "playlist_too_far_ahead"),
        ("_HLS_part=1", "playlist_part_alone"),
        ("_HLS_msn=-1", "invalid_number"),
    ] {
        let got = door.get(&format!("{main}&{query}")).await;
        assert_eq!((got.status, &got.json()["code"]), (400, &code.into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_address_is_handed_on_to_parts_and_to_what_comes_next() {
    let door = access_rules::login_door().await;
    let publisher = door.hub.publish(&StreamPath::new("cam").unwrap(), tracks()).unwrap();
    (0..7).for_each(|n| publisher.push(picture(n)));
    let user = door.user("omar", catalog::Role::Viewer, &["*"]).await;
    let end = SystemClock.wall().plus_micros(60_000_000);
    let token = door.link(&user, "cam", access::Purpose::Live, end);
    let index = door.get(&format!("/live/cam/index.m3u8?token={token}")).await;
    let main = last_address(&index.text);
    let list = door.get(&main).await;
    let named: Vec<_> = list
        .text
        .lines()
        .filter(|line| line.contains("URI=\"") || !line.starts_with('#'))
        .collect();
    assert!(named.iter().any(|line| line.contains("#EXT-X-PART:")), "{}", list.text);
    for line in named {
        let uri = line.split("URI=\"").last().unwrap().split('"').next().unwrap();
        assert!(uri.contains("?session=") && uri.contains(&format!("&token={token}")), "{line}");
    }
    assert_eq!(door.get(&last_address(&list.text)).await.status, 200);
}
