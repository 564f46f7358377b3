//! Every route asked by everybody: only what the table allows.

use std::fmt::Write as _;

use access::policy::may_ever;
use access::trust::Network;
use access::{Identity, Link, Principal, Purpose};
use catalog::{Agencies, People, Role};

use super::*;
use crate::routes::table::{Door as Routes, ROUTES, Route};

/// Those of the table, in its order.
fn everybody() -> Vec<(&'static str, Principal)> {
    let of = |role| {
        let identity = Identity::User { id: "1".into(), name: "anna".into(), session: None };
        Principal::known(identity, Some(role), Agencies::All)
    };
    let link = |purpose| Link { camera: CameraId::new("cam").unwrap(), purpose };
    let key = Identity::Key { id: "k".into(), name: "bus".into() };
    vec![
        ("nobody", Principal::nobody()),
        ("near by", Principal::monitor()),
        ("public", Principal::public(Role::Viewer, ["public".to_owned()].into())),
        ("viewer", of(Role::Viewer)),
        ("operator", of(Role::Operator)),
        ("supervisor", of(Role::Supervisor)),
        ("admin", of(Role::Admin)),
        ("live address", of(Role::Admin).narrowed(link(Purpose::Live))),
        ("playback address", of(Role::Admin).narrowed(link(Purpose::Playback))),
        (
            "publishing key",
            Principal::known(key, None, Agencies::none()).with_scopes(vec!["publish:*".into()]),
        ),
    ]
}

fn printed() -> String {
    let mut out = String::from(
        "# Who may call what\n\nPrinted from the table of routes and the policy; a test tries each cell over HTTP. \
         *near by*: a program on this machine or in `live.metrics.networks`, without signing in, for health and numbers. *public*: nobody in particular, where \
         `access.anonymous.role` is `viewer`. On cameras outside its agencies everybody gets 404.\n\n| route | action |",
    );
    print(&mut out, ROUTES, &everybody());
    for (listener, door) in DOORS {
        let _ = write!(out, "\n## `{listener}`\n\n");
        if door == Routes::Control {
            out.push_str(
                "Also at the front door, as `/api/v1/rtsp/v3/...` and `/api/v1/rtsp/...`, where *near by* may nothing. \
                 *near by* is loopback or `live.control.trusted_networks`.\n\n",
            );
        }
        out.push_str("| route | action |");
        print(&mut out, door.routes(), &everybody_at(door));
    }
    out
}

/// The listeners beside the front door, by name.
const DOORS: [(&str, Routes); 3] =
    [("control", Routes::Control), ("metrics", Routes::Metrics), ("playback", Routes::Playback)];

/// Those of the table, as they are at a door.
fn everybody_at(door: Routes) -> Vec<(&'static str, Principal)> {
    let mut all = everybody();
    for (name, who) in &mut all {
        if *name == "near by" && door == Routes::Control {
            *who = Principal::open();
        }
    }
    all
}

fn print(out: &mut String, routes: &[Route], everybody: &[(&str, Principal)]) {
    for (name, _) in everybody {
        let _ = write!(out, " {name} |");
    }
    let _ = writeln!(out, "\n| --- | --- |{}", " --- |".repeat(everybody.len()));
    for route in routes {
        let _ = write!(out, "| `{} {}` | {} |", route.method, route.path, route.action.as_str());
        for (_, who) in everybody {
            let _ = write!(out, " {} |", if may_ever(who, route.action) { "yes" } else { "-" });
        }
        out.push('\n');
    }
}

#[test]
fn the_table_is_the_one_that_is_committed_and_has_every_route() {
    let path = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/../../docs/reference/access.md";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, printed()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == printed(), "docs/reference/access.md is old; run the tests with UPDATE=1");
    let api: serde_json::Value = serde_json::from_str(&openapi()).unwrap();
    let described: Vec<(String, String)> = api["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| {
                (method.to_uppercase(), path.replace("/live/{file}", "/live/{*file}"))
            })
        })
        .collect();
    for (method, path) in &described {
        assert!(
            crate::routes::table::Door::Front.find(method, path).is_some(),
            "{method} {path} is not in the table"
        );
    }
    assert_eq!(described.len(), ROUTES.len(), "a route of the table is not described");
    let items = api["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let names: std::collections::BTreeSet<_> =
        operations.map(|operation| operation["operationId"].to_string()).collect();
    assert_eq!(names.len(), ROUTES.len(), "two operations have one name");
}

fn path_of(route: &str) -> String {
    let path = route.replace("{camera}", "cam").replace("{id}", "cam").replace("{*id}", "cam");
    let path = path.replace("{*name}", "cam").replace("{kind}", "rtspconns");
    path.replace("{*file}", "cam/index.m3u8")
}

async fn ask_all(
    door: &Door,
    name: &str,
    headers: &[(&str, &str)],
    token: Option<&str>,
    who: &Principal,
) {
    ask_door(door, ROUTES, name, headers, token, who).await;
    for (listener, routes) in DOORS {
        ask_door(&door.at(listener), routes.routes(), name, headers, token, who).await;
    }
}

async fn ask_door(
    door: &Door,
    routes: &[Route],
    name: &str,
    headers: &[(&str, &str)],
    token: Option<&str>,
    who: &Principal,
) {
    for route in routes {
        let token = token.map(|token| format!("?token={token}")).unwrap_or_default();
        let path = format!("{}{token}", path_of(route.path));
        let body = if matches!(route.method, "POST" | "PATCH") { "{}" } else { "" };
        let got = door.send(route.method, &path, headers, body).await;
        let shown =
            format!("{} {} as {name}: {} {}", route.method, route.path, got.status, got.text);
        // It tells who is signed in, or that nobody is.
        if route.path == "/api/me" {
            assert_eq!(got.status == 401, who.role().is_none() && !who.is_known(), "{shown}");
            continue;
        }
        let refused = match (got.status, got.json_or_null()["code"].as_str()) {
            (401, Some("login_failed")) => false,
            (401 | 403, _) => true,
            _ => false,
        };
        assert_eq!(!refused, may_ever(who, route.action), "{shown}");
        let missing = if who.is_known() { 403 } else { 401 };
        assert!(!refused || got.status == missing, "{shown}");
        assert_ne!(got.status, 500, "{shown}");
    }
}

impl Got {
    fn json_or_null(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

pub(super) async fn login_door() -> Door {
    door(|settings| {
        settings.open = false;
        settings.trusted_proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_everybody_as_the_table_says() {
    let door = login_door().await;
    let end = SystemClock.wall().plus_micros(60_000_000);
    let mut admin = None;
    for (number, (name, who)) in everybody().into_iter().enumerate() {
        // Each from an address of its own, for the limit of sign-ins.
        let from = format!("10.0.0.{number}");
        let from = ("x-forwarded-for", from.as_str());
        match name {
            "nobody" | "public" => {
                if name == "nobody" {
                    ask_all(&door, name, &[from], None, &who).await;
                }
            }
            "near by" => {}
            "viewer" | "operator" | "supervisor" | "admin" => {
                let user = door.user(name, who.role().unwrap(), &["*"]).await;
                let (_, cookie) = door.cookie(name).await;
                // Its last request but one signs it out.
                ask_signed_in(&door, name, from, &cookie, &who).await;
                if name == "admin" {
                    admin = Some(user);
                }
            }
            "live address" => {
                let token = door.link(admin.as_ref().unwrap(), "cam", Purpose::Live, end);
                ask_all(&door, name, &[from], Some(&token), &who).await;
            }
            "playback address" => {
                let token = door.link(admin.as_ref().unwrap(), "cam", Purpose::Playback, end);
                ask_all(&door, name, &[from], Some(&token), &who).await;
            }
            _ => {
                let (_, bearer) = door.key(None, &[], &["publish:*"]).await;
                ask_all(&door, name, &[from, ("authorization", &bearer)], None, &who).await;
            }
        }
    }
}

/// By key, whose session no route of the table ends, and by cookie for reading.
async fn ask_signed_in(door: &Door, name: &str, from: (&str, &str), cookie: &str, who: &Principal) {
    let (_, bearer) = door.key(who.role(), &["*"], &[]).await;
    ask_all(door, name, &[from, ("authorization", &bearer)], None, who).await;
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let got = door.ask("GET", &path_of(route.path), &[from, ("cookie", cookie)]).await;
        let refused = matches!(got.status, 401 | 403);
        assert_eq!(!refused, may_ever(who, route.action), "{} as {name}: {}", route.path, got.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forged_expired_or_revoked_is_nobody() {
    let door = login_door().await;
    let user = door.user("omar", Role::Admin, &["*"]).await;
    let from = ("x-forwarded-for", "10.0.0.9");
    let (key, bearer) = door.key(Some(Role::Admin), &["*"], &[]).await;
    let now = SystemClock.wall();
    door.database.revoke_key(&key.id, now).await.unwrap();
    let (session, cookie) = door.cookie("omar").await;
    door.database.end_session(&session.id, now).await.unwrap();
    let past = door.link(&user, "cam", Purpose::Live, now.plus_micros(-1));
    let good = door.link(&user, "cam", Purpose::Live, now.plus_micros(60_000_000));
    let other = if good.ends_with('A') { 'E' } else { 'A' };
    let forged = format!("{}{other}", &good[..good.len() - 1]);
    let jwt = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJhZG1pbiJ9.";
    for header in [
        ("authorization", bearer.as_str()),
        ("authorization", jwt),
        ("authorization", "Bearer vk_"),
        ("authorization", "Basic b21hcjp3cm9uZyBob3JzZQ=="),
        ("authorization", "Basic a2V5OnZrX3dyb25n"),
        ("authorization", "Basic %%%"),
        ("authorization", "Digest username=\"omar\""),
        ("cookie", cookie.as_str()),
        ("cookie", "vedette_session=; vedette_session=x"),
    ] {
        for path in ["/api/cameras", "/api/users", "/live/cam/index.m3u8", "/metrics"] {
            let got = door.ask("GET", path, &[from, header]).await;
            assert_eq!(got.status, 401, "{path} {header:?} {}", got.text);
        }
    }
    for token in [past, forged, "vl_AAAA".into(), "vk_x".into()] {
        let got = door.ask("GET", &format!("/live/cam/index.m3u8?token={token}"), &[from]).await;
        assert_eq!(got.status, 401, "{token}");
    }
    // The one that was not touched does open.
    let got = door.ask("GET", &format!("/live/cam/index.m3u8?token={good}"), &[from]).await;
    assert_eq!(got.status, 404, "{}", got.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agencys_cameras_are_as_if_they_were_not_there() {
    let door = login_door().await;
    door.user("bus", Role::Supervisor, &["BUS"]).await;
    let (_, cookie) = door.cookie("bus").await;
    let headers = [("x-forwarded-for", "10.0.0.9"), ("cookie", cookie.as_str())];
    let list = door.ask("GET", "/api/cameras", &headers).await.json();
    assert_eq!((list["total"].as_i64(), list["cameras"].as_array().unwrap().len()), (Some(0), 0));
    for route in ROUTES
        .iter()
        .filter(|route| route.path.contains("/{camera}") || route.path.contains("cameras/{id}"))
    {
        let body = if route.method == "POST" { "{}" } else { "" };
        let own = door.send(route.method, &path_of(route.path), &headers, body).await;
        let none = path_of(route.path).replace("/cam", "/none").replace("/nonee", "/came");
        let absent = door.send(route.method, &none, &headers, body).await;
        assert_eq!((own.status, absent.status), (404, 404), "{} {}", route.path, own.text);
        let (own, absent) = (own.json(), absent.json());
        assert_eq!(own["code"], absent["code"], "{}", route.path);
    }
    let live = door.ask("GET", "/live/cam/index.m3u8", &headers).await;
    assert_eq!((live.status, live.json()["code"].as_str()), (404, Some("stream_not_found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_by_address_need_no_proxy_no_foreign_page_and_a_known_name() {
    let door = door(|_| {}).await;
    assert_eq!(door.get("/api/cameras").await.status, 200);
    let foreign = [
        ("host", "evil.example"),
        ("origin", "http://evil.example"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1"),
    ];
    for header in foreign {
        for route in ROUTES.iter().filter(|route| route.action != access::Action::ReadPublic) {
            let body = if matches!(route.method, "POST" | "PATCH") { "{}" } else { "" };
            let got = door.send(route.method, &path_of(route.path), &[header], body).await;
            assert!(
                got.status == 401 || (got.status == 429 && route.path == "/api/me/password"),
                "{} {} with {header:?}: {}",
                route.method,
                route.path,
                got.text
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_sees_the_chosen_cameras_from_the_chosen_networks() {
    let anonymous = |from: &[&str]| crate::Anonymous {
        role: Role::Viewer,
        cameras_with_role: ["public".to_owned()].into(),
        from: from.iter().map(|text| Network::parse(text).unwrap()).collect(),
    };
    for (from, role, status) in
        [(&[][..], "public", 200), (&[][..], "", 404), (&["10.0.0.0/8"][..], "public", 401)]
    {
        let door = door(|settings| {
            settings.open = false;
            settings.anonymous = Some(anonymous(from));
        })
        .await;
        let mut camera =
            catalog::Cameras::camera(&door.database, &CameraId::new("cam").unwrap()).await.unwrap();
        camera.role = role.to_owned();
        catalog::Cameras::upsert_file_cameras(&door.database, &[camera], SystemClock.wall())
            .await
            .unwrap();
        let got = door.get("/api/cameras/cam").await;
        assert_eq!(got.status, status, "{from:?} {role}: {}", got.text);
        assert_eq!(door.get("/api/users").await.status, 401);
        if status != 401 {
            let list = door.get("/api/cameras").await.json();
            assert_eq!(list["total"], i64::from(status == 200));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_cannot_use_the_cookie_for_a_change() {
    let door = login_door().await;
    door.user("anna", Role::Admin, &["*"]).await;
    let (_, cookie) = door.cookie("anna").await;
    let headers = |origin: &'static str| {
        [("x-forwarded-for", "10.0.0.9"), ("cookie", cookie.as_str()), ("origin", origin)]
    };
    let body = "{\"name\":\"eve\",\"role\":\"admin\"}";
    let got = door.send("POST", "/api/users", &headers("http://evil.example"), body).await;
    assert_eq!((got.status, got.json()["code"].as_str()), (403, Some("foreign_origin")));
    let plain = [
        ("x-forwarded-for", "10.0.0.9"),
        ("cookie", cookie.as_str()),
        ("content-type", "text/plain"),
    ];
    let got = door.send("POST", "/api/users", &plain, body).await;
    assert_eq!(got.status, 415, "{}", got.text);
    assert!(door.database.user_by_name("eve").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_of_their_own_serve_their_part_only() {
    let door = door(|settings| {
        settings.open = false;
        settings.admin_elsewhere = true;
    })
    .await;
    let (_, bearer) = door.key(Some(Role::Admin), &["*"], &[]).await;
    let headers = [("authorization", bearer.as_str())];
    let ask = async |at: SocketAddr, path: &str, headers: &[(&str, &str)]| {
        Door { address: at, ..door.clone() }.ask("GET", path, headers).await.status
    };
    let (main, admin, status) = (door.address, door.more["admin"], door.more["status"]);
    for (path, expected) in [
        ("/api/users", (404, 200, 404)),
        ("/api/cameras", (200, 200, 404)),
        ("/metrics", (200, 200, 200)),
        ("/", (200, 200, 404)),
    ] {
        let got = (
            ask(main, path, &headers).await,
            ask(admin, path, &headers).await,
            ask(status, path, &headers).await,
        );
        assert_eq!(got, expected, "{path}");
    }
    // Without signing in, and in spite of a proxy: whoever reaches it may ask.
    for path in ["/health", "/ready", "/metrics"] {
        assert_ne!(ask(status, path, &[("x-forwarded-for", "10.0.0.1")]).await, 401, "{path}");
    }
    assert_eq!(ask(admin, "/api/users", &[]).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_and_its_row_are_there_together_or_not_at_all() {
    let door = login_door().await;
    door.user("anna", Role::Admin, &["*"]).await;
    let (_, cookie) = door.cookie("anna").await;
    let headers = [("x-forwarded-for", "10.0.0.9"), ("cookie", cookie.as_str())];
    let body = "{\"name\":\"omar\",\"role\":\"viewer\",\"agencies\":[\"METRO\"]}";
    let statuses = [
        door.send("POST", "/api/users", &headers, body).await.status,
        door.send("POST", "/api/users", &headers, body).await.status,
    ];
    assert_eq!(statuses, [201, 409]);
    let found = door.ask("GET", "/api/audit?action=user_add", &headers).await.json();
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{found}");
    let row = &rows[0];
    assert_eq!((row["object"].as_str(), row["result"].as_str()), (Some("user:omar"), Some("ok")));
    assert_eq!(
        (row["who"]["name"].as_str(), row["address"].as_str()),
        (Some("anna"), Some("10.0.0.9"))
    );
    assert_eq!(row["detail"]["agencies"], "METRO");
    let report = catalog::audit::verify(&door.database, None).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
}
