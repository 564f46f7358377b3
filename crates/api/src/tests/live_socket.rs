//! Parts over a WebSocket: what pages get, and who gets nothing.

use base::StreamPath;
use catalog::{People, Role};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::live_media::{picture, tracks};
use super::*;

type Socket = WebSocketStream<TcpStream>;

async fn open(door: &Door, headers: &[(&'static str, &str)]) -> Result<Socket, Box<Error>> {
    let mut request =
        format!("ws://{}/live/ws", door.address).into_client_request().map_err(Box::new)?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(door.address).await.unwrap();
    Ok(tokio_tungstenite::client_async(request, stream).await.map_err(Box::new)?.0)
}

async fn say(socket: &mut Socket, said: Value) {
    socket.send(Message::text(said.to_string())).await.unwrap();
}

/// The next text; binary messages before it go to `binary`.
async fn told(socket: &mut Socket, binary: &mut Vec<Vec<u8>>) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Binary(bytes) => binary.push(bytes.to_vec()),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gets_its_streams_over_one_socket() {
    let door = door(|_| {}).await;
    let publisher = door.hub.publish(&StreamPath::new("cam").unwrap(), tracks()).unwrap();
    (0..3).for_each(|n| publisher.push(picture(n)));
    let (mut socket, mut binary) = (open(&door, &[]).await.unwrap(), Vec::new());
    say(&mut socket, json!({"subscribe": {"id": 7, "path": "cam"}})).await;
    let init = told(&mut socket, &mut binary).await;
    assert_eq!(init["id"], 7);
    assert_eq!(init["init"]["mime"], "video/mp4; codecs=\"avc1.42c016\"");
    assert_eq!(init["init"]["omitted"], json!(["pcma"]));
    for (said, id, code) in [
        (json!({"subscribe": {"id": 7, "path": "cam"}}), json!(7), "tile_in_use"),
        (json!({"subscribe": {"id": 8, "path": "none"}}), json!(8), "stream_not_found"),
        (json!({"subscribe": {"id": 9, "path": "../x"}}), json!(9), "stream_not_found"),
        (json!({"subscribed": 1}), Value::Null, "message_not_understood"),
    ] {
        say(&mut socket, said).await;
        let answer = told(&mut socket, &mut binary).await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &code.into()), "{answer}");
        assert!(answer["error"]["message_ar"].is_string());
    }
    // The description, then the group at once.
    assert_eq!(binary[0][..8], [0, 0, 0, 7, 0, 0, 0, 0]);
    assert_eq!(
        (binary[1][..8].to_vec(), &binary[1][20..24]),
        (vec![0, 0, 0, 7, 2, 0, 0, 0], &b"moof"[..])
    );
    say(&mut socket, json!({"unsubscribe": {"id": 7}})).await;
    say(&mut socket, json!({"subscribe": {"id": 7, "path": "cam"}})).await;
    assert!(told(&mut socket, &mut binary).await["init"].is_object(), "the id is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_and_who_speaks_no_websocket_are_refused() {
    let door = door(|_| {}).await;
    let got = door.get("/live/ws").await;
    assert_eq!((got.status, &got.json()["code"]), (426, &"websocket_needed".into()));
    let door = access_rules::login_door().await;
    door.user("omar", Role::Viewer, &["*"]).await;
    let (_, cookie) = door.cookie("omar").await;
    let foreign = [("cookie", cookie.as_str()), ("origin", "https://evil.example")];
    let Err(error) = open(&door, &foreign).await else { panic!("a foreign page is served") };
    let Error::Http(answer) = *error else { panic!("{error}") };
    assert_eq!(answer.status(), 403);
    let Err(error) = open(&door, &[]).await else { panic!("nobody is served") };
    let Error::Http(answer) = *error else { panic!("{error}") };
    assert_eq!(answer.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_ends_with_the_right_to_it_and_none_begins_after() {
    let door = access_rules::login_door().await;
    let publisher = door.hub.publish(&StreamPath::new("cam").unwrap(), tracks()).unwrap();
    (0..3).for_each(|n| publisher.push(picture(n)));
    door.user("omar", Role::Viewer, &["*"]).await;
    let (session, cookie) = door.cookie("omar").await;
    let (mut socket, mut binary) = (open(&door, &[("cookie", &cookie)]).await.unwrap(), Vec::new());
    say(&mut socket, json!({"subscribe": {"id": 1, "path": "cam"}})).await;
    assert!(told(&mut socket, &mut binary).await["init"].is_object());
    door.database.end_session(&session.id, SystemClock.wall()).await.unwrap();
    door.gate.rights_changed().await;
    let ended = told(&mut socket, &mut binary).await;
    assert_eq!((&ended["id"], &ended["error"]["code"]), (&json!(1), &"unauthenticated".into()));
    say(&mut socket, json!({"subscribe": {"id": 2, "path": "cam"}})).await;
    let refused = told(&mut socket, &mut binary).await;
    assert_eq!(
        (&refused["id"], &refused["error"]["status"]),
        (&json!(2), &json!(401)),
        "{refused}"
    );
}
