//! Conversations as players have them, and as nobody should.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use base::Secret;
use proptest::prelude::*;

use super::*;

fn conversation(credentials: Option<Credentials>) -> Conversation {
    Conversation::new(credentials, "n1".into(), "s1".into())
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
    let mut c = conversation(None);
    c.input(at(0), b"OPTIONS rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n").unwrap();
    assert!(written(&mut c).contains("Public: OPTIONS"));
    // A request may come in pieces.
    c.input(at(0), b"DESCRIBE rtsp://h/cam RTSP/1.0\r\nCS").unwrap();
    assert_eq!(c.poll_event(), None);
    c.input(at(0), b"eq: 2\r\n\r\n").unwrap();
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

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let mut c = conversation(None);
    let two = b"DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\n\r\nDESCRIBE rtsp://h/b RTSP/1.0\r\nCSeq: 2\r\n\r\n";
    c.input(at(0), two).unwrap();
    assert_eq!(c.poll_event(), Some(Event::Describe { path: "a".into() }));
    assert_eq!(c.poll_event(), None);
    c.refuse(at(0), Status::NotFound).unwrap();
    assert_eq!(c.poll_event(), Some(Event::Describe { path: "b".into() }));
    assert!(written(&mut c).starts_with("RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n"));
}

#[test]
fn udp_ports_are_negotiated_and_what_is_not_ours_is_refused() {
    let setup = |transport: &str| {
        let mut c = conversation(None);
        let text =
            format!("SETUP rtsp://h/cam/t RTSP/1.0\r\nCSeq: 1\r\nTransport: {transport}\r\n\r\n");
        c.input(at(0), text.as_bytes()).unwrap();
        c
    };
    let mut c = setup("RTP/AVP/UDP;unicast;client_port=5000-5001");
    assert!(matches!(
        c.poll_event(),
        Some(Event::Setup { transport: Transport::Udp { rtp: 5000, rtcp: 5001 }, .. })
    ));
    c.accept_setup(at(0), Some((8000, 8001)), 1).unwrap();
    assert!(written(&mut c).contains("client_port=5000-5001;server_port=8000-8001"));
    for wrong in ["RTP/AVP;multicast", "RTP/AVP;unicast", "RTP/AVP/TCP;interleaved=300-301", ""] {
        assert!(written(&mut setup(wrong)).starts_with("RTSP/1.0 461"), "{wrong}");
    }
}

#[test]
fn states_sessions_and_logins_are_checked() {
    let mut c = conversation(None);
    c.input(at(0), b"PLAY rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n").unwrap();
    c.input(at(0), b"PLAY rtsp://h/cam RTSP/1.0\r\nCSeq: 2\r\nSession: other\r\n\r\n").unwrap();
    c.input(at(0), b"RECORD rtsp://h/cam RTSP/1.0\r\nCSeq: 3\r\n\r\n").unwrap();
    let text = written(&mut c);
    assert!(text.contains("455 ") && text.contains("454 ") && text.contains("501 "), "{text}");

    let credentials =
        Credentials { user: "u".into(), password: Secret::new("p".into()), basic: true };
    let mut c = conversation(Some(credentials));
    c.input(at(0), b"DESCRIBE rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n").unwrap();
    let text = written(&mut c);
    assert!(
        text.contains("401 ") && text.contains("nonce=\"n1\"") && text.contains("Basic realm"),
        "{text}"
    );
    c.input(
        at(0),
        b"DESCRIBE rtsp://h/cam RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Basic dTpw\r\n\r\n",
    )
    .unwrap();
    assert!(c.poll_event().is_some());
}

proptest! {
    #[test]
    fn any_bytes_are_a_conversation_or_end_it(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..10)) {
        let mut c = conversation(None);
        for chunk in chunks {
            if c.input(at(0), &chunk).is_err() { break }
            while c.poll_event().is_some() { let _ = c.refuse(at(0), Status::NotFound); }
        }
    }

    #[test]
    fn requests_with_any_headers_are_answered_or_asked(method in "(DESCRIBE|SETUP|PLAY|PAUSE|TEARDOWN|GET_PARAMETER|X)", header in "[A-Za-z-]{1,12}", value in "[ -~]{0,60}") {
        let mut c = conversation(None);
        let text = format!("{method} rtsp://h/a/b RTSP/1.0\r\nCSeq: 9\r\n{header}: {value}\r\n\r\n");
        if c.input(at(0), text.as_bytes()).is_ok() {
            prop_assert!(c.poll_event().is_some() || c.poll_output().is_some());
        }
    }
}

#[test]
fn a_shell_that_refuses_credentials_challenges_even_where_none_are_asked_for() {
    let mut c = conversation(None);
    c.input(at(0), b"DESCRIBE rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n").unwrap();
    assert!(c.poll_event().is_some());
    c.refuse(at(0), Status::Unauthorized).unwrap();
    let text = written(&mut c);
    assert!(text.starts_with("RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest "));
    assert!(text.ends_with("\r\n\r\n"), "{text}");
}
