//! WHEP and WHIP before an offer is made: what OPTIONS says, and to whom.

use catalog::Role;

use super::*;

fn links(got: &Got) -> Vec<String> {
    let all = got.headers.get_all("link").iter();
    all.map(|link| link.to_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_says_what_it_takes_and_names_the_servers() {
    let door = door(|_| {}).await;
    let own = Door { address: door.more["webrtc"], ..door.clone() };
    for (door, path) in [
        (&door, "/live/cam/whep"),
        (&door, "/live/cam/whip"),
        (&own, "/cam/whep"),
        (&own, "/cam/sub/whep/0d2f"),
    ] {
        let got = door.ask("OPTIONS", path, &[]).await;
        assert_eq!(got.status, 204, "{path}: {}", got.text);
        assert_eq!(got.headers["accept-post"], "application/sdp");
        assert_eq!(got.headers["accept-patch"], "application/trickle-ice-sdpfrag");
        assert_eq!(got.headers["allow"], "POST, PATCH, DELETE, OPTIONS");
        let links = links(&got);
        assert_eq!(links[0], "<stun:stun.example.org:3478>; rel=\"ice-server\"");
        assert!(links[1].contains("turn.example.org") && links[1].contains("credential="));
    }
    assert_eq!(door.ask("OPTIONS", "/live/cam/index.m3u8", &[]).await.status, 404);
    assert_eq!(door.ask("OPTIONS", "/api/cameras", &[]).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_asks_beforehand_is_told_no_password() {
    let door = door(|settings| {
        settings.open = false;
        settings.cors_origins = vec!["https://a.example.org".into()];
    })
    .await;
    let preflight =
        [("origin", "https://a.example.org"), ("access-control-request-method", "POST")];
    let got = door.ask("OPTIONS", "/live/cam/whep", &preflight).await;
    assert_eq!((got.status, links(&got).len()), (200, 1));
    assert_eq!(got.headers["access-control-allow-origin"], "https://a.example.org");
    let methods = got.headers["access-control-allow-methods"].to_str().unwrap();
    assert!(methods.contains("POST") && methods.contains("OPTIONS"));
    assert!(links(&got)[0].starts_with("<stun:"));
    let other = door.ask("OPTIONS", "/live/cam/index.m3u8", &preflight).await;
    assert!(links(&other).is_empty());
    let plain = door.ask("OPTIONS", "/live/cam/whep", &preflight[..1]).await;
    assert_eq!((plain.status, links(&plain).len()), (401, 0));
    assert_eq!(plain.headers["access-control-allow-origin"], "https://a.example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_and_a_password_open_the_door_of_webrtc_unless_another_sites_page_sends_them() {
    let door = door(|settings| settings.open = false).await;
    door.user("anna", Role::Viewer, &[]).await;
    let own = Door { address: door.more["webrtc"], ..door.clone() };
    let shown = base64_simd::STANDARD.encode_to_string(format!("anna:{}", signed_in::PASSWORD));
    let basic = format!("Basic {shown}");
    let sdp = [("authorization", basic.as_str()), ("content-type", "application/sdp")];
    // Who it is was understood; that there is no such stream comes after.
    let got = own.ask("POST", "/cam/whep", &sdp).await;
    assert!(got.status == 400 || got.status == 404, "{}: {}", got.status, got.text);
    let foreign = [sdp[0], sdp[1], ("origin", "https://evil.example.com")];
    assert_eq!(own.ask("POST", "/cam/whep", &foreign).await.status, 401);
    // The console's door takes them only for reading.
    assert_eq!(door.ask("POST", "/live/cam/whep", &sdp).await.status, 401);
}
