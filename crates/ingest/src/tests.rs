//! Sources of real ffmpeg children into a real hub.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base::CameraId;
use base::task::{Pool, Scope};
use hub::{Event, Hub, RingLimits, Start};
use media::{AccessUnit, Tracks};
use prometheus::Registry;
use tokio::runtime::Handle;

use crate::source::tests::spec;
use crate::{Client, Config, Derived, Metrics, Service, SourceSpec};

struct Bench {
    hub: Hub,
    service: Service,
    _pool: Arc<Pool>,
}

fn bench() -> Bench {
    let registry = Registry::new();
    let limits = RingLimits { max_bytes: 16 << 20, max_duration: Duration::from_secs(12) };
    let hub = Hub::new(limits, hub::Metrics::new(&registry).unwrap());
    let pool = Arc::new(Pool::start("media", std::num::NonZeroUsize::MIN).unwrap());
    let scope = Scope::new(Handle::current());
    let metrics = Metrics::new(&registry).unwrap();
    let service = Service::new(hub.clone(), Arc::clone(&pool), scope, Config::default(), metrics);
    Bench { hub, service, _pool: pool }
}

/// A clip of two seconds; `None`, said loudly, where there is no ffmpeg.
async fn clip(folder: &Path, name: &str, codecs: &str) -> Option<String> {
    if child::find().is_none() {
        eprintln!("SKIPPED: ffmpeg is not here");
        return None;
    }
    let file = folder.join(name).display().to_string();
    let arguments = format!(
        "-y -f lavfi -i testsrc2=s=320x240:r=10 -f lavfi -i sine=r=48000 -t 2 {codecs} {file}"
    );
    let made = child::Ffmpeg::start("file,pipe", arguments.split_ascii_whitespace()).unwrap();
    made.wait().await.unwrap();
    Some(format!("file://{file}"))
}

async fn collect(hub: &Hub, spec: &SourceSpec, count: usize) -> (Tracks, Vec<AccessUnit>) {
    let mut reader = hub.follow(&spec.path, Start::Group);
    let (mut described, mut units) = (None, Vec::new());
    let all = async {
        while units.len() < count {
            match reader.next().await {
                Event::Tracks(tracks) => described = Some(tracks),
                Event::Unit(unit) => units.push(unit),
                Event::Skipped(_) | Event::Ended => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all).await.unwrap();
    (described.unwrap(), units)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_codec_that_ffmpeg_pulls_comes_with_its_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("a.mp4", "-c:v libx264 -bf 2 -g 10 -c:a aac", "h264", "aac"),
        ("b.mkv", "-c:v libx265 -x265-params log-level=none -c:a libopus", "h265", "opus"),
        ("c.mkv", "-c:v mjpeg -pix_fmt yuvj420p -c:a pcm_mulaw -ar 8000 -ac 1", "mjpeg", "pcmu"),
    ];
    for (name, codecs, video, audio) in cases {
        let Some(url) = clip(folder.path(), name, codecs).await else { return };
        let mut bench = bench();
        let spec = spec(&url, Client::Auto);
        bench.service.reconcile(vec![spec.clone()]);
        let (tracks, units) = collect(&bench.hub, &spec, 40).await;
        let names: Vec<&str> = tracks.all().iter().map(|track| track.parameters.name()).collect();
        assert_eq!(names, [video, audio]);
        assert_eq!(tracks.all()[0].parameters.size(), Some((320, 240)));
        let pictures: Vec<&AccessUnit> =
            units.iter().filter(|unit| unit.track == tracks.all()[0].id).collect();
        assert!(pictures[0].key && pictures.windows(2).all(|pair| pair[0].dts < pair[1].dts));
        assert!(bench.service.close(Duration::from_secs(5)).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_derived_stream_is_made_while_somebody_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(url) = clip(folder.path(), "a.mp4", "-c:v libx264 -g 10 -an").await else { return };
    let mut bench = bench();
    let main = spec(&url, Client::Auto);
    let derived = SourceSpec {
        name: "120p".to_owned(),
        path: base::StreamPath::new("cam1/120p").unwrap(),
        derived: Some(Derived {
            from: main.path.clone(),
            size: Some((160, 120)),
            framerate: Some(5),
            codec: None,
        }),
        on_demand: true,
        ..main.clone()
    };
    bench.service.reconcile(vec![main.clone(), derived.clone()]);
    let (tracks, units) = collect(&bench.hub, &derived, 5).await;
    assert_eq!(tracks.all()[0].parameters.size(), Some((160, 120)));
    assert!(units[0].key);
    let status = bench.service.status().get(&CameraId::new("cam1").unwrap()).unwrap();
    let names: Vec<&str> = status.streams.iter().map(|stream| stream.name.as_str()).collect();
    assert_eq!(names, ["main", "120p"]);
    assert!(bench.service.close(Duration::from_secs(5)).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_ffmpeg_cannot_pull_says_why() {
    if child::find().is_none() {
        return eprintln!("SKIPPED: ffmpeg is not here");
    }
    let mut bench = bench();
    let spec = spec("http://127.0.0.1:9/none", Client::Auto);
    bench.service.reconcile(vec![spec.clone()]);
    let failed = async {
        loop {
            let status = bench.service.status().get(spec.owner.camera().unwrap());
            if let Some(error) = status.and_then(|status| status.last_error) {
                return error.code;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), failed).await.unwrap(), "refused");
}

/// Files below a folder of the shared data; empty, said loudly, where it is not here.
fn recorded_messages() -> Vec<std::path::PathBuf> {
    let root = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let mut left = vec![root.join("../../../shared/data/rtsp")];
    let mut out = Vec::new();
    while let Some(path) = left.pop() {
        match std::fs::read_dir(&path) {
            Ok(entries) => left.extend(entries.flatten().map(|entry| entry.path())),
            Err(_) if path.is_file() => out.push(path),
            Err(_) => eprintln!("SKIPPED: cameras' recorded messages are not here"),
        }
    }
    out
}

/// Whatever a camera answers, there is a session or an error with a code, soon.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_camera_answers_is_a_session_or_a_failure_in_time() {
    let bench = bench();
    let metrics = Metrics::new(&Registry::new()).unwrap();
    let all = recorded_messages().into_iter().map(|path| {
        let outlet = |spec: &SourceSpec| {
            crate::outlet::Outlet::new(spec.clone(), bench.hub.clone(), metrics.clone())
        };
        async move {
            let answer = std::fs::read(&path).unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("rtsp://{}/x", listener.local_addr().unwrap());
            let spec = spec(&url, Client::Native);
            let both = async {
                tokio::join!(answer_always(listener, &answer), pull(&spec, outlet(&spec)))
            };
            let done = tokio::time::timeout(Duration::from_secs(30), both).await;
            assert!(done.is_ok(), "{} hangs", path.display());
        }
    });
    futures::future::join_all(all).await;
}

/// A camera that answers the first few requests with the same, and hangs up.
async fn answer_always(listener: tokio::net::TcpListener, answer: &[u8]) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut request = [0; 2_048];
    for _ in 0..3 {
        if !matches!(socket.read(&mut request).await, Ok(1..)) {
            return;
        }
        // The client may have hung up first.
        let _ = socket.write_all(answer).await;
    }
}

async fn pull(spec: &SourceSpec, outlet: crate::outlet::Outlet) {
    let choice = crate::session::Choice::new(spec);
    let limit = Duration::from_secs(5);
    let rules = crate::session::Rules { limit, outgoing: Arc::default() };
    match crate::session::Session::open(spec, outlet, &choice, &rules).await {
        Err(failure) => assert!(!failure.kind.code().is_empty()),
        Ok(mut session) => while session.step().await.is_ok() {},
    }
}

/// A camera that answers every request with this description.
async fn describing(description: &'static str) -> std::net::SocketAddr {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = vec![0; 4_096];
            let len = socket.read(&mut request).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..len]).into_owned();
            let number = text.lines().find(|line| line.starts_with("CSeq")).unwrap_or("CSeq: 1");
            let answer = format!(
                "RTSP/1.0 200 OK\r\n{number}\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{description}",
                description.len()
            );
            // Whoever asked may have left.
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_that_makes_a_library_panic_fails_its_own_source_which_is_tried_again() {
    let mut bench = bench();
    let hostile = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nnonsense\r\na=x\r\n";
    let address = describing(hostile).await;
    let spec = spec(&format!("rtsp://{address}/1"), Client::Native);
    bench.service.reconcile(vec![spec]);
    let id = CameraId::new("cam1").unwrap();
    let failures = || {
        let status = bench.service.status().get(&id)?;
        status.last_error.map(|error| (error.code, error.at))
    };
    let twice = async {
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 2 {
            seen.extend(failures());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        seen
    };
    let seen = tokio::time::timeout(Duration::from_secs(30), twice).await.unwrap();
    assert!(seen.iter().all(|(code, _)| *code == "panicked"), "{seen:?}");
    assert!(bench.service.close(Duration::from_secs(5)).await.is_empty());
}
