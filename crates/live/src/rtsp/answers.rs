//! What a connection answers to each event of its conversation.

use base::{Clock, SystemClock};
use bytes::Bytes;
use hub::{Origin, Start};
use media::{Tracks, rtp, sdp};
use rtsp::{Event, Fatal, Status, Transport};

use super::connection::Connection;
use super::door;
use super::ending::End;
use super::lane::Lane;
use super::publisher::Publisher;
use super::reader::Reader;
use super::session::Session;
use super::udp::{Datagram, Ports};
use crate::open::{OpenError, open};
use crate::publish::PublishError;
use crate::sessions::{Doing, Facts, Protocol};

/// What the conversation says of an answer.
pub(super) type Answered = Result<(), Fatal>;

impl Connection {
    /// Answers an event; `None`: it is permitted, and the answer is given where the stream lives.
    pub(super) async fn answer_one(&mut self, event: Event) -> Result<Option<Answered>, End> {
        let answered = match event {
            Event::Authorize { authorization, method, purpose, path, query } => {
                let query = query.map(|query| query.reveal().to_owned()).unwrap_or_default();
                let asked = (authorization, method, purpose, path, query);
                let answered = self.authorize(asked).await;
                if answered.is_none() && self.is_home {
                    Some(self.talk.permit(SystemClock.mono()))
                } else {
                    answered
                }
            }
            Event::Describe { .. } => Some(self.describe().await),
            Event::Announce { sdp, .. } => Some(self.announce(&sdp)),
            Event::Setup { control, transport, .. } => Some(self.set_up(&control, transport).await),
            Event::Play => Some(self.play()),
            Event::Record => Some(self.record()),
            Event::Pause => {
                self.pause();
                Some(Ok(()))
            }
            Event::Teardown => {
                (self.session, self.held) = (None, None);
                self.entry.tell(|facts| facts.belongs_to = None);
                Some(Ok(()))
            }
            Event::Data { channel, packet } => {
                if let Some(session) = &mut self.session {
                    session.data(channel, &packet)?;
                }
                Some(Ok(()))
            }
        };
        Ok(answered)
    }

    /// The description of the stream; its producer starts where it must.
    async fn enter(&mut self) -> Result<Tracks, Status> {
        if let Some((_, tracks)) = &self.held {
            return Ok(tracks.clone());
        }
        let path = self.path.clone().ok_or(Status::NotFound)?;
        let context = &self.shared.context;
        let entering = open(&context.hub, &path, Start::Group, context.start_timeout);
        let opened = tokio::select! {
            () = self.shared.stop.cancelled() => Err(OpenError::NotStarted),
            opened = entering => opened,
        };
        let opened = opened.map_err(|error| match error {
            OpenError::NoStream => Status::NotFound,
            OpenError::Full => Status::NotEnoughBandwidth,
            OpenError::NotStarted | OpenError::Busy => Status::ServiceUnavailable,
        })?;
        if !opened.tracks.all().iter().any(|track| rtp::carries(&track.parameters)) {
            return Err(Status::UnsupportedMediaType);
        }
        self.held = Some((opened.reader, opened.tracks.clone()));
        Ok(opened.tracks)
    }

    async fn describe(&mut self) -> Answered {
        if self.session.is_none() {
            self.held = None;
        }
        let entered = self.enter().await;
        let now = SystemClock.mono();
        match (entered, &self.path) {
            (Ok(tracks), Some(path)) => {
                self.talk.describe(now, &sdp::describe(path.as_str(), &tracks))
            }
            (Err(status), _) => self.talk.refuse(now, status),
            (_, None) => self.talk.refuse(now, Status::NotFound),
        }
    }

    fn announce(&mut self, description: &Bytes) -> Answered {
        let now = SystemClock.mono();
        let Ok(announced) = sdp::parse(description) else {
            return self.talk.refuse(now, Status::BadRequest);
        };
        if !announced.media.iter().any(|medium| medium.format.is_some()) {
            return self.talk.refuse(now, Status::UnsupportedMediaType);
        }
        let Some(session) = self.begin() else {
            return self.talk.refuse(now, Status::NotFound);
        };
        session.publisher = Some(Publisher::new(announced, random_ssrc()));
        self.talk.accept_announce(now)
    }

    /// The session, which begins here if there is none.
    fn begin(&mut self) -> Option<&mut Session> {
        let path = self.path.clone()?;
        if self.session.is_none() {
            let facts = Facts {
                path: Some(path.clone()),
                belongs_to: Some(self.entry.id.clone()),
                ..self.entry.facts()
            };
            let protocol = if self.is_tls { Protocol::Rtsps } else { Protocol::Rtsp };
            let entry = self.shared.context.sessions.open(protocol, Some(self.peer), facts);
            self.entry.tell(|facts| facts.belongs_to = Some(entry.id.clone()));
            self.session = Some(Session::new(entry, path));
        }
        self.session.as_mut()
    }

    async fn set_up(&mut self, control: &str, transport: Transport) -> Answered {
        let is_publisher = self.session.as_ref().is_some_and(|session| session.publisher.is_some());
        let found = match is_publisher {
            true => self.find_medium(control).map(|index| (index, None)),
            false => self.find_track(control).await,
        };
        let ssrc = found.and_then(|(index, tracks)| self.add_track(index, tracks, transport));
        let now = SystemClock.mono();
        match ssrc {
            Ok(ssrc) => {
                let ports = self.shared.pair(self.local).and_then(|pair| pair.ports().ok());
                self.talk.accept_setup(now, ports, ssrc)
            }
            Err(status) => self.talk.refuse(now, status),
        }
    }

    fn find_medium(&self, control: &str) -> Result<usize, Status> {
        let publisher = self.session.as_ref().and_then(|session| session.publisher.as_ref());
        publisher.and_then(|publisher| publisher.medium(control)).ok_or(Status::NotFound)
    }

    async fn find_track(&mut self, control: &str) -> Result<(usize, Option<Tracks>), Status> {
        let tracks = self.enter().await?;
        let lanes = self.session.as_ref().map_or(0, |session| session.lanes.len());
        let mut carried =
            tracks.all().iter().enumerate().filter(|(_, track)| rtp::carries(&track.parameters));
        let found = match control {
            "" => carried.nth(lanes),
            _ => carried.find(|(index, _)| sdp::control(*index) == control),
        };
        let (index, _) = found.ok_or(Status::NotFound)?;
        Ok((index, Some(tracks)))
    }

    /// Adds a track of the description, or of the announcement; returns the source of its packets.
    fn add_track(
        &mut self,
        index: usize,
        tracks: Option<Tracks>,
        transport: Transport,
    ) -> Result<u32, Status> {
        let shared = std::sync::Arc::clone(&self.shared);
        let (peer, local, is_tls) = (self.peer.ip(), self.local, self.is_tls);
        let session = self.begin().ok_or(Status::NotFound)?;
        session.expected.retain(|(known, _)| *known != index);
        let word = match transport {
            Transport::Interleaved { .. } => "TCP",
            Transport::Udp { rtp, rtcp } => {
                // What is asked for over TLS is not sent in the clear.
                let pair = shared.pair(local).filter(|_| !is_tls);
                let pair = pair.ok_or(Status::UnsupportedTransport)?;
                let ports = Ports { peer, rtp, rtcp, track: index, inbox: session.inbox.0.clone() };
                let expected = pair.expect(&ports).ok_or(Status::UnsupportedTransport)?;
                session.expected.push((index, expected));
                "UDP"
            }
        };
        session.entry.tell(|facts| facts.transport = Some(word));
        if let Some(publisher) = &mut session.publisher {
            publisher.add(index, transport);
            return Ok(random_ssrc());
        }
        let tracks = tracks.ok_or(Status::NotFound)?;
        let track = tracks.all().get(index).ok_or(Status::NotFound)?;
        let lane = Lane::new(index, track, transport, random());
        let ssrc = lane.ssrc;
        session.lanes.retain(|lane| lane.index != index);
        session.lanes.push(lane);
        session.tracks = Some(tracks);
        Ok(ssrc)
    }

    fn play(&mut self) -> Answered {
        let now = SystemClock.mono();
        // To some players a second PLAY is a sign of life.
        if self.talk.is_playing() {
            return self.talk.accept_play(now, &[]);
        }
        let start = match door::query_value(&self.query, "start") {
            Some("next") => Start::Next,
            _ => Start::Group,
        };
        let lag = self.shared.config.patience.lag;
        let Some(session) = &mut self.session else {
            return self.talk.refuse(now, Status::SessionNotFound);
        };
        // Whoever was let in when the stream was described has its place until here.
        let place = self.held.take();
        let (Some(_), Some(tracks)) = (&place, session.tracks.clone()) else {
            return self.talk.refuse(now, Status::MethodNotValidInThisState);
        };
        let subscriber = self.shared.context.hub.follow(&session.path, start);
        let reader = Reader::new(subscriber, tracks, lag);
        if !reader.meet(&mut session.lanes) {
            return self.talk.refuse(now, Status::ServiceUnavailable);
        }
        let first = reader.first_micros();
        let info = first.map(|micros| {
            let line = |lane: &Lane| {
                (sdp::control(lane.index), lane.next_sequence(), lane.time_of_micros(micros))
            };
            session.lanes.iter().map(line).collect::<Vec<_>>()
        });
        session.reader = Some(reader);
        session.entry.tell(|facts| facts.doing = Doing::Reading);
        tracing::info!(stream = %session.path, peer = %self.peer, session = session.entry.id, "reader began");
        self.talk.accept_play(now, &info.unwrap_or_default())
    }

    fn record(&mut self) -> Answered {
        let now = SystemClock.mono();
        let Some(session) = &mut self.session else {
            return self.talk.refuse(now, Status::SessionNotFound);
        };
        if self.talk.is_recording() {
            return self.talk.accept_record(now);
        }
        let protocol = if self.is_tls { Protocol::Rtsps } else { Protocol::Rtsp };
        let origin = Origin { kind: protocol.kind(), id: session.entry.id.clone() };
        let Some(publisher) = &mut session.publisher else {
            return self.talk.refuse(now, Status::MethodNotValidInThisState);
        };
        match publisher.record(&self.shared.context.hub, &session.path, origin) {
            Ok(()) => {
                session.entry.tell(|facts| facts.doing = Doing::Publishing);
                tracing::info!(stream = %session.path, peer = %self.peer, session = session.entry.id, "publisher began");
                self.talk.accept_record(now)
            }
            Err(error) => {
                let status = match error {
                    PublishError::Taken => Status::Conflict,
                    PublishError::NothingToCarry => Status::UnsupportedMediaType,
                    PublishError::NotPublishable(_) => Status::Forbidden,
                };
                self.talk.refuse(now, status)
            }
        }
    }

    fn pause(&mut self) {
        let Some(session) = &mut self.session else { return };
        if let Some((reader, tracks)) = session.reader.take().zip(session.tracks.clone()) {
            self.held = Some((reader.subscriber, tracks));
        }
        if let Some(publisher) = &mut session.publisher {
            publisher.pause();
        }
        session.entry.tell(|facts| facts.doing = Doing::Idle);
    }

    pub(super) fn datagram(&mut self, datagram: &Datagram) -> Result<(), End> {
        let now = SystemClock.mono();
        self.talk.keep_alive(now);
        match &mut self.session {
            Some(session) => session.datagram(datagram),
            None => Ok(()),
        }
    }

    pub(super) fn due(&mut self) -> Result<(), End> {
        let publisher = self.session.as_mut().and_then(|session| session.publisher.as_mut());
        publisher.map_or(Ok(()), |publisher| publisher.due(SystemClock.mono()))
    }
}

/// Where a sequence, times and a source begin (RFC 3550 section 5.1).
fn random() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().1
}

fn random_ssrc() -> u32 {
    u32::try_from(random() & 0xffff_ffff).unwrap_or(1)
}
