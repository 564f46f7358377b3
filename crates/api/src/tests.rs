//! The front door as programs meet it, over real sockets with a real catalogue.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::sync::Arc;

use access::gate::Gate;
use access::password::Hasher;
use access::seal::MasterKey;
use access::trail::HeadMark;
use base::task::Pool;
use base::{CameraId, Clock, SystemClock};
use catalog::{Camera, NewSegment, Removal, Removals, Rule, Sealed, Segments};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use super::*;

mod access_rules;
mod control_api;
mod live_media;
mod live_socket;
mod signed_in;
mod webrtc_door;

#[derive(Clone)]
struct Door {
    address: SocketAddr,
    /// Further listeners, by name.
    more: std::collections::BTreeMap<&'static str, SocketAddr>,
    database: Database,
    hub: hub::Hub,
    sessions: live::sessions::Sessions,
    accounts: Accounts,
    gate: Gate,
    _dir: Arc<tempfile::TempDir>,
    _scope: Scope,
    _pool: Arc<Pool>,
}

async fn door(change: impl FnOnce(&mut Settings)) -> Door {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(&dir.path().join("vedette.db"), 2).await.unwrap();
    let now = SystemClock.wall();
    let camera = Camera {
        id: CameraId::new("cam").unwrap(),
        name: "East door".into(),
        source: "OTHER".into(),
        role: String::new(),
        location: None,
        enabled: true,
        tags: Vec::new(),
        managed_by: "file".into(),
        removed_at: None,
        created_at: now,
        updated_at: now,
    };
    catalog::Cameras::upsert_file_cameras(&database, &[camera], now).await.unwrap();
    let (registry, scope) = (Registry::new(), Scope::new(Handle::current()));
    let pool = Arc::new(Pool::start("media", std::num::NonZeroUsize::MIN).unwrap());
    let hub = hub::Hub::new(hub::RingLimits::default(), hub::Metrics::new(&registry).unwrap());
    let snapshots = live::snapshot::Service::new(hub.clone(), 1);
    let live = live::Context {
        hub: hub.clone(),
        pool: Arc::clone(&pool),
        scope: scope.child(),
        sessions: live::sessions::Sessions::default(),
        start_timeout: std::time::Duration::from_secs(10),
        reader_grace: std::time::Duration::from_secs(10),
    };
    let sessions = live.sessions.clone();
    let hls = live::hls::Service::new(live.clone(), live::hls::Config::default());
    let socket = live::socket::Service::new(live.clone());
    let mjpeg = live::mjpeg::Service::new(live.clone(), 1);
    let webrtc = live::webrtc::Service::start(
        live.clone(),
        live::webrtc::Config {
            stun: vec!["stun:stun.example.org:3478".to_owned()],
            turn: vec!["turn:turn.example.org".to_owned()],
            turn_secret: base::Secret::new("north".to_owned()),
            ..live::webrtc::Config::default()
        },
        live::webrtc::Sockets {
            udp: vec![tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap()],
            tcp: Vec::new(),
        },
        live::webrtc::Metrics::new(&registry).unwrap(),
    )
    .unwrap();
    let mut settings = Settings {
        open: true,
        max_body: 1_000,
        segments_root: dir.path().into(),
        ..Settings::default()
    };
    change(&mut settings);
    let (status, board, first_camera) = (
        StatusBoard::default(),
        Board::default(),
        tokio::sync::watch::channel(CameraId::new("cam").ok()).1,
    );
    let (master, hasher) = (MasterKey::generate().unwrap(), Hasher::new().unwrap());
    let gate =
        Gate::new(database.clone(), hasher.clone(), &master, settings.open, None).await.unwrap();
    let kept = control_api::kept(&database, &master).await;
    let remover = control_api::remover(&database, dir.path());
    let accounts = Accounts::new(database.clone(), hasher, master, true);
    let mark = HeadMark::new(dir.path().join("head"), [1; 32]);
    let trail = Recorder::start(database.clone(), mark, &scope, &registry).unwrap();
    let parts = Parts {
        database: database.clone(),
        status,
        board,
        registry,
        live,
        hls,
        socket,
        mjpeg,
        webrtc,
        snapshots,
        first_camera,
        started: now,
        gate: gate.clone(),
        accounts: accounts.clone(),
        trail,
        signer: Signer::new(&[1; 32]).unwrap(),
        kept,
        remover,
        settings,
    };
    let server = Server::new(parts, &scope).unwrap();
    let mut more = std::collections::BTreeMap::new();
    for name in ["http", serve::ADMIN, serve::STATUS, "control", "metrics", "playback", "webrtc"] {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        more.insert(name, socket.local_addr().unwrap());
        let listener = serve::Listener { name, socket, tls: None };
        server.serve(listener, &scope, scope.token());
    }
    let (address, _dir) = (more["http"], Arc::new(dir));
    Door {
        address,
        more,
        database,
        hub,
        sessions,
        accounts,
        gate,
        _dir,
        _scope: scope,
        _pool: pool,
    }
}

struct Got {
    status: u16,
    headers: ureq::http::HeaderMap,
    text: String,
}

impl Got {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Door {
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Got {
        self.send(method, path, headers, "").await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(body.to_owned()).unwrap();
        tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .allow_non_standard_methods(true)
                .max_redirects(0)
                .build()
                .into();
            let is_bare = request.body().is_empty() && request.method() != "POST";
            let mut response = match is_bare {
                true => agent.run(request.map(|_| ())).unwrap(),
                false => agent.run(request).unwrap(),
            };
            let text = response.body_mut().read_to_string().unwrap_or_default();
            Got { status: response.status().as_u16(), headers: response.headers().clone(), text }
        })
        .await
        .unwrap()
    }

    async fn get(&self, path: &str) -> Got {
        self.ask("GET", path, &[]).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_have_one_shape_in_the_language_that_is_asked_for() {
    let door = door(|_| {}).await;
    let got = door
        .ask("GET", "/api/cameras/none", &[("accept-language", "ar"), ("x-request-id", "abc")])
        .await;
    let problem = got.json();
    assert_eq!((got.status, problem["code"].as_str()), (404, Some("camera_not_found")));
    assert_eq!(got.headers["content-type"], "application/problem+json");
    assert_eq!(got.headers["x-request-id"], "abc");
    assert_eq!(problem["request_id"], "abc");
    assert_eq!(problem["message_en"], "There is no camera none.");
    assert_eq!(problem["detail"], problem["message_ar"]);
    assert_eq!(problem["status"], 404);
    let cases = [
        ("GET", "/api/nothing", 404, "not_found"),
        ("POST", "/api/cameras", 405, "method_not_allowed"),
        ("GET", "/api/cameras?bbox=1,2,x,4", 400, "invalid_bbox"),
        ("GET", "/api/cameras?limit=0", 400, "invalid_number"),
        ("GET", "/api/cameras?status=asleep", 400, "invalid_word"),
        ("GET", "/api/cameras?cursor=zz", 400, "invalid_cursor"),
        ("GET", "/api/recordings/cam/segments?start=yesterday", 400, "invalid_time"),
        ("GET", "/api/recordings/cam/coverage?start=10&end=5", 400, "invalid_span"),
        ("GET", "/api/recordings/none/segments", 404, "camera_not_found"),
        ("GET", "/api/playback/cam/media.mp4", 404, "nothing_recorded"),
        ("GET", "/live/cam/index.m3u8", 404, "stream_not_found"),
        ("GET", "/live/cam/index.m3u8?variant=avi", 400, "invalid_word"),
        ("GET", "/live/..%2f..%2fetc/passwd", 404, "stream_not_found"),
        ("GET", "/assets/none.js", 404, "not_found"),
    ];
    for (method, path, status, code) in cases {
        let got = door.ask(method, path, &[]).await;
        let found = got.json();
        assert_eq!(
            (got.status, found["code"].as_str()),
            (status, Some(code)),
            "{path}: {}",
            got.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cameras_and_segments_are_listed_as_the_pages_say() {
    let door = door(|_| {}).await;
    let list = door.get("/api/cameras?limit=1").await.json();
    assert_eq!(list["total"], 1);
    let camera = &list["cameras"][0];
    for field in [
        "id",
        "name",
        "source",
        "role",
        "location",
        "status",
        "status_since",
        "last_error",
        "streams",
        "ptz",
        "tags",
        "created_at",
        "updated_at",
        "live",
    ] {
        assert!(camera.get(field).is_some(), "{field}");
    }
    assert_eq!(camera["live"]["hls"], "/live/cam/index.m3u8");
    let id = CameraId::new("cam").unwrap();
    let start = base::Wall::from_micros(1_736_949_600_000_000);
    let new = NewSegment {
        camera: id.clone(),
        stream: id.main_path(),
        path: "cam/a.mp4".into(),
        start,
        format: "fmp4".into(),
        codecs: "avc1".into(),
    };
    let segment = door.database.create_segment(&new).await.unwrap();
    let sealed = Sealed {
        end: start.plus_micros(1_500_000),
        duration_us: 1_500_000,
        bytes: 7,
        sha256: [0xab; 32],
    };
    door.database.seal_segment(segment, &sealed).await.unwrap();
    let list = door
        .get("/api/recordings/cam/segments?start=2025-01-15T14:00:00Z&end=2025-01-15T15:00:00Z")
        .await
        .json();
    let row = &list["segments"][0];
    assert_eq!((row["state"].as_str(), row["place"].as_str()), (Some("CREATED"), Some("local")));
    assert_eq!(
        (row["duration"].as_f64(), row["end"].as_str()),
        (Some(1.5), Some("2025-01-15T14:00:01.500Z"))
    );
    assert_eq!(row["sha256"].as_str().unwrap().len(), 64);
    assert!(list["next_cursor"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_is_a_gap_with_its_rule_and_the_summary_adds_up() {
    let door = door(|_| {}).await;
    let id = CameraId::new("cam").unwrap();
    let start = base::Wall::from_micros(1_736_949_600_000_000);
    let mut made = Vec::new();
    for (index, path) in ["cam/a.mp4", "cam/b.mp4", "cam/c.mp4"].into_iter().enumerate() {
        let start = start.plus_micros(i64::try_from(index).unwrap() * 60_000_000);
        let new = NewSegment {
            camera: id.clone(),
            stream: id.main_path(),
            path: path.into(),
            start,
            format: "fmp4".into(),
            codecs: "avc1".into(),
        };
        let segment = door.database.create_segment(&new).await.unwrap();
        let sealed = Sealed {
            end: start.plus_micros(60_000_000),
            duration_us: 60_000_000,
            bytes: 7,
            sha256: [0; 32],
        };
        door.database.seal_segment(segment, &sealed).await.unwrap();
        made.push(segment);
    }
    let by_age = Removal { rule: Rule::MaxAge, at: start, by: None };
    let by_person = Removal { rule: Rule::Person, at: start, by: Some("amal".into()) };
    for (segment, removal) in [(made[0], by_age), (made[1], by_person)] {
        door.database.begin_removal(&[segment], &removal).await.unwrap();
        door.database.finish_removal(&[segment]).await.unwrap();
    }
    let span = "start=2025-01-15T13:00:00Z&end=2025-01-15T15:00:00Z";
    let coverage = door.get(&format!("/api/recordings/cam/coverage?{span}")).await.json();
    let spans = coverage["spans"].as_array().unwrap();
    assert_eq!(spans.len(), 3);
    assert_eq!((&spans[0]["reason"], &spans[0]["rule"]), (&"retention".into(), &"max_age".into()));
    assert_eq!((&spans[1]["reason"], &spans[1]["by"]), (&"removed".into(), &"amal".into()));
    assert_eq!((&spans[2]["state"], spans[2].get("rule")), (&"recorded".into(), None));
    let sum = door.get(&format!("/api/recordings/cam/coverage/summary?{span}")).await.json();
    assert_eq!(sum["recorded_seconds"], 60.0);
    assert_eq!(sum["recorded_percent"], 33.333);
    assert_eq!(sum["unexplained_seconds"], 0.0);
    assert_eq!(sum["missing"][0]["reason"], "retention");
    assert_eq!(sum["missing"][1]["seconds"], 60.0);
    let rows = door.get(&format!("/api/recordings/cam/segments?{span}")).await.json();
    assert_eq!(rows["segments"][0]["state"], "REMOVED");
    assert_eq!(rows["segments"][0]["place"], "none");
    assert_eq!(rows["segments"][0]["removed"]["rule"], "max_age");
    assert!(rows["segments"][2].get("removed").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_numbers_console_and_foreign_sites_are_answered() {
    let door = door(|settings| settings.cors_origins = vec!["https://*.example.org".into()]).await;
    let health = door.get("/health").await.json();
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["time"].as_str().unwrap().len(), "2024-12-19T20:20:56Z".len());
    assert_eq!(door.get("/ready").await.status, 200);
    let numbers = door.ask("GET", "/metrics", &[("accept", "application/openmetrics-text")]).await;
    assert!(
        numbers.text.ends_with("# EOF\n")
            && numbers.text.contains("# TYPE vedette_http_requests counter")
    );
    assert!(door.get("/metrics").await.text.contains("# TYPE vedette_http_requests_total counter"));
    let page = door.get("/cameras/cam").await;
    assert!(
        page.text.contains("vedette")
            && page.headers["content-security-policy"].to_str().unwrap().contains("'self'")
    );
    let preflight = [("origin", "https://a.example.org"), ("access-control-request-method", "GET")];
    let got = door.ask("OPTIONS", "/live/cam/index.m3u8", &preflight).await;
    assert_eq!(got.headers["access-control-allow-origin"], "https://a.example.org");
    assert!(!cors::origin_matches("https://*.example.org", "https://evilexample.org"));
    assert!(!cors::origin_matches("https://*.example.org", "https://x/.example.org"));
}

#[test]
fn the_description_is_the_one_that_is_committed() {
    let file = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("../../docs/reference/openapi.json");
    let text = openapi() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == text, "docs/reference/openapi.json is old; run the tests once with UPDATE=1");
}
