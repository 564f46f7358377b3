//! Real children and real servers on loopback: what is denied sees no connection.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::net::Network;
use hub::{Hub, RingLimits};
use prometheus::Registry;

use super::*;
use crate::outlet::{Outlet, Step};
use crate::session::{Choice, Rules as SessionRules, Session};
use crate::source::tests::spec;
use crate::{Client, Metrics};

/// A web server that counts who comes. Ends with the test's runtime.
struct Web {
    address: SocketAddr,
    seen: Arc<AtomicUsize>,
}

impl Web {
    /// Answers `GET path` with what `answers` gives for it.
    async fn start(host: &str, answers: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let Ok(head) = read_head(&mut client).await else { continue };
                let head = String::from_utf8(head).unwrap();
                assert!(!head.contains("Proxy"), "{head}");
                let path = head.split(' ').nth(1).unwrap();
                // A child that knows enough hangs up.
                let _ = client.write_all(&answers(path)).await;
            }
        });
        Self { address, seen }
    }

    fn seen(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn to(place: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn playlist(segment: &str) -> Vec<u8> {
    let text = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{segment}\n#EXT-X-ENDLIST\n"
    );
    ok(text.as_bytes())
}

pub(crate) fn loopback_but_its_second() -> Arc<Outgoing> {
    Arc::new(Outgoing { allow: vec![], deny: vec![Network::parse("127.0.0.2").unwrap()] })
}

fn rules() -> SessionRules {
    SessionRules { limit: Duration::from_secs(10), outgoing: loopback_but_its_second() }
}

/// A source's session up to its first picture, or why there is none.
async fn pull(url: &str) -> Result<(), Failure> {
    let registry = Registry::new();
    let limits = RingLimits { max_bytes: 16 << 20, max_duration: Duration::from_secs(12) };
    let hub = Hub::new(limits, hub::Metrics::new(&registry).unwrap());
    let spec = spec(url, Client::Auto);
    let outlet = Outlet::new(spec.clone(), hub, Metrics::new(&registry).unwrap());
    let picture = async {
        let mut session = Session::open(&spec, outlet, &Choice::new(&spec), &rules()).await?;
        while !matches!(session.step().await?, Step::Picture { .. }) {}
        Ok(())
    };
    timeout(Duration::from_secs(30), picture).await.unwrap()
}

pub(crate) fn without_ffmpeg() -> bool {
    let without = child::find().is_none();
    if without {
        eprintln!("SKIPPED: ffmpeg is not here");
    }
    without
}

/// Longer than what a child takes in to see what it is, and does not give on.
async fn clip() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ts");
    let arguments = "-f lavfi -i testsrc2=s=320x240:r=10 -t 8 -c:v libx264 -g 10";
    let arguments = arguments.split(' ').chain([file.to_str().unwrap()]);
    child::Ffmpeg::start("file,pipe", arguments).unwrap().wait().await.unwrap();
    std::fs::read(file).unwrap()
}

#[tokio::test]
async fn a_child_follows_redirects_and_playlists_where_it_may() {
    if without_ffmpeg() {
        return;
    }
    let clip = clip().await;
    let web = Web::start("127.0.0.1", move |path| match path {
        "/moved" => to("/list.m3u8?a=1"),
        "/list.m3u8?a=1" => playlist("a.ts"),
        "/a.ts" => ok(&clip),
        _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
    });
    let web = web.await;
    pull(&format!("http://{}/moved", web.address)).await.unwrap();
    // By a name too, which may mean addresses with nobody there.
    pull(&format!("http://localhost:{}/a.ts", web.address.port())).await.unwrap();
    let missing = pull(&format!("http://{}/none", web.address)).await.unwrap_err();
    assert_eq!(missing.kind, Kind::NotFound);
}

#[tokio::test]
async fn a_redirect_or_a_playlist_leads_nowhere_that_is_denied() {
    if without_ffmpeg() {
        return;
    }
    let secret = Web::start("127.0.0.2", |_| ok(b"secret")).await;
    let place = secret.address;
    let web = Web::start("127.0.0.1", move |path| {
        match path {
        "/redirect" => to(&format!("http://{place}/a.ts")),
        "/tls" => to(&format!("https://{place}/a.ts")),
        "/metadata" => to("http://169.254.169.254/latest/meta-data/"),
        "/mapped" => to(&format!("http://[::ffff:127.0.0.2]:{}/", place.port())),
        "/list.m3u8" => playlist(&format!("http://{place}/a.ts")),
        "/key.m3u8" => ok(format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI=\"http://{place}/k\"\n#EXTINF:2.0,\na.ts\n#EXT-X-ENDLIST\n"
        )
        .as_bytes()),
        _ => ok(&[0x47; 1_880]),
    }
    });
    let web = web.await;
    for path in ["redirect", "tls", "metadata", "mapped", "list.m3u8", "key.m3u8"] {
        let failure = pull(&format!("http://{}/{path}", web.address)).await.unwrap_err();
        assert_eq!(failure.kind, Kind::AddressDenied, "{path}: {failure:?}");
    }
    assert!(web.seen() >= 6);
    assert_eq!(secret.seen(), 0);
}

#[tokio::test]
async fn a_child_for_tls_asks_by_name_and_hears_why_nobody_answers() {
    if without_ffmpeg() {
        return;
    }
    // Bound and not listening: it refuses.
    let refusing = tokio::net::TcpSocket::new_v4().unwrap();
    refusing.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let place = refusing.local_addr().unwrap();
    for scheme in ["http", "https", "rtsps"] {
        let failure = pull(&format!("{scheme}://{place}/a")).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Refused, "{scheme}: {failure:?}");
        assert_eq!(failure.args.get("port"), Some(&place.port().to_string()));
    }
}

/// What the proxy answers to these bytes.
async fn ask(proxy: &mut Proxy, bytes: &[u8]) -> String {
    let url = url::Url::parse(proxy.url().reveal()).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
    let conversation = async {
        stream.write_all(bytes).await.unwrap();
        let mut answer = String::new();
        // A proxy that hangs up on us has answered.
        let _ = stream.read_to_string(&mut answer).await;
        answer
    };
    tokio::select! {
        answer = conversation => answer,
        failure = proxy.serve() => panic!("{failure:?}"),
    }
}

#[tokio::test]
async fn who_does_not_know_the_key_is_not_served() {
    let web = Web::start("127.0.0.1", |_| ok(b"a")).await;
    let mut proxy = Proxy::start(Arc::default()).await.unwrap();
    let other = base64_simd::STANDARD.encode_to_string("vedette:00000000000000000000000000000000");
    for header in [String::new(), format!("Proxy-Authorization: Basic {other}\r\n")] {
        for line in [format!("GET http://{}/a", web.address), format!("CONNECT {}", web.address)] {
            let head = format!("{line} HTTP/1.1\r\n{header}\r\n");
            let answer = ask(&mut proxy, head.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 407 "), "{answer}");
        }
    }
    assert_eq!(web.seen(), 0);
    let credential = proxy.rules.credential.clone();
    let head = format!(
        "GET http://{}/a HTTP/1.1\r\nProxy-Authorization: {credential}\r\n\r\n",
        web.address
    );
    let answer = ask(&mut proxy, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\na"), "{answer}");
    assert!(!format!("{:?}", proxy.url()).contains("vedette:"));
}

#[tokio::test]
async fn a_head_that_is_too_long_or_nonsense_ends_its_connection_only() {
    let mut proxy = Proxy::start(Arc::default()).await.unwrap();
    assert_eq!(ask(&mut proxy, &[b'a'; HEAD_LEN_MAX + 1]).await, "");
    assert!(ask(&mut proxy, b"HELLO\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    assert!(proxy.failure().is_none());
}
