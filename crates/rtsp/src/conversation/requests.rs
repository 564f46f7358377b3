//! What peers say, one message at a time: RTSP requests, and packets between them.

use base::{Mono, Secret};
use bytes::{Buf, Bytes};
use rtsp_types::{Message, Method, ParseError, Request, Url, headers};

use super::{
    Asked, Conversation, Fatal, Kind, SESSION_TIMEOUT, Session, TRACKS_MAX, Waiting, Wish,
};
use crate::auth::Refusal;
use crate::{Event, Purpose, Status, Transport};

/// A session description past this is none.
const BODY_LEN_MAX: usize = 64 << 10;
/// A request past this is none.
const REQUEST_LEN_MAX: usize = BODY_LEN_MAX + (16 << 10);
const AGENT_LEN_MAX: usize = 200;

type Unit = &'static [u8];

impl Wish {
    pub(super) const fn purpose(&self) -> Purpose {
        match self.kind {
            Kind::Announce(_) => Purpose::Publish,
            Kind::Describe | Kind::Setup(..) => Purpose::Read,
        }
    }
}

impl Conversation {
    pub(super) fn advance(&mut self, now: Mono) -> Result<(), Fatal> {
        while self.waiting.is_none() && !self.input.is_empty() {
            if self.input.first() == Some(&b'$') {
                let Some(event) = self.take_packet() else { return Ok(()) };
                self.keep_alive(now);
                self.events.push_back(event);
                continue;
            }
            // Some clients send line ends between requests.
            let blank = self.input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.input.advance(blank);
            match Message::<Vec<u8>>::parse(&self.input) {
                Ok((message, used)) => {
                    self.input.advance(used.min(self.input.len()));
                    self.keep_alive(now);
                    // Of a response, nothing was asked; packets were taken above.
                    if let Message::Request(request) = message {
                        self.request(now, request)?;
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

    /// A packet between requests (RFC 2326 section 10.12), when it is whole.
    fn take_packet(&mut self) -> Option<Event> {
        let &[_, channel, high, low] = self.input.first_chunk::<4>()?;
        let len = usize::from(u16::from_be_bytes([high, low]));
        if self.input.len() < 4 + len {
            return None;
        }
        self.input.advance(4);
        Some(Event::Data { channel, packet: self.input.split_to(len).freeze() })
    }

    fn request(&mut self, now: Mono, request: Request<Vec<u8>>) -> Result<(), Fatal> {
        let body = Bytes::copy_from_slice(request.body());
        let request = request.map_body(|_| -> Unit { &[] });
        let cseq = request.header(&headers::CSEQ).map_or("0", |value| value.as_str()).to_owned();
        self.note_agent(&request);
        if *request.method() == Method::Options {
            let publish = if self.may_publish { ", ANNOUNCE, RECORD" } else { "" };
            let methods =
                "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";
            let session = self.session_line();
            self.respond(
                &cseq,
                Status::Ok,
                &format!("{session}Public: {methods}{publish}\r\n\r\n"),
            );
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
        let wish = match request.method() {
            Method::Describe => Wish::of(url, cseq, Kind::Describe),
            Method::Announce if self.may_publish => match self.unfit(&body) {
                Some(status) => {
                    self.respond(&cseq, status, "\r\n");
                    return Ok(());
                }
                None => Wish::of(url, cseq, Kind::Announce(body)),
            },
            Method::Setup => match self.set_up(&request, url, &cseq) {
                Some(wish) => wish,
                None => return Ok(()),
            },
            method => {
                self.control(method, cseq, base_of(url));
                return Ok(());
            }
        };
        self.want(now, &request, url, wish)
    }

    /// Why a description cannot be announced now.
    const fn unfit(&self, description: &Bytes) -> Option<Status> {
        if self.session.is_some() {
            return Some(Status::MethodNotValidInThisState);
        }
        if description.is_empty() || description.len() > BODY_LEN_MAX {
            return Some(Status::BadRequest);
        }
        None
    }

    fn note_agent(&mut self, request: &Request<Unit>) {
        if let Some(agent) = request.header(&headers::USER_AGENT).filter(|_| self.agent.is_empty())
        {
            let text = agent.as_str().chars().filter(|c| !c.is_control());
            self.agent = text.take(AGENT_LEN_MAX).collect();
        }
    }

    /// The wish of a SETUP; nothing when it was answered.
    fn set_up(&mut self, request: &Request<Unit>, url: &Url, cseq: &str) -> Option<Wish> {
        let header = request.header(&headers::TRANSPORT).map_or("", |value| value.as_str());
        let tracks = self.session.as_ref().map_or(0, |session| session.tracks);
        let offered = |text| Transport::parse(text, tracks.saturating_mul(2));
        let Some(transport) = header.split(',').find_map(offered) else {
            self.respond(cseq, Status::UnsupportedTransport, "\r\n");
            return None;
        };
        let whole = url.path().trim_matches('/');
        let is_permitted = self.permitted.as_ref().is_some_and(|(path, _)| path == whole);
        // ffmpeg appends the track behind the query: rtsp://h/path?query/streamid=0.
        let in_query = url.query().and_then(|query| query.rsplit_once('/')).map(|(_, name)| name);
        let (path, control) = match in_query {
            Some(control) => (whole, control),
            None if is_permitted => (whole, ""),
            None => whole.rsplit_once('/').unwrap_or((whole, "")),
        };
        let mut wish = Wish::of(url, cseq.to_owned(), Kind::Setup(control.to_owned(), transport));
        wish.path = path.to_owned();
        Some(wish)
    }

    /// A request for a stream; whoever is permitted is not asked again.
    fn want(
        &mut self,
        now: Mono,
        request: &Request<Unit>,
        url: &Url,
        wish: Wish,
    ) -> Result<(), Fatal> {
        let is_setup = matches!(wish.kind, Kind::Setup(..));
        let purpose = wish.purpose();
        let is_permitted = self.permitted.as_ref().is_some_and(|(path, permitted)| {
            *path == wish.path && (is_setup || *permitted == purpose)
        });
        if is_permitted {
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
        let method = match wish.kind {
            Kind::Describe => "DESCRIBE",
            Kind::Announce(_) => "ANNOUNCE",
            Kind::Setup(..) => "SETUP",
        };
        self.events.push_back(Event::Authorize {
            authorization,
            method,
            purpose,
            path: wish.path.clone(),
            query: url.query().map(|query| Secret::new(query.to_owned())),
        });
        self.waiting = Some(Waiting::Permission { wish, with_credentials });
        Ok(())
    }

    /// Carries out what is permitted.
    pub(super) fn carry_out(&mut self, now: Mono, wish: Wish) {
        let Wish { cseq, base, path, kind } = wish;
        let (event, transport) = match kind {
            Kind::Describe => (Event::Describe { path }, None),
            Kind::Announce(sdp) => {
                self.announced = None;
                (Event::Announce { path, sdp }, None)
            }
            Kind::Setup(control, transport) => {
                if !self.add_track(now, &path) {
                    return self.respond(&cseq, Status::MethodNotValidInThisState, "\r\n");
                }
                (Event::Setup { path, control, transport }, Some(transport))
            }
        };
        self.events.push_back(event);
        self.waiting = Some(Waiting::Answer(Asked { cseq, base, transport }));
    }

    /// False when the session, which begins with its first track, takes no such track.
    fn add_track(&mut self, now: Mono, path: &str) -> bool {
        let purpose = match self.permitted {
            Some((_, Purpose::Publish)) => Purpose::Publish,
            _ => Purpose::Read,
        };
        if purpose == Purpose::Publish && self.announced.as_deref() != Some(path) {
            return false;
        }
        let session = self.session.get_or_insert_with(|| Session {
            path: path.to_owned(),
            purpose,
            tracks: 0,
            running: false,
            deadline: now + SESSION_TIMEOUT,
        });
        session.tracks = session.tracks.saturating_add(1);
        !session.running && session.path == path && session.tracks <= TRACKS_MAX
    }

    /// A request about the session, which only those have who were permitted.
    fn control(&mut self, method: &Method, cseq: String, base: String) {
        let purpose = self.session.as_ref().map(|session| session.purpose);
        match method {
            Method::Play if purpose == Some(Purpose::Read) => self.ask(Event::Play, cseq, base),
            Method::Record if purpose == Some(Purpose::Publish) => {
                self.ask(Event::Record, cseq, base)
            }
            Method::Pause if purpose.is_some() => {
                let session = self.session_header();
                self.respond(&cseq, Status::Ok, &format!("{session}\r\n"));
                if let Some(session) = &mut self.session {
                    session.running = false;
                }
                self.events.push_back(Event::Pause);
            }
            Method::Teardown => {
                self.respond(&cseq, Status::Ok, "\r\n");
                (self.session, self.announced) = (None, None);
                self.events.push_back(Event::Teardown);
            }
            Method::GetParameter | Method::SetParameter => {
                let session = self.session_line();
                self.respond(&cseq, Status::Ok, &format!("{session}\r\n"));
            }
            Method::Play | Method::Pause | Method::Record => {
                self.respond(&cseq, Status::MethodNotValidInThisState, "\r\n")
            }
            _ => self.respond(&cseq, Status::NotImplemented, "\r\n"),
        }
    }

    fn ask(&mut self, event: Event, cseq: String, base: String) {
        self.waiting = Some(Waiting::Answer(Asked { cseq, base, transport: None }));
        self.events.push_back(event);
    }

    /// The header of the session, if there is one.
    fn session_line(&self) -> String {
        self.session.as_ref().map(|_| self.session_header()).unwrap_or_default()
    }
}

impl Wish {
    fn of(url: &Url, cseq: String, kind: Kind) -> Self {
        Self { cseq, base: base_of(url), path: url.path().trim_matches('/').to_owned(), kind }
    }
}

/// An address without what follows `?`: what players append to it is a track, and a token in it is not
/// sent back.
fn base_of(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}
