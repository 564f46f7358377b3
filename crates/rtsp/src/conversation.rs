//! One connection's conversation.

use std::collections::VecDeque;
use std::time::Duration;

use base::Mono;
use bytes::{Bytes, BytesMut};
use rtsp_types::{Message, Method, ParseError, Request, headers};

use crate::auth::{self, Credentials};
use crate::{Event, Status, Transport};

/// A request past this is none.
const REQUEST_LEN_MAX: usize = 64 << 10;
/// A session that is not spoken to for this long ends; clients are told.
const SESSION_TIMEOUT: Duration = Duration::from_secs(60);
/// Tracks of one session.
const TRACKS_MAX: usize = 8;

/// The conversation cannot go on; write what is left and close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fatal;

/// A server's side of one connection.
pub struct Conversation {
    input: BytesMut,
    output: VecDeque<Bytes>,
    events: VecDeque<Event>,
    waiting: Option<Waiting>,
    credentials: Option<Credentials>,
    nonce: String,
    session_id: String,
    session: Option<Session>,
}

/// The request that the shell has not answered yet.
struct Waiting {
    cseq: String,
    base: String,
    transport: Option<Transport>,
}

struct Session {
    path: String,
    tracks: usize,
    playing: bool,
    deadline: Mono,
}

impl Conversation {
    /// A new connection. `nonce` and `session_id` are random words of the caller's, not used before.
    #[must_use]
    pub fn new(credentials: Option<Credentials>, nonce: String, session_id: String) -> Self {
        Self {
            input: BytesMut::new(),
            output: VecDeque::new(),
            events: VecDeque::new(),
            waiting: None,
            credentials,
            nonce,
            session_id,
            session: None,
        }
    }

    /// Takes bytes that the peer sent. Requests are handled one at a time: while one waits for the
    /// shell's answer, the next ones wait too.
    ///
    /// # Errors
    /// [`Fatal`] when what came is no RTSP.
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

    /// True while packets flow.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.playing)
    }

    /// Puts off the deadline: the peer showed that it lives, by a report over UDP.
    pub fn keep_alive(&mut self, now: Mono) {
        if let Some(session) = &mut self.session {
            session.deadline = now + SESSION_TIMEOUT;
        }
    }

    /// Answers [`Event::Describe`] with a session description.
    ///
    /// # Errors
    /// [`Fatal`] when a request that waited behind it is no RTSP.
    pub fn describe(&mut self, now: Mono, sdp: &str) -> Result<(), Fatal> {
        if let Some(waiting) = self.waiting.take() {
            let base = waiting.base.trim_end_matches('/');
            let headers = format!(
                "Content-Base: {base}/\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
                sdp.len()
            );
            self.respond(&waiting.cseq, Status::Ok, &headers);
        }
        self.advance(now)
    }

    /// Answers [`Event::Setup`]: `server_ports` for UDP, and the source that packets will carry.
    ///
    /// # Errors
    /// As [`Conversation::describe`].
    pub fn accept_setup(
        &mut self,
        now: Mono,
        server_ports: Option<(u16, u16)>,
        ssrc: u32,
    ) -> Result<(), Fatal> {
        if let Some(Waiting { cseq, transport: Some(transport), .. }) = self.waiting.take() {
            let transport = match transport {
                Transport::Interleaved { rtp, rtcp } => {
                    format!("RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp};ssrc={ssrc:08X}")
                }
                Transport::Udp { rtp, rtcp } => {
                    let (own_rtp, own_rtcp) = server_ports.unwrap_or_default();
                    format!(
                        "RTP/AVP;unicast;client_port={rtp}-{rtcp};server_port={own_rtp}-{own_rtcp};ssrc={ssrc:08X}"
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
        if let Some(waiting) = self.waiting.take() {
            let base = waiting.base.trim_end_matches('/');
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
            self.respond(&waiting.cseq, Status::Ok, &headers);
            if let Some(session) = &mut self.session {
                session.playing = true;
            }
        }
        self.advance(now)
    }

    /// Refuses the request that waits; [`Status::Unauthorized`] with a challenge, as if its credentials
    /// were wrong.
    ///
    /// # Errors
    /// As [`Conversation::describe`].
    pub fn refuse(&mut self, now: Mono, status: Status) -> Result<(), Fatal> {
        if let Some(waiting) = self.waiting.take() {
            match status {
                Status::Unauthorized => self.challenge(&waiting.cseq),
                _ => self.respond(&waiting.cseq, status, "\r\n"),
            }
        }
        self.advance(now)
    }

    fn advance(&mut self, now: Mono) -> Result<(), Fatal> {
        while self.waiting.is_none() && !self.input.is_empty() {
            // Some clients send line ends between requests.
            let blank = self.input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let _ = self.input.split_to(blank);
            let parsed = Message::<Vec<u8>>::parse(&self.input).map(|(message, used)| {
                let message = match message {
                    Message::Request(request) => {
                        Parsed::Request(Box::new(request.map_body(|_| -> Unit { &[] })))
                    }
                    Message::Data(data) => Parsed::Data(data.channel_id(), data.into_body().into()),
                    // Nothing was asked of the peer.
                    Message::Response(_) => Parsed::Nothing,
                };
                (message, used)
            });
            match parsed {
                Ok((message, used)) => {
                    let _ = self.input.split_to(used.min(self.input.len()));
                    self.keep_alive(now);
                    match message {
                        Parsed::Request(request) => self.request(now, &request),
                        Parsed::Data(channel, packet) => {
                            self.events.push_back(Event::Data { channel, packet })
                        }
                        Parsed::Nothing => {}
                    }
                }
                Err(ParseError::Incomplete(_)) if self.input.len() <= REQUEST_LEN_MAX => {
                    return Ok(());
                }
                Err(_) => {
                    self.respond("0", Status::BadRequest, "\r\n");
                    return Err(Fatal);
                }
            }
        }
        Ok(())
    }

    fn request(&mut self, now: Mono, request: &Request<Unit>) {
        let cseq = request.header(&headers::CSEQ).map_or("0", |value| value.as_str()).to_owned();
        let method = <&str>::from(request.method()).to_owned();
        if *request.method() == Method::Options {
            let methods =
                "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";
            return self.respond(&cseq, Status::Ok, &format!("Public: {methods}\r\n\r\n"));
        }
        if !self.is_authorized(request, &method) {
            return self.challenge(&cseq);
        }
        let named = request.header(&headers::SESSION).map(|value| value.as_str());
        let named = named.map(|value| value.split(';').next().unwrap_or_default().trim());
        if named.is_some_and(|id| self.session.is_none() || id != self.session_id) {
            return self.respond(&cseq, Status::SessionNotFound, "\r\n");
        }
        let Some(uri) = request.request_uri() else {
            return self.respond(&cseq, Status::BadRequest, "\r\n");
        };
        let base = uri.as_str().to_owned();
        let path = uri.path().trim_matches('/').to_owned();
        match request.method() {
            Method::Describe => {
                self.waiting = Some(Waiting { cseq, base, transport: None });
                self.events.push_back(Event::Describe { path });
            }
            Method::Setup => self.setup(now, request, cseq, base, &path),
            Method::Play if self.session.is_some() => {
                self.waiting = Some(Waiting { cseq, base, transport: None });
                self.events.push_back(Event::Play);
            }
            Method::Pause if self.session.is_some() => {
                let session = self.session_header();
                self.respond(&cseq, Status::Ok, &format!("{session}\r\n"));
                if let Some(session) = &mut self.session {
                    session.playing = false;
                }
                self.events.push_back(Event::Pause);
            }
            Method::Teardown => {
                self.respond(&cseq, Status::Ok, "\r\n");
                self.session = None;
                self.events.push_back(Event::Teardown);
            }
            Method::GetParameter | Method::SetParameter => {
                let session =
                    self.session.as_ref().map(|_| self.session_header()).unwrap_or_default();
                self.respond(&cseq, Status::Ok, &format!("{session}\r\n"));
            }
            Method::Play | Method::Pause => {
                self.respond(&cseq, Status::MethodNotValidInThisState, "\r\n")
            }
            _ => self.respond(&cseq, Status::NotImplemented, "\r\n"),
        }
    }

    fn setup(
        &mut self,
        now: Mono,
        request: &Request<Unit>,
        cseq: String,
        base: String,
        path: &str,
    ) {
        let header = request.header(&headers::TRANSPORT).map_or("", |value| value.as_str());
        let Some(transport) = header.split(',').find_map(Transport::parse) else {
            return self.respond(&cseq, Status::UnsupportedTransport, "\r\n");
        };
        let (stream, control) = path.rsplit_once('/').unwrap_or((path, ""));
        let session = self.session.get_or_insert_with(|| Session {
            path: stream.to_owned(),
            tracks: 0,
            playing: false,
            deadline: now + SESSION_TIMEOUT,
        });
        session.tracks += 1;
        if session.playing || session.path != stream || session.tracks > TRACKS_MAX {
            return self.respond(&cseq, Status::MethodNotValidInThisState, "\r\n");
        }
        let event =
            Event::Setup { path: stream.to_owned(), control: control.to_owned(), transport };
        self.waiting = Some(Waiting { cseq, base, transport: Some(transport) });
        self.events.push_back(event);
    }

    fn is_authorized(&self, request: &Request<Unit>, method: &str) -> bool {
        let Some(credentials) = &self.credentials else { return true };
        let header = request.header(&headers::AUTHORIZATION);
        header.is_some_and(|header| auth::verify(credentials, &self.nonce, method, header.as_str()))
    }

    fn challenge(&mut self, cseq: &str) {
        let basic = self.credentials.as_ref().is_some_and(|credentials| credentials.basic);
        let mut out = String::new();
        for challenge in auth::challenges(basic, &self.nonce) {
            out.push_str(&format!("WWW-Authenticate: {challenge}\r\n"));
        }
        self.respond(cseq, Status::Unauthorized, &format!("{out}\r\n"));
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

type Unit = &'static [u8];

enum Parsed {
    Request(Box<Request<Unit>>),
    Data(u8, Bytes),
    Nothing,
}

#[cfg(test)]
mod tests;
