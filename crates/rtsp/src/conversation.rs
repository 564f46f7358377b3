//! One connection's conversation.

use std::collections::VecDeque;
use std::time::Duration;

use base::{Mono, Secret};
use bytes::{Bytes, BytesMut};
use rtsp_types::{Message, Method, ParseError, Request, Url, headers};

use crate::auth::{Login, Refusal};
use crate::{Event, Nonces, Offer, Status, Transport};

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
    login: Login,
    /// The path that the peer may have.
    permitted: Option<String>,
    session_id: String,
    session: Option<Session>,
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
    /// Of SETUP; else it is DESCRIBE.
    track: Option<(String, Transport)>,
}

struct Session {
    path: String,
    tracks: usize,
    playing: bool,
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
            session_id,
            session: None,
        }
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

    /// Answers [`Event::Authorize`]: the peer may have the stream as long as it stays connected and asks
    /// for no other one. What it asked for comes as the next event.
    ///
    /// # Errors
    /// As [`Conversation::describe`].
    pub fn permit(&mut self, now: Mono) -> Result<(), Fatal> {
        match self.waiting.take() {
            Some(Waiting::Permission { wish, .. }) => {
                self.login.pass();
                self.permitted = Some(wish.path.clone());
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
        if let Some(Asked { cseq, transport: Some(transport), .. }) = self.asked() {
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
            if let Some(session) = &mut self.session {
                session.playing = true;
            }
        }
        self.advance(now)
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
                        Parsed::Request(request) => self.request(now, &request)?,
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

    fn request(&mut self, now: Mono, request: &Request<Unit>) -> Result<(), Fatal> {
        let cseq = request.header(&headers::CSEQ).map_or("0", |value| value.as_str()).to_owned();
        if *request.method() == Method::Options {
            let methods =
                "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";
            self.respond(&cseq, Status::Ok, &format!("Public: {methods}\r\n\r\n"));
            return Ok(());
        }
        let named = request.header(&headers::SESSION).map(|value| value.as_str());
        let named = named.map(|value| value.split(';').next().unwrap_or_default().trim());
        if named.is_some_and(|id| self.session.is_none() || id != self.session_id) {
            self.respond(&cseq, Status::SessionNotFound, "\r\n");
            return Ok(());
        }
        let Some(url) = request.request_uri() else {
            self.respond(&cseq, Status::BadRequest, "\r\n");
            return Ok(());
        };
        match request.method() {
            Method::Describe | Method::Setup => return self.want(now, request, url, cseq),
            method => self.control(method, cseq, base_of(url)),
        }
        Ok(())
    }

    /// A request for a stream; whoever is permitted is not asked again.
    fn want(
        &mut self,
        now: Mono,
        request: &Request<Unit>,
        url: &Url,
        cseq: String,
    ) -> Result<(), Fatal> {
        let is_setup = *request.method() == Method::Setup;
        let path = url.path().trim_matches('/');
        let (path, track) = if is_setup {
            let header = request.header(&headers::TRANSPORT).map_or("", |value| value.as_str());
            let Some(transport) = header.split(',').find_map(Transport::parse) else {
                self.respond(&cseq, Status::UnsupportedTransport, "\r\n");
                return Ok(());
            };
            let (stream, control) = path.rsplit_once('/').unwrap_or((path, ""));
            (stream.to_owned(), Some((control.to_owned(), transport)))
        } else {
            (path.to_owned(), None)
        };
        let wish = Wish { cseq, base: base_of(url), path, track };
        if self.permitted.as_ref() == Some(&wish.path) {
            self.carry_out(now, wish);
            return Ok(());
        }
        let header = request.header(&headers::AUTHORIZATION).map(|value| value.as_str());
        let authorization = match self.login.read(now, header, url, is_setup) {
            Ok(authorization) => authorization,
            Err(refusal) => {
                self.challenge(now, &wish.cseq, refusal == Refusal::Stale);
                return if self.login.fail() { Err(Fatal) } else { Ok(()) };
            }
        };
        let with_credentials = authorization.is_some();
        self.events.push_back(Event::Authorize {
            authorization,
            method: if is_setup { "SETUP" } else { "DESCRIBE" },
            path: wish.path.clone(),
            query: url.query().map(|query| Secret::new(query.to_owned())),
        });
        self.waiting = Some(Waiting::Permission { wish, with_credentials });
        Ok(())
    }

    /// Carries out what is permitted.
    fn carry_out(&mut self, now: Mono, wish: Wish) {
        let Wish { cseq, base, path, track } = wish;
        let Some((control, transport)) = track else {
            self.events.push_back(Event::Describe { path });
            self.waiting = Some(Waiting::Answer(Asked { cseq, base, transport: None }));
            return;
        };
        let session = self.session.get_or_insert_with(|| Session {
            path: path.clone(),
            tracks: 0,
            playing: false,
            deadline: now + SESSION_TIMEOUT,
        });
        session.tracks += 1;
        if session.playing || session.path != path || session.tracks > TRACKS_MAX {
            return self.respond(&cseq, Status::MethodNotValidInThisState, "\r\n");
        }
        self.events.push_back(Event::Setup { path, control, transport });
        self.waiting = Some(Waiting::Answer(Asked { cseq, base, transport: Some(transport) }));
    }

    /// A request about the session, which only those have who were permitted.
    fn control(&mut self, method: &Method, cseq: String, base: String) {
        match method {
            Method::Play if self.session.is_some() => {
                self.waiting = Some(Waiting::Answer(Asked { cseq, base, transport: None }));
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

type Unit = &'static [u8];

/// An address without what follows `?`: what players append to it is a track, and a token in it is not
/// sent back.
fn base_of(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}

enum Parsed {
    Request(Box<Request<Unit>>),
    Data(u8, Bytes),
    Nothing,
}

#[cfg(test)]
mod tests;
