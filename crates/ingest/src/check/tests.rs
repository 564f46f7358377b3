//! Each way in which a camera gives nothing, against simulated ones and against answers by hand.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::indexing_slicing)]

use base::Secret;
use sim::rtsp::{Credentials, Options, Scheme, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

use super::*;
use crate::Client;
use crate::source::tests::spec;

async fn tried(spec: &SourceSpec) -> (Result<StreamInfo, Failure>, Vec<Step>) {
    tried_within(spec, &Limits::default()).await
}

async fn tried_within(
    spec: &SourceSpec,
    limits: &Limits,
) -> (Result<StreamInfo, Failure>, Vec<Step>) {
    let mut steps = Vec::new();
    let result = probe(spec, limits, |step| steps.push(step)).await;
    (result, steps)
}

async fn kind(spec: &SourceSpec) -> Kind {
    tried(spec).await.0.unwrap_err().kind
}

async fn simulator(password: Option<&str>) -> Option<Simulator> {
    simulator_with(password, Scheme::Digest).await
}

async fn simulator_with(password: Option<&str>, scheme: Scheme) -> Option<Simulator> {
    if child::find().is_none() {
        eprintln!("SKIPPED: ffmpeg is not here");
        return None;
    }
    let credentials = password.map(|password| Credentials {
        user: "admin".to_owned(),
        password: Secret::new(password.to_owned()),
        scheme,
    });
    let options = Options { width: 320, height: 240, gop: 1.0, credentials, ..Options::default() };
    Some(Simulator::start(options).await.unwrap())
}

/// A server that answers OPTIONS, and DESCRIBE with these media lines.
async fn answering(sdp: &'static str) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 2_048];
            while let Ok(len @ 1..) = stream.read(&mut request).await {
                let text = String::from_utf8_lossy(&request[..len]).into_owned();
                let sequence = text.lines().find(|line| line.starts_with("CSeq:")).unwrap();
                let body = format!("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n{sdp}");
                let answer = format!(
                    "RTSP/1.0 200 OK\r\n{sequence}\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    Url::parse(&format!("rtsp://{address}/stream")).unwrap()
}

#[tokio::test]
async fn a_camera_that_works_is_described_step_by_step() {
    let Some(simulator) = simulator(None).await else { return };
    let address = simulator.address();
    let (found, steps) = tried(&spec(&format!("rtsp://{address}/cam1"), Client::Auto)).await;
    let found = found.unwrap();
    assert_eq!((found.codec.as_str(), found.width, found.height), ("h264", 320, 240));
    assert!((found.fps - 15.0).abs() < 0.5, "{found:?}");
    assert!((found.key_frame_interval - 1.0).abs() < 0.1, "{found:?}");
    assert!(found.bitrate > 0 && !found.profile.is_empty(), "{found:?}");
    let [name, connected, playing, Step::Picture(_)] = steps.as_slice() else {
        panic!("{steps:?}")
    };
    assert_eq!(*name, Step::Name(address.ip()));
    assert_eq!(*connected, Step::Connected(address.port()));
    assert_eq!(*playing, Step::Playing { by_ffmpeg: false });
}

#[tokio::test]
async fn wrong_and_missing_passwords_and_paths_are_told_apart() {
    let Some(simulator) = simulator(Some("right")).await else { return };
    let mut spec = spec(&format!("rtsp://{}/cam1", simulator.address()), Client::Auto);
    assert_eq!(kind(&spec).await, Kind::CredentialsMissing);
    spec.username = "admin".to_owned();
    spec.password = Secret::new("wrong".to_owned());
    let failure = tried(&spec).await.0.unwrap_err();
    assert_eq!(failure.kind, Kind::Unauthorized);
    assert!(!format!("{failure:?}").contains("wrong"), "{failure:?}");
    spec.password = Secret::new("right".to_owned());
    assert!(tried(&spec).await.0.is_ok());
    spec.url.set_path("/cam9");
    let failure = tried(&spec).await.0.unwrap_err();
    assert_eq!((failure.kind, failure.args["path"].as_str()), (Kind::NotFound, "/cam9"));
}

#[tokio::test]
async fn the_built_in_client_logs_in_with_each_scheme() {
    let schemes = [Scheme::Basic, Scheme::Digest, Scheme::DigestSha256, Scheme::Any];
    let tries = schemes.map(|scheme| async move {
        let Some(simulator) = simulator_with(Some("right"), scheme).await else { return };
        let mut spec = spec(&format!("rtsp://{}/cam1", simulator.address()), Client::Native);
        spec.username = "admin".to_owned();
        spec.password = Secret::new("wrong".to_owned());
        assert_eq!(kind(&spec).await, Kind::Unauthorized, "{scheme:?}");
        spec.password = Secret::new("right".to_owned());
        let (found, _) = tried(&spec).await;
        assert!(found.is_ok(), "{scheme:?}: {found:?}");
    });
    let mut running = tokio::task::JoinSet::new();
    tries.into_iter().for_each(|one| drop(running.spawn(one)));
    running.join_all().await;
}

#[tokio::test]
async fn names_ports_and_silence_are_told_apart() {
    // A label of 64 letters is no name anywhere, so that no name server need be asked.
    let name = format!("rtsp://{}.invalid/1", "a".repeat(64));
    assert_eq!(kind(&spec(&name, Client::Auto)).await, Kind::NameUnknown);
    // Bound and not listening: it refuses, and no other test can be given the port.
    let refusing = TcpSocket::new_v4().unwrap();
    refusing.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = refusing.local_addr().unwrap();
    let (result, steps) = tried(&spec(&format!("rtsp://{address}/1"), Client::Auto)).await;
    let failure = result.unwrap_err();
    assert_eq!((failure.kind, steps.len()), (Kind::Refused, 1));
    assert_eq!(failure.args["port"], address.port().to_string());
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rtsp://{}/1", mute.local_addr().unwrap());
    let short = Limits { step: Duration::from_millis(200), ..Limits::default() };
    let (result, steps) = tried_within(&spec(&url, Client::Native), &short).await;
    assert_eq!((result.unwrap_err().kind, steps.len()), (Kind::Timeout, 2));
}

#[tokio::test]
async fn no_video_and_unknown_codecs_are_told_apart() {
    let audio = answering("m=audio 0 RTP/AVP 0\r\na=control:a\r\n").await;
    assert_eq!(kind(&spec(audio.as_str(), Client::Native)).await, Kind::NoVideo);
    let vp8 = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\na=control:v\r\n";
    let vp8 = answering(vp8).await;
    let failure = tried(&spec(vp8.as_str(), Client::Native)).await.0.unwrap_err();
    assert_eq!((failure.kind, failure.args["codec"].as_str()), (Kind::CodecUnsupported, "vp8"));
}

#[tokio::test]
async fn what_ffmpeg_cannot_pull_is_told_as_well() {
    if child::find().is_none() {
        return eprintln!("SKIPPED: ffmpeg is not here");
    }
    let missing = spec("file:///nowhere/clip.mp4", Client::Auto);
    assert_eq!(kind(&missing).await, Kind::NotFound);
}

#[tokio::test]
async fn what_is_denied_is_told_before_anything_is_sent() {
    let camera = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let network = |text| base::net::Network::parse(text).unwrap();
    let deny = vec![network("127.0.0.0/8"), network("::1")];
    let outgoing = Arc::new(Outgoing { allow: vec![], deny });
    let limits = Limits { outgoing, ..Limits::default() };
    for (scheme, host) in [("rtsp", "localhost"), ("rtsp", "127.0.0.1"), ("http", "127.0.0.1")] {
        let url = format!("{scheme}://{host}:{}/1", camera.local_addr().unwrap().port());
        let (result, steps) = tried_within(&spec(&url, Client::Auto), &limits).await;
        assert_eq!((result.unwrap_err().kind, steps.len()), (Kind::AddressDenied, 0), "{url}");
    }
    let metadata = spec("rtsp://169.254.169.254:80/latest", Client::Auto);
    assert_eq!(kind(&metadata).await, Kind::AddressDenied);
    let none_came = timeout(Duration::from_millis(50), camera.accept()).await;
    assert!(none_came.is_err());
}
