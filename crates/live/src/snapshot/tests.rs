//! Pictures of real key frames, by a real decoder.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::time::Duration;

use access::{Action, Object, Principal};
use base::{CameraId, Mono, Wall};
use bytes::Bytes;
use hub::{Hub, RingLimits};
use media::h264::{H264Parameters, nal};
use media::jpeg::JpegParameters;
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};
use tokio::io::AsyncReadExt;

use super::{Error, Service};

fn hub() -> Hub {
    let limits = RingLimits { max_bytes: 16 << 20, max_duration: Duration::from_secs(12) };
    Hub::new(limits, hub::Metrics::new(&prometheus::Registry::new()).unwrap())
}

fn lease() -> access::Lease {
    access::authorize(&Principal::open(), Action::WatchLive, &Object::Server).unwrap()
}

async fn encoded() -> Option<(H264Parameters, Bytes)> {
    if child::find().is_none() {
        eprintln!("SKIPPED: ffmpeg is not here");
        return None;
    }
    let arguments = "-f lavfi -i testsrc2=s=320x240:r=10 -frames:v 1 -c:v libx264 -pix_fmt yuv420p -f h264 pipe:1";
    let mut made = child::Ffmpeg::start("pipe", arguments.split(' ')).unwrap();
    let mut bytes = Vec::new();
    made.stdout().unwrap().read_to_end(&mut bytes).await.unwrap();
    let set = |kind| nal::annex_b(&bytes).find(|unit| nal::kind(unit) == kind).unwrap();
    let parameters = H264Parameters::from_sets(set(nal::SPS), set(nal::PPS)).unwrap();
    let picture = nal::annex_b(&bytes).filter(|unit| nal::kind(unit) == nal::IDR);
    Some((parameters, nal::join(picture)))
}

fn unit(data: Bytes) -> AccessUnit {
    AccessUnit {
        arrived: Mono::default(),
        arrived_wall: Wall::default(),
        ..AccessUnit::at_rest(TrackId(0), (Ticks(0), Ticks(0)), true, data)
    }
}

#[tokio::test]
async fn the_newest_key_frame_becomes_a_picture_of_the_size_asked_for() {
    let Some((parameters, key_frame)) = encoded().await else { return };
    let (hub, path) = (hub(), CameraId::new("cam").unwrap().main_path());
    let track = Track {
        id: TrackId(0),
        timescale: Timescale::VIDEO,
        parameters: Parameters::H264(parameters),
    };
    let publisher = hub.publish(&path, Tracks::new(vec![track])).unwrap();
    publisher.push(unit(key_frame));
    let service = Service::new(hub, 1);
    for (width, size) in [(None, (320, 240)), (Some(160), (160, 120))] {
        let picture = service.picture(&lease(), &path, width).await.unwrap();
        let read = JpegParameters::from_picture(&picture).unwrap();
        assert_eq!((read.width, read.height), size);
    }
    let again = service.picture(&lease(), &path, None).await.unwrap();
    assert_eq!(JpegParameters::from_picture(&again).unwrap().width, 320);
}

#[tokio::test]
async fn damaged_pictures_and_unknown_paths_are_errors() {
    let Some((parameters, _)) = encoded().await else { return };
    let (hub, path) = (hub(), CameraId::new("cam").unwrap().main_path());
    let track = Track {
        id: TrackId(0),
        timescale: Timescale::VIDEO,
        parameters: Parameters::H264(parameters),
    };
    let service = Service::new(hub.clone(), 1);
    let none = service.picture(&lease(), &path, None).await;
    assert!(matches!(none, Err(Error::NoStream)));
    let publisher = hub.publish(&path, Tracks::new(vec![track])).unwrap();
    publisher.push(unit(nal::join([&[0x65, 1, 2, 3][..]])));
    let failed = service.picture(&lease(), &path, None).await;
    assert_eq!(failed.map_err(|error| error.code()), Err("picture_failed"));
}
