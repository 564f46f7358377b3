//! Real children, a simulated camera, and cameras that point elsewhere.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::Secret;
use sim::rtsp::{Credentials, Options, Scheme, Simulator};

use super::*;
use crate::Client;
use crate::check::{Limits, Step, probe};
use crate::failure::Kind;
use crate::proxy::tests::{loopback_but_its_second, without_ffmpeg};
use crate::source::tests::spec;

/// A camera that answers every request with a redirect to `place`, and counts who comes.
async fn pointing(host: &str, place: String) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((host, 0)).await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let mut request = [0; 2_048];
            let _ = client.read(&mut request).await;
            let own = format!("rtsp://{address}/");
            let place = if place.is_empty() { &own } else { &place };
            let answer = format!("RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: {place}\r\n\r\n");
            // A client that knows enough hangs up.
            let _ = client.write_all(answer.as_bytes()).await;
        }
    });
    (address, seen)
}

async fn camera() -> Simulator {
    let login = Credentials {
        user: "admin".to_owned(),
        password: Secret::new("right".to_owned()),
        scheme: Scheme::Digest,
    };
    let options = Options {
        width: 320,
        height: 240,
        gop: 1.0,
        credentials: Some(login),
        ..Options::default()
    };
    Simulator::start(options).await.unwrap()
}

async fn tried(url: &str) -> Result<(), Kind> {
    let mut spec = spec(url, Client::Ffmpeg);
    spec.username = "admin".to_owned();
    spec.password = Secret::new("right".to_owned());
    let limits = Limits { outgoing: loopback_but_its_second(), ..Limits::default() };
    let mut played = false;
    let step = |step| played |= matches!(step, Step::Playing { by_ffmpeg: true });
    let found = probe(&spec, &limits, step).await;
    assert_eq!(found.is_ok(), played, "{found:?}");
    found.map(|_| ()).map_err(|failure| failure.kind)
}

#[tokio::test]
async fn a_child_pulls_through_its_guard_and_follows_where_it_may() {
    if without_ffmpeg() {
        return;
    }
    let camera = camera().await;
    let url = format!("rtsp://{}/cam1", camera.address());
    assert_eq!(tried(&url).await, Ok(()));
    let (pointer, _) = pointing("127.0.0.1", url).await;
    assert_eq!(tried(&format!("rtsp://{pointer}/x")).await, Ok(()));
    let gone = format!("rtsp://{}/cam9", camera.address());
    assert_eq!(tried(&gone).await, Err(Kind::NotFound));
}

#[tokio::test]
async fn a_camera_cannot_point_a_child_to_what_is_denied() {
    if without_ffmpeg() {
        return;
    }
    let (secret, seen) = pointing("127.0.0.2", String::new()).await;
    for place in [
        format!("rtsp://{secret}/x"),
        format!("rtsps://{secret}/x"),
        "rtsp://169.254.169.254:80/latest".to_owned(),
    ] {
        let (pointer, _) = pointing("127.0.0.1", place.clone()).await;
        let (between, _) = pointing("127.0.0.1", format!("rtsp://{pointer}/x")).await;
        let denied = tried(&format!("rtsp://{between}/x")).await;
        assert_eq!(denied, Err(Kind::AddressDenied), "{place}");
    }
    assert_eq!(seen.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_camera_that_points_in_circles_is_given_up() {
    if without_ffmpeg() {
        return;
    }
    let (pointer, seen) = pointing("127.0.0.1", String::new()).await;
    assert_eq!(tried(&format!("rtsp://{pointer}/x")).await, Err(Kind::ProtocolError));
    // One connection looks whether it is there.
    assert!(seen.load(Ordering::Relaxed) <= 6);
}
