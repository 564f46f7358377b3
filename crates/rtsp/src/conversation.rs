//! One connection's conversation: what the shell asks of it and tells it. What peers say is read in
//! `requests`.

mod requests;

use std::collections::VecDeque;
use std::time::Duration;

use base::Mono;
use bytes::{Bytes, BytesMut};

use crate::auth::Login;
use crate::{Event, Nonces, Offer, Purpose, Status, Transport};

/// A session that is not spoken to for this long ends; clients are told.
const SESSION_TIMEOUT: Duration = Duration::from_secs(60);
/// Tracks of one session.
const TRACKS_MAX: u8 = 8;

/// The conversation cannot go on; write what is left and close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fatal;

/// A server's side of one connection.
pub struct Conversation {
    input: BytesMut,
    output: VecDeque<Bytes>,
    events: VecDeque<Event>,
    waiting: Option<Waiting>,
    login: Login,
    /// The path that the peer may have, and what for.
    permitted: Option<(String, Purpose)>,
    /// The path that the peer has described to publish it.
    announced: Option<String>,
    may_publish: bool,
    session_id: String,
    session: Option<Session>,
    agent: String,
}

/// The request that the shell has not answered yet.
enum Waiting {
    /// To be permitted.
    Permission {
        wish: Wish,
        /// The peer said who it is.
        with_credentials: bool,
    },
    /// For what was asked.
    Answer(Asked),
}

/// What an answer is made of.
struct Asked {
    cseq: String,
    base: String,
    transport: Option<Transport>,
}

/// A request for a stream.
struct Wish {
    cseq: String,
    base: String,
    path: String,
    kind: Kind,
}

enum Kind {
    Describe,
    Announce(Bytes),
    Setup(String, Transport),
}

struct Session {
    path: String,
    purpose: Purpose,
    tracks: u8,
    /// Packets flow.
    running: bool,
    deadline: Mono,
}

impl Conversation {
    /// A new connection, whose peer may answer the challenges of `offer`. `session_id` is a random word of
    /// the caller's, not used before.
    #[must_use]
    pub fn new(offer: Offer, nonces: Nonces, session_id: String) -> Self {
        Self {
            input: BytesMut::new(),
            output: VecDeque::new(),
            events: VecDeque::new(),
            waiting: None,
            login: Login::new(offer, nonces),
            permitted: None,
            announced: None,
            may_publish: false,
            session_id,
            session: None,
            agent: String::new(),
        }
    }

    /// The same for a server that takes publishers: ANNOUNCE and RECORD are known.
    #[must_use]
    pub const fn with_publishing(mut self) -> Self {
        self.may_publish = true;
        self
    }

    /// Takes bytes that the peer sent. Requests are handled one at a time: while one waits for the
    /// shell's answer, the next ones wait too.
    ///
    /// # Errors
    /// [`Fatal`] when what came is no RTSP, or wrong credentials for the third time.
    pub fn input(&mut self, now: Mono, bytes: &[u8]) -> Result<(), Fatal> {
        self.input.extend_from_slice(bytes);
        self.advance(now)
    }

    /// The next bytes to be written.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        self.output.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When the session ends if the peer stays silent.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        self.session.as_ref().map(|session| session.deadline)
    }

    /// True while packets flow to the peer.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.runs_for(Purpose::Read)
    }

    /// True while packets of the peer are taken.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.runs_for(Purpose::Publish)
    }

    fn runs_for(&self, purpose: Purpose) -> bool {
        self.session.as_ref().is_some_and(|session| session.running && session.purpose == purpose)
    }

    /// The peer's program, as far as it was said: at most 200 characters, none of control.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// Puts off the deadline: the peer showed that it lives, by a report over UDP.
    pub fn keep_alive(&mut self, now: Mono) {
        if let Some(session) = &mut self.session {
            session.deadline = now + SESSION_TIMEOUT;
        }
    }

    /// Offers Basic alone from now on: to whoever can be known by no Digest.
    pub const fn offer_basic_only(&mut self) {
        self.login.offer_basic_only();
    }

    /// Answers [`Event::Authorize`]: the peer may have the stream as long as it stays connected and asks
    /// for no other one. What it asked for comes as the next event.
    ///
    /// # Errors
    /// As [`Conversation::describe`].
    pub fn permit(&mut self, now: Mono) -> Result<(), Fatal> {
        match self.waiting.take() {
            Some(Waiting::Permission { wish, .. }) => {
                self.login.pass();
                self.permitted = Some((wish.path.clone(), wish.purpose()));
                self.carry_out(now, wish);
            }
            other => self.waiting = other,
        }
        self.advance(now)
    }

    /// Answers [`Event::Describe`] with a session description.
    ///
    /// # Errors
    /// [`Fatal`] when a request that waited behind it is no RTSP, or has wrong credentials for the third
    /// time.
    pub fn describe(&mut self, now: Mono, sdp: &str) -> Result<(), Fatal> {
        if let Some(Asked { cseq, base, .. }) = self.asked() {
            let base = base.trim_end_matches('/');
            let headers = format!(
                "Content-Base: {base}/\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
                sdp.len()
            );
            self.respond(&cseq, Status::Ok, &headers);
        }
        self.advance(now)
    }

    /// Answers [`Event::Announce`]: the stream may be set up and published.
    ///
    /// # Errors
    /// As [`Conversation::describe`].
    pub fn accept_announce(&mut self, now: Mono) -> Result<(), Fatal> {
        if let Some(Asked { cseq, .. }) = self.asked() {
            self.announced = self.permitted.as_ref().map(|(path, _)| path.clone());
            self.respond(&cseq, Status::Ok, "\r\n");
        }
        self.advance(now)
    }

    /// Answers [`Event::Setup`]: `server_ports` for UDP, and the source that packets to the peer will
    /// carry.
    ///
    /// # Errors
    /// As [`Conversation::describe`].
    pub fn accept_setup(
        &mut self,
        now: Mono,
        server_ports: Option<(u16, u16)>,
        ssrc: u32,
    ) -> Result<(), Fatal> {
        if let Some(Asked { cseq, transport: Some(transport), .. }) = self.asked() {
            let is_publisher =
                self.session.as_ref().is_some_and(|session| session.purpose == Purpose::Publish);
            let tail = match is_publisher {
                true => "mode=record".to_owned(),
                false => format!("ssrc={ssrc:08X}"),
            };
            let transport = match transport {
                Transport::Interleaved { rtp, rtcp } => {
                    format!("RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp};{tail}")
                }
                Transport::Udp { rtp, rtcp } => {
                    let (own_rtp, own_rtcp) = server_ports.unwrap_or_default();
                    format!(
                        "RTP/AVP;unicast;client_port={rtp}-{rtcp};server_port={own_rtp}-{own_rtcp};{tail}"
                    )
                }
            };
            let session = self.session_header();
            self.respond(&cseq, Status::Ok, &format!("{session}Transport: {transport}\r\n\r\n"));
        }
        self.advance(now)
    }

    /// Answers [`Event::Play`]: the tracks' next sequence numbers and times, by control name;
    /// none where they are not known yet.
    ///
    /// # Errors
    /// As [`Conversation::describe`].
    pub fn accept_play(&mut self, now: Mono, tracks: &[(String, u16, u32)]) -> Result<(), Fatal> {
        if let Some(Asked { cseq, base, .. }) = self.asked() {
            let base = base.trim_end_matches('/');
            let info: Vec<String> = tracks
                .iter()
                .map(|(control, sequence, time)| {
                    format!("url={base}/{control};seq={sequence};rtptime={time}")
                })
                .collect();
            let session = self.session_header();
            // An empty header is no header to strict clients.
            let info = match info.is_empty() {
                true => String::new(),
                false => format!("RTP-Info: {}\r\n", info.join(",")),
            };
            let headers = format!("{session}Range: npt=now-\r\n{info}\r\n");
            self.respond(&cseq, Status::Ok, &headers);
            self.run();
        }
        self.advance(now)
    }

    /// Answers [`Event::Record`]: packets are taken from now on.
    ///
    /// # Errors
    /// As [`Conversation::describe`].
    pub fn accept_record(&mut self, now: Mono) -> Result<(), Fatal> {
        if let Some(Asked { cseq, .. }) = self.asked() {
            let session = self.session_header();
            self.respond(&cseq, Status::Ok, &format!("{session}\r\n"));
            self.run();
        }
        self.advance(now)
    }

    fn run(&mut self) {
        if let Some(session) = &mut self.session {
            session.running = true;
        }
    }

    /// Refuses the request that waits; [`Status::Unauthorized`] with challenges.
    ///
    /// # Errors
    /// As [`Conversation::describe`]; also when credentials are refused for the third time in a row.
    pub fn refuse(&mut self, now: Mono, status: Status) -> Result<(), Fatal> {
        let (cseq, with_credentials) = match self.waiting.take() {
            None => return self.advance(now),
            Some(Waiting::Permission { wish, with_credentials }) => (wish.cseq, with_credentials),
            Some(Waiting::Answer(asked)) => (asked.cseq, false),
        };
        if status == Status::Unauthorized {
            self.challenge(now, &cseq, false);
            if with_credentials && self.login.fail() {
                return Err(Fatal);
            }
        } else {
            self.respond(&cseq, status, "\r\n");
        }
        self.advance(now)
    }

    /// The request whose answer the shell has, if it is permitted.
    fn asked(&mut self) -> Option<Asked> {
        match self.waiting.take() {
            Some(Waiting::Answer(asked)) => Some(asked),
            other => {
                self.waiting = other;
                None
            }
        }
    }

    fn challenge(&mut self, now: Mono, cseq: &str, is_stale: bool) {
        let challenges = self.login.challenges(now, is_stale);
        self.respond(cseq, Status::Unauthorized, &format!("{challenges}\r\n"));
    }

    fn session_header(&self) -> String {
        format!("Session: {};timeout={}\r\n", self.session_id, SESSION_TIMEOUT.as_secs())
    }

    /// Writes an answer; `rest` ends the headers.
    fn respond(&mut self, cseq: &str, status: Status, rest: &str) {
        // A number goes back as a number; anything else would let a peer write our headers.
        let cseq: String = cseq.chars().filter(char::is_ascii_digit).take(10).collect();
        let text = format!("RTSP/1.0 {}\r\nCSeq: {cseq}\r\n{rest}", status.line());
        self.output.push_back(text.into());
    }
}

#[cfg(test)]
mod tests;
