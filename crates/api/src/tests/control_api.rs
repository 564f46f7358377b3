//! The control API as clients of other media servers meet it.

use std::path::Path;

use access::trust::Network;
use catalog::Role;
use serde_json::{Value, json};
use storage::retention::{Remover, VolumeRoot};

use super::*;
use crate::control::{FileSays, Kept, PathSettings};

/// A configuration with one path of the file, `cam`.
pub(super) async fn kept(database: &Database, master: &MasterKey) -> Kept {
    let of = |value: Value| PathSettings::read(value.as_object().unwrap().clone()).unwrap();
    let file = FileSays {
        paths: [("cam".to_owned(), of(json!({ "source": "rtsp://u:p@h/1" })))].into(),
        defaults: of(json!({ "source": "publisher", "record": false, "recordFormat": "fmp4" })),
        global: json!({ "logLevel": "info", "rtspAddress": ":8554" }).as_object().unwrap().clone(),
    };
    let kept = Kept::load(database, master, file).await.unwrap();
    // Whoever composes the server, in short.
    let (mut changes, composed) = (kept.follow(), kept.clone());
    tokio::spawn(async move {
        while changes.changed().await.is_ok() {
            let number = *changes.borrow_and_update();
            composed.is_in_force(number);
        }
    });
    kept
}

pub(super) fn remover(database: &Database, root: &Path) -> Remover {
    let metrics = storage::RetentionMetrics::new(&Registry::new()).unwrap();
    std::fs::write(root.join(".vedette-volume"), "volume").unwrap();
    Remover::new(database.clone(), VolumeRoot::new(root.to_owned(), "volume".to_owned()), metrics)
}

impl Door {
    /// The same behind another listener.
    pub(super) fn at(&self, listener: &str) -> Self {
        Self { address: self.more[listener], ..self.clone() }
    }
}

fn error(got: &Got) -> (u16, String) {
    let found = got.json();
    assert_eq!(found["status"], "error", "{}", got.text);
    (got.status, found["error"].as_str().unwrap().to_owned())
}

fn all_on(settings: &mut Settings) {
    settings.listening = Listening { rtsp: true, rtsps: false, hls: true, webrtc: true };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_added_read_changed_and_removed() {
    let door = door(all_on).await.at("control");
    let ask = async |method: &str, path: &str, body: &str| door.send(method, path, &[], body).await;
    let add = "{\"source\":\"rtsp://u:secret@h/2\",\"sourceOnDemand\":true}";
    let got = ask("POST", "/v3/config/paths/add/Metro/12", add).await;
    assert_eq!((got.status, got.text.as_str()), (200, "{\"status\":\"ok\"}"), "{}", got.text);
    let again = ask("POST", "/v3/config/paths/add/Metro/12", add).await;
    assert_eq!(error(&again), (400, "path already exists".into()));
    let found = ask("GET", "/v3/config/paths/get/Metro/12", "").await.json();
    assert_eq!(found["source"], "rtsp://u:<redacted>@h/2");
    assert_eq!((&found["name"], &found["record"]), (&json!("Metro/12"), &json!(false)));
    let patch = "{\"sourceOnDemandCloseAfter\":\"90s\"}";
    assert_eq!(ask("PATCH", "/v3/config/paths/patch/Metro/12", patch).await.status, 200);
    let found = ask("GET", "/v3/config/paths/get/Metro/12", "").await.json();
    assert_eq!(found["sourceOnDemandCloseAfter"], "1m30s");
    assert_eq!(found["sourceOnDemand"], true);
    // What was got can be sent back whole, and the password stays.
    let whole = found.to_string();
    assert_eq!(ask("POST", "/v3/config/paths/replace/Metro/12", &whole).await.status, 200);
    let list = ask("GET", "/v3/config/paths/list", "").await.json();
    assert_eq!((&list["itemCount"], &list["pageCount"]), (&json!(2), &json!(1)));
    assert_eq!(list["items"][1]["source"], "rtsp://u:<redacted>@h/1");
    let live = ask("GET", "/v3/paths/get/Metro/12", "").await.json();
    assert_eq!((&live["ready"], &live["readers"]), (&json!(false), &json!([])));
    assert_eq!(live["source"]["type"], "rtspSource");
    assert_eq!(ask("POST", "/v3/config/paths/remove/Metro/12", "").await.status, 200);
    let gone = ask("DELETE", "/v3/config/paths/delete/Metro/12", "").await;
    assert_eq!(error(&gone), (404, "path configuration not found".into()));
    let all = catalog::TrailFilter::default();
    let rows = catalog::Trail::rows(&door.database, &all, 10, None).await.unwrap();
    let actions: Vec<_> = rows.items.into_iter().map(|row| row.entry.action).collect();
    assert_eq!(actions, ["path_remove", "path_replace", "path_change", "path_add"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_answered_with_its_status_and_words() {
    let door = door(all_on).await.at("control");
    let cases = [
        ("GET", "/v3/paths/get/none", "", 404, "path not found"),
        ("GET", "/v3/config/paths/get/none", "", 404, "path configuration not found"),
        ("PATCH", "/v3/config/paths/patch/none", "{}", 404, "path configuration not found"),
        ("POST", "/v3/config/paths/add/cam", "{}", 400, "path already exists"),
        ("PATCH", "/v3/config/paths/patch/cam", "{}", 400, "path is set by the configuration file"),
        ("DELETE", "/v3/config/paths/delete/cam", "", 400, "path is set by the configuration file"),
        ("POST", "/v3/config/paths/add/x", "{\"foo\":1}", 400, "json: unknown field \"foo\""),
        (
            "POST",
            "/v3/config/paths/add/x",
            "{\"runOnReady\":\"date\"}",
            400,
            "hooks are set in the configuration file",
        ),
        ("POST", "/v3/config/paths/add/x", "[]", 400, "the body must be a JSON object"),
        ("GET", "/v3/paths/list?itemsPerPage=0", "", 400, "invalid items per page"),
        ("GET", "/v3/paths/list?page=x", "", 400, "invalid page"),
        ("GET", "/v3/rtspsessions/get/none", "", 404, "session not found"),
        ("GET", "/v3/rtspssessions/list", "", 404, "404 page not found"),
        ("POST", "/v3/hlsmuxers/kick/x", "", 404, "404 page not found"),
        (
            "DELETE",
            "/v3/recordings/deletesegment?path=cam&start=x",
            "",
            400,
            "invalid 'start' parameter",
        ),
        (
            "DELETE",
            "/v3/recordings/deletesegment?path=cam&start=2025-01-15T14:00:00Z",
            "",
            404,
            "segment not found",
        ),
    ];
    for (method, path, body, status, text) in cases {
        let got = door.send(method, path, &[], body).await;
        assert_eq!(error(&got), (status, text.to_owned()), "{method} {path}");
    }
    assert_eq!(error(&door.get("/v3/nothing/at/all").await).0, 404);
    assert_eq!(error(&door.send("POST", "/v3/info", &[], "{}").await).0, 405);
    let large = format!("{{\"source\":\"{}\"}}", "x".repeat(2_000));
    assert_eq!(error(&door.send("POST", "/v3/config/paths/add/x", &[], &large).await).0, 413);
    for name in ["a%20b", "live", "~"] {
        let got = door.send("POST", &format!("/v3/config/paths/add/{name}"), &[], "{}").await;
        assert_eq!(error(&got).0, 400, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_with_all_their_fields_and_ended() {
    use live::sessions::{Doing, Facts, Protocol};
    let door = door(all_on).await.at("control");
    let path = Some(base::StreamPath::new("cam").unwrap());
    let facts = Facts { doing: Doing::Reading, path, ..Facts::default() };
    let session = door.sessions.open(Protocol::Rtsp, "10.0.0.1:5".parse().ok(), facts.clone());
    let _muxer = door.sessions.open(Protocol::HlsMuxer, None, facts);
    live::sessions::Counters::add(&session.counters.outbound_bytes, 7);
    let list = door.get("/v3/rtspsessions/list").await.json();
    let item = &list["items"][0];
    for field in [
        "id",
        "created",
        "remoteAddr",
        "state",
        "path",
        "query",
        "user",
        "userAgent",
        "transport",
        "profile",
        "conns",
        "inboundBytes",
        "inboundRTPPackets",
        "inboundRTPPacketsLost",
        "inboundRTPPacketsInError",
        "inboundRTPPacketsJitter",
        "inboundRTCPPackets",
        "inboundRTCPPacketsInError",
        "outboundBytes",
        "outboundRTPPackets",
        "outboundRTPPacketsReportedLost",
        "outboundRTPPacketsDiscarded",
        "outboundRTCPPackets",
        "bytesReceived",
        "bytesSent",
        "rtpPacketsReceived",
        "rtpPacketsSent",
        "rtpPacketsLost",
        "rtpPacketsInError",
        "rtpPacketsJitter",
        "rtcpPacketsReceived",
        "rtcpPacketsSent",
        "rtcpPacketsInError",
    ] {
        assert!(item.get(field).is_some(), "{field}");
    }
    assert_eq!((&item["state"], &item["bytesSent"]), (&json!("read"), &json!(7)));
    let live = door.get("/v3/paths/get/cam").await.json();
    assert_eq!(live["readers"], json!([{ "type": "rtspSession", "id": session.id }]));
    assert_eq!(door.get("/v3/hlsmuxers/get/cam").await.status, 200);
    let numbers = door.at("metrics").get("/metrics?type=rtsp_sessions").await.text;
    assert!(numbers.contains(&format!("rtsp_sessions_outbound_bytes{{id=\"{}\"", session.id)));
    assert!(!numbers.contains("vedette_") && !numbers.contains("paths{"));
    let kick = format!("/v3/rtspsessions/kick/{}", session.id);
    assert_eq!(door.send("POST", &kick, &[], "").await.text, "{\"status\":\"ok\"}");
    assert!(session.end.is_cancelled());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_api_needs_no_login_from_near_by_and_an_administrator_from_elsewhere() {
    let door = door(|settings| {
        settings.open = false;
        settings.control_networks = vec![Network::parse("10.9.0.0/16").unwrap()];
    })
    .await;
    let control = door.at("control");
    assert_eq!(control.get("/v3/paths/list").await.status, 200);
    let proxied = ("x-forwarded-for", "10.0.0.1");
    let got = control.ask("GET", "/v3/paths/list", &[proxied]).await;
    assert_eq!(error(&got).0, 401);
    assert_eq!(got.headers["www-authenticate"], "Basic realm=\"vedette\"");
    for (name, role, status) in [("ali", Role::Supervisor, 403), ("anna", Role::Admin, 200)] {
        door.user(name, role, &["*"]).await;
        let basic =
            base64_simd::STANDARD.encode_to_string(format!("{name}:{}", signed_in::PASSWORD));
        let basic = format!("Basic {basic}");
        let headers = [proxied, ("authorization", basic.as_str())];
        for path in ["/v3/paths/list", "/v3/rtspconns/list", "/v3/info"] {
            let expected = if path.contains("rtspconns") && status == 200 { 404 } else { status };
            assert_eq!(control.ask("GET", path, &headers).await.status, expected, "{path}");
        }
        // A browser would send it from another site's page, too.
        let add = format!("/v3/config/paths/add/{name}");
        assert_eq!(control.send("POST", &add, &headers, "{}").await.status, status);
        let foreign = [headers[0], headers[1], ("origin", "http://evil.example")];
        let got = control.send("POST", "/v3/config/paths/add/x", &foreign, "{}").await;
        assert_eq!(error(&got).0, 401);
    }
    // At the front door nobody is trusted by address while people sign in.
    for path in ["/api/v1/rtsp/v3/paths/list", "/api/v1/rtsp/paths/list"] {
        assert_eq!(error(&door.get(path).await).0, 401);
        let (_, bearer) = door.key(Some(Role::Admin), &["*"], &[]).await;
        let got = door.ask("GET", path, &[("authorization", &bearer)]).await;
        assert_eq!((got.status, &got.json()["pageCount"]), (200, &json!(1)), "{}", got.text);
    }
    assert_eq!(door.get("/v3/paths/list").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_playback_have_doors_of_their_own() {
    let door = door(|_| {}).await;
    assert_eq!(door.at("metrics").get("/metrics").await.status, 200);
    let numbers = door.at("metrics").get("/metrics").await;
    assert_eq!(numbers.status, 200);
    assert!(numbers.text.contains("paths{name=\"cam\",state=\"notReady\"} 1"), "{}", numbers.text);
    assert!(numbers.text.contains("# TYPE vedette_http_requests_total counter"));
    let playback = door.at("playback");
    for (path, status) in [
        ("/list?path=cam", 404),
        ("/list?path=none", 404),
        ("/list", 404),
        ("/get?path=cam", 400),
        ("/get?path=cam&start=2025-01-15T14:00:00Z&duration=10", 404),
        ("/get?path=cam&start=2025-01-15T14:00:00Z&duration=x", 400),
        ("/get?path=cam&start=2025-01-15T14:00:00Z&duration=10&format=avi", 400),
        ("/v3/paths/list", 404),
    ] {
        let got = playback.get(path).await;
        assert_eq!(got.status, status, "{path} {}", got.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_erased_by_a_person_and_the_row_says_so() {
    let door = door(|_| {}).await;
    let id = CameraId::new("cam").unwrap();
    let start = base::Wall::from_micros(1_736_949_600_123_456);
    let new = NewSegment {
        camera: id.clone(),
        stream: id.main_path(),
        path: "cam/a.mp4".into(),
        start,
        format: "fmp4".into(),
        codecs: "avc1".into(),
    };
    let segment = door.database.create_segment(&new).await.unwrap();
    let end = start.plus_micros(1_500_000);
    let sealed = Sealed { end, duration_us: 1_500_000, bytes: 7, sha256: [1; 32] };
    door.database.seal_segment(segment, &sealed).await.unwrap();
    let control = door.at("control");
    let list = control.get("/v3/recordings/list").await.json();
    assert_eq!(list["items"][0]["name"], "cam");
    let shown = list["items"][0]["segments"][0]["start"].as_str().unwrap().to_owned();
    let played = door.at("playback").get("/list?path=cam").await.json();
    assert_eq!((&played[0]["start"], &played[0]["duration"]), (&json!(shown), &json!(1.5)));
    let erase = format!("/v3/recordings/deletesegment?path=cam&start={shown}");
    assert_eq!(control.send("DELETE", &erase, &[], "").await.text, "{\"status\":\"ok\"}");
    let row = door.database.segment(segment).await.unwrap();
    assert_eq!(row.removal.unwrap().rule, Rule::Person);
    assert_eq!(error(&control.send("DELETE", &erase, &[], "").await).0, 404);
}

#[test]
fn the_description_has_every_route_and_is_the_one_that_is_committed() {
    let file = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/../../docs/reference/control.json";
    let text = control_openapi() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == text, "docs/reference/control.json is old; run the tests once with UPDATE=1");
    let api: Value = serde_json::from_str(&text).unwrap();
    let mut described: Vec<String> = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys();
        described.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let table = crate::routes::table::Door::Control.routes().iter();
    let mut routes: Vec<String> =
        table.map(|route| format!("{} {}", route.method, route.path.replace("{*", "{"))).collect();
    described.sort();
    routes.sort();
    assert_eq!(described, routes);
}
