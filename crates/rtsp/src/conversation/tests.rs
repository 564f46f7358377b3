//! Conversations as players have them, and as nobody should.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use base::Secret;
use proptest::prelude::*;

use super::*;
use crate::{Authorization, DigestSecret};

fn conversation() -> Conversation {
    Conversation::new(Offer::ALL, Nonces::new([1; 32]), "s1".into())
}

/// The next event of a peer that may have everything.
fn permitted(c: &mut Conversation) -> Option<Event> {
    match c.poll_event()? {
        Event::Authorize { .. } => {
            c.permit(at(0)).unwrap();
            c.poll_event()
        }
        event => Some(event),
    }
}

fn at(seconds: u64) -> Mono {
    Mono::from_nanos(seconds * 1_000_000_000)
}

fn written(conversation: &mut Conversation) -> String {
    let mut out = Vec::new();
    while let Some(bytes) = conversation.poll_output() {
        out.extend_from_slice(&bytes);
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn a_player_describes_sets_up_plays_and_leaves() {
    let mut c = conversation();
    c.input(at(0), b"OPTIONS rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n").unwrap();
    assert!(written(&mut c).contains("Public: OPTIONS"));
    // A request may come in pieces.
    c.input(at(0), b"DESCRIBE rtsp://h/cam RTSP/1.0\r\nCS").unwrap();
    assert_eq!(c.poll_event(), None);
    c.input(at(0), b"eq: 2\r\n\r\n").unwrap();
    let asked = c.poll_event();
    assert!(
        matches!(&asked, Some(Event::Authorize { authorization: None, method: "DESCRIBE", purpose: Purpose::Read, path, query: None }) if path == "cam"),
        "{asked:?}"
    );
    c.permit(at(0)).unwrap();
    assert_eq!(c.poll_event(), Some(Event::Describe { path: "cam".into() }));
    c.describe(at(0), "v=0\r\n").unwrap();
    let text = written(&mut c);
    assert!(
        text.contains("Content-Base: rtsp://h/cam/\r\n")
            && text.ends_with("Content-Length: 5\r\n\r\nv=0\r\n")
    );

    let setup = b"SETUP rtsp://h/cam/trackID=0 RTSP/1.0\r\nCSeq: 3\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n";
    c.input(at(1), setup).unwrap();
    let transport = Transport::Interleaved { rtp: 0, rtcp: 1 };
    assert_eq!(
        c.poll_event(),
        Some(Event::Setup { path: "cam".into(), control: "trackID=0".into(), transport })
    );
    c.accept_setup(at(1), None, 7).unwrap();
    assert!(written(&mut c).contains("Session: s1;timeout=60"));
    c.input(at(2), b"PLAY rtsp://h/cam/ RTSP/1.0\r\nCSeq: 4\r\nSession: s1\r\n\r\n").unwrap();
    assert_eq!(c.poll_event(), Some(Event::Play));
    c.accept_play(at(2), &[("trackID=0".into(), 5, 6)]).unwrap();
    assert!(written(&mut c).contains("RTP-Info: url=rtsp://h/cam/trackID=0;seq=5;rtptime=6"));
    assert!(c.is_playing());
    assert_eq!(c.deadline(), Some(at(62)));
    c.input(at(30), b"$\x01\x00\x02ab").unwrap();
    assert_eq!(c.poll_event(), Some(Event::Data { channel: 1, packet: Bytes::from_static(b"ab") }));
    assert_eq!(c.deadline(), Some(at(90)));
    c.input(at(31), b"TEARDOWN rtsp://h/cam RTSP/1.0\r\nCSeq: 5\r\nSession: s1\r\n\r\n").unwrap();
    assert_eq!(c.poll_event(), Some(Event::Teardown));
    assert_eq!(c.deadline(), None);
}

/// A publisher's first words.
fn announce(c: &mut Conversation) {
    let sdp = "v=0\r\nm=video 0 RTP/AVP 96\r\n";
    let text = format!(
        "ANNOUNCE rtsp://h/metro_1?k=v RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Lavf60\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    c.input(at(0), text.as_bytes()).unwrap();
    let asked = c.poll_event();
    assert!(
        matches!(
            &asked,
            Some(Event::Authorize { purpose: Purpose::Publish, method: "ANNOUNCE", .. })
        ),
        "{asked:?}"
    );
    c.permit(at(0)).unwrap();
    let said = Event::Announce { path: "metro_1".into(), sdp: sdp.into() };
    assert_eq!(c.poll_event(), Some(said));
    c.accept_announce(at(0)).unwrap();
}

#[test]
fn a_publisher_announces_sets_up_records_and_leaves() {
    let mut c = conversation().with_publishing();
    c.input(at(0), b"OPTIONS * RTSP/1.0\r\nCSeq: 0\r\n\r\n").unwrap();
    assert!(written(&mut c).contains(", ANNOUNCE, RECORD"));
    announce(&mut c);
    assert_eq!(c.agent(), "Lavf60");
    // As ffmpeg asks: the track stands behind the query.
    let setup = b"SETUP rtsp://h/metro_1?k=v/streamid=0 RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n\r\n";
    c.input(at(1), setup).unwrap();
    let transport = Transport::Interleaved { rtp: 0, rtcp: 1 };
    let (path, control) = ("metro_1".to_owned(), "streamid=0".to_owned());
    assert_eq!(c.poll_event(), Some(Event::Setup { path, control, transport }));
    c.accept_setup(at(1), None, 7).unwrap();
    let text = written(&mut c);
    assert!(text.contains("mode=record") && text.contains("Session: s1;"), "{text}");
    c.input(at(2), b"PLAY rtsp://h/metro_1 RTSP/1.0\r\nCSeq: 3\r\nSession: s1\r\n\r\n").unwrap();
    assert!(written(&mut c).contains(" 455 "), "a publisher does not read");
    c.input(at(2), b"RECORD rtsp://h/metro_1 RTSP/1.0\r\nCSeq: 3\r\nSession: s1\r\n\r\n").unwrap();
    assert_eq!(c.poll_event(), Some(Event::Record));
    c.accept_record(at(2)).unwrap();
    assert!(c.is_recording() && !c.is_playing());
    c.input(at(3), b"$\0\0\x03ab").unwrap();
    assert_eq!(c.poll_event(), None, "half a packet");
    c.input(at(3), b"c$\x01\0\0").unwrap();
    let packet = |channel, text| Event::Data { channel, packet: Bytes::from_static(text) };
    assert_eq!(c.poll_event(), Some(packet(0, b"abc")));
    assert_eq!(c.poll_event(), Some(packet(1, b"")));
    c.input(at(4), b"TEARDOWN rtsp://h/metro_1 RTSP/1.0\r\nCSeq: 5\r\nSession: s1\r\n\r\n")
        .unwrap();
    assert_eq!(c.poll_event(), Some(Event::Teardown));
    assert!(!c.is_recording());
}

#[test]
fn the_right_to_publish_is_not_the_right_to_read() {
    let mut c = conversation().with_publishing();
    announce(&mut c);
    c.input(at(1), &describe("metro_1", "")).unwrap();
    let asked = c.poll_event();
    assert!(matches!(asked, Some(Event::Authorize { purpose: Purpose::Read, .. })), "{asked:?}");
    c.refuse(at(1), Status::Unauthorized).unwrap();
    let mut c = conversation().with_publishing();
    c.input(at(0), &describe("metro_1", "")).unwrap();
    assert_eq!(permitted(&mut c), Some(Event::Describe { path: "metro_1".into() }));
    c.describe(at(0), "v=0\r\n").unwrap();
    let setup = b"SETUP rtsp://h/metro_1/t RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP;mode=record\r\n\r\n";
    c.input(at(1), setup).unwrap();
    c.poll_event().unwrap();
    c.accept_setup(at(1), None, 7).unwrap();
    written(&mut c);
    c.input(at(2), b"RECORD rtsp://h/metro_1 RTSP/1.0\r\nCSeq: 3\r\nSession: s1\r\n\r\n").unwrap();
    assert!(written(&mut c).contains(" 455 "));
}

#[test]
fn tracks_without_channels_get_their_own() {
    let mut c = conversation();
    c.input(at(0), &describe("cam", "")).unwrap();
    permitted(&mut c).unwrap();
    c.describe(at(0), "v=0\r\n").unwrap();
    for track in 0..2_u8 {
        let setup = format!(
            "SETUP rtsp://h/cam/t{track} RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP\r\n\r\n"
        );
        c.input(at(0), setup.as_bytes()).unwrap();
        let transport = Transport::Interleaved { rtp: 2 * track, rtcp: 2 * track + 1 };
        let (path, control) = ("cam".to_owned(), format!("t{track}"));
        assert_eq!(c.poll_event(), Some(Event::Setup { path, control, transport }));
        c.accept_setup(at(0), None, 1).unwrap();
    }
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let mut c = conversation();
    let two = b"DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\n\r\nDESCRIBE rtsp://h/b RTSP/1.0\r\nCSeq: 2\r\n\r\n";
    c.input(at(0), two).unwrap();
    assert_eq!(permitted(&mut c), Some(Event::Describe { path: "a".into() }));
    assert_eq!(c.poll_event(), None);
    c.refuse(at(0), Status::NotFound).unwrap();
    assert_eq!(permitted(&mut c), Some(Event::Describe { path: "b".into() }));
    assert!(written(&mut c).starts_with("RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n"));
}

#[test]
fn udp_ports_are_negotiated_and_what_is_not_ours_is_refused() {
    let setup = |transport: &str| {
        let mut c = conversation();
        let text =
            format!("SETUP rtsp://h/cam/t RTSP/1.0\r\nCSeq: 1\r\nTransport: {transport}\r\n\r\n");
        c.input(at(0), text.as_bytes()).unwrap();
        c
    };
    let mut c = setup("RTP/AVP/UDP;unicast;client_port=5000-5001");
    assert!(matches!(
        permitted(&mut c),
        Some(Event::Setup { transport: Transport::Udp { rtp: 5000, rtcp: 5001 }, .. })
    ));
    c.accept_setup(at(0), Some((8000, 8001)), 1).unwrap();
    assert!(written(&mut c).contains("client_port=5000-5001;server_port=8000-8001"));
    for wrong in ["RTP/AVP;multicast", "RTP/AVP;unicast", "RTP/AVP/TCP;interleaved=300-301", ""] {
        assert!(written(&mut setup(wrong)).starts_with("RTSP/1.0 461"), "{wrong}");
    }
}

#[test]
fn states_and_sessions_are_checked() {
    let mut c = conversation();
    c.input(at(0), b"PLAY rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n").unwrap();
    c.input(at(0), b"PLAY rtsp://h/cam RTSP/1.0\r\nCSeq: 2\r\nSession: other\r\n\r\n").unwrap();
    c.input(at(0), b"ANNOUNCE rtsp://h/cam RTSP/1.0\r\nCSeq: 3\r\n\r\n").unwrap();
    let text = written(&mut c);
    assert!(text.contains("455 ") && text.contains("454 ") && text.contains("501 "), "{text}");
    let mut c = conversation().with_publishing();
    c.input(at(0), b"RECORD rtsp://h/cam RTSP/1.0\r\nCSeq: 3\r\n\r\n").unwrap();
    c.input(at(0), b"ANNOUNCE rtsp://h/cam RTSP/1.0\r\nCSeq: 4\r\n\r\n").unwrap();
    let text = written(&mut c);
    assert!(text.contains("455 ") && text.contains("400 "), "{text}");
}

/// A request for a description with an `Authorization`, or without one if it is empty.
fn describe(path: &str, authorization: &str) -> Vec<u8> {
    let header = match authorization {
        "" => String::new(),
        given => format!("Authorization: {given}\r\n"),
    };
    format!("DESCRIBE rtsp://h/{path} RTSP/1.0\r\nCSeq: 1\r\n{header}\r\n").into_bytes()
}

/// The nonce of the challenge that was written.
fn nonce(c: &mut Conversation) -> String {
    let text = written(c);
    assert!(text.starts_with("RTSP/1.0 401 "), "{text}");
    text.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// An answer of u with the password p, counted with `qop=auth` or not.
fn answer(nonce: &str, path: &str, count: Option<u32>) -> String {
    let uri = format!("rtsp://h/{path}");
    let counted = count.map(|count| format!(", qop=auth, cnonce=c, nc={count:08x}"));
    let open = format!(
        "Digest username=u, realm=vedette, nonce={nonce}, uri=\"{uri}\"{}",
        counted.unwrap_or_default()
    );
    let Some(Authorization::Digest(given)) = Authorization::parse(&format!("{open}, response=0"))
    else {
        panic!("{open}")
    };
    let kept = DigestSecret::new("u", &Secret::new("p".into()));
    let response = given.expected::<md5::Md5>(&kept.md5, "DESCRIBE");
    format!("{open}, response={response}")
}

/// Asks the shell of a server with one user.
fn decide(c: &mut Conversation, now: Mono) -> Result<bool, Fatal> {
    let Some(Event::Authorize { authorization, method, .. }) = c.poll_event() else {
        return Ok(false);
    };
    let kept = DigestSecret::new("u", &Secret::new("p".into()));
    let is_proven = authorization.is_some_and(|given| given.proves("u", &kept, method));
    match is_proven {
        true => c.permit(now)?,
        false => c.refuse(now, Status::Unauthorized)?,
    }
    Ok(is_proven)
}

#[test]
fn a_stream_is_asked_for_once_and_another_one_again() {
    let mut c = conversation();
    c.input(at(0), &describe("a", "")).unwrap();
    assert_eq!(decide(&mut c, at(0)), Ok(false));
    let nonce = nonce(&mut c);
    c.input(at(1), &describe("a", &answer(&nonce, "a", None))).unwrap();
    assert_eq!(decide(&mut c, at(1)), Ok(true));
    assert_eq!(c.poll_event(), Some(Event::Describe { path: "a".into() }));
    c.describe(at(1), "v=0\r\n").unwrap();
    let setup = "SETUP rtsp://h/a/t RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP\r\n\r\n";
    c.input(at(2), setup.as_bytes()).unwrap();
    assert!(matches!(c.poll_event(), Some(Event::Setup { .. })), "without credentials");
    c.accept_setup(at(2), None, 1).unwrap();
    c.input(at(3), &describe("b", "")).unwrap();
    assert!(matches!(c.poll_event(), Some(Event::Authorize { path, .. }) if path == "b"));
}

#[test]
fn nothing_but_a_permission_gives_a_stream() {
    let mut c = conversation();
    c.input(at(0), &describe("a", "Basic dTpw")).unwrap();
    c.describe(at(0), "v=0\r\n").unwrap();
    c.accept_setup(at(0), None, 1).unwrap();
    c.accept_play(at(0), &[]).unwrap();
    assert_eq!(written(&mut c), "", "the shell has not decided");
    assert_eq!(decide(&mut c, at(0)), Ok(true));
}

#[test]
fn the_third_wrong_answer_in_a_row_ends_the_connection() {
    for wrong in ["Basic dTp4", "Digest x", "Bearer y"] {
        let mut c = conversation();
        let mut ask = || {
            let read = c.input(at(0), &describe("a", wrong));
            read.and_then(|()| decide(&mut c, at(0)))
        };
        assert_eq!([ask(), ask(), ask()], [Ok(false), Ok(false), Err(Fatal)], "{wrong}");
        assert_eq!(written(&mut c).matches("RTSP/1.0 401 ").count(), 3, "{wrong}");
    }
    let mut c = conversation();
    for _ in 0..9 {
        c.input(at(0), &describe("a", "")).unwrap();
        assert_eq!(decide(&mut c, at(0)), Ok(false), "who says nothing says nothing wrong");
    }
}

#[test]
fn an_old_nonce_is_called_stale_and_the_new_one_passes() {
    let mut c = conversation();
    c.input(at(0), &describe("a", "")).unwrap();
    decide(&mut c, at(0)).unwrap();
    let old = answer(&nonce(&mut c), "a", None);
    // Another connection of the same client may use it, until it is old.
    let mut other = conversation();
    other.input(at(60), &describe("a", &old)).unwrap();
    assert_eq!(decide(&mut other, at(60)), Ok(true));
    c.input(at(61), &describe("a", &old)).unwrap();
    let text = String::from_utf8(c.poll_output().unwrap().to_vec()).unwrap();
    assert!(text.contains("stale=true"), "{text}");
    let fresh = text.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    c.input(at(61), &describe("a", &answer(fresh, "a", None))).unwrap();
    assert_eq!(decide(&mut c, at(61)), Ok(true));
}

#[test]
fn a_counted_answer_counts_once() {
    let mut c = conversation();
    c.input(at(0), &describe("a", "")).unwrap();
    decide(&mut c, at(0)).unwrap();
    let first = nonce(&mut c);
    let mut ask = |now: Mono, path: &str, nonce: &str, count: u32| {
        c.input(now, &describe(path, &answer(nonce, path, Some(count)))).unwrap();
        let passed = decide(&mut c, now).unwrap();
        c.refuse(now, Status::NotFound).unwrap();
        (passed, c.poll_event(), written(&mut c))
    };
    assert!(ask(at(1), "a", &first, 1).0);
    assert!(ask(at(1), "b", &first, 2).0);
    let (passed, _, said) = ask(at(1), "a", &first, 2);
    assert!(!passed && said.contains("stale=true"), "{said}");
    let second = said.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(ask(at(1), "a", second, 1).0, "a new nonce is counted anew");
    assert!(!ask(at(1), "b", &first, 9).0, "and the one before is over");
}

#[test]
fn a_token_in_the_address_is_shown_to_the_shell_and_to_nobody_else() {
    let mut c = conversation();
    c.input(at(0), &describe("cam?token=t1", "")).unwrap();
    let event = c.poll_event().unwrap();
    assert!(!format!("{event:?}").contains("t1"), "{event:?}");
    let Event::Authorize { query: Some(query), path, .. } = event else { panic!("{event:?}") };
    assert_eq!((query.reveal(), path.as_str()), ("token=t1", "cam"));
    c.permit(at(0)).unwrap();
    c.describe(at(0), "v=0\r\n").unwrap();
    let text = written(&mut c);
    assert!(text.contains("Content-Base: rtsp://h/cam/\r\n") && !text.contains("t1"), "{text}");
}

proptest! {
    #[test]
    fn any_bytes_are_a_conversation_or_end_it(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..10)) {
        let mut c = conversation().with_publishing();
        for chunk in chunks {
            if c.input(at(0), &chunk).is_err() { break }
            while c.poll_event().is_some() { let _ = c.refuse(at(0), Status::NotFound); }
        }
    }

    #[test]
    fn requests_with_any_headers_are_answered_or_asked(method in "(DESCRIBE|SETUP|PLAY|PAUSE|TEARDOWN|GET_PARAMETER|ANNOUNCE|RECORD|X)", header in "[A-Za-z-]{1,12}", value in "[ -~]{0,60}") {
        let mut c = conversation();
        let text = format!("{method} rtsp://h/a/b RTSP/1.0\r\nCSeq: 9\r\n{header}: {value}\r\n\r\n");
        if c.input(at(0), text.as_bytes()).is_ok() {
            prop_assert!(c.poll_event().is_some() || c.poll_output().is_some());
        }
    }
}
