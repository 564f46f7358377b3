//! Sessions: from an offer to its answer, and what is asked of them later.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use access::{Lease, Standing};
use base::task::Scope;
use base::{Clock, ErrorKind, StreamPath, SystemClock};
use hub::paths::NotPublishable;
use hub::{Origin, Start};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::attempts::{Attempt, Attempts, Reached};
use super::egress::{Address, Command, Room, mail};
use super::ingress::{self, Publishing};
use super::lane::Lane;
use super::negotiate::{self, Carried, Choice};
use super::peer::{self, Peer};
use super::socket::{Net, Sockets};
use super::trickle::{Fragment, fragment_of};
use super::turn::{self, IceServer};
use super::viewer::{State, Viewer};
use super::{Config, Metrics};
use crate::Context;
use crate::open::{OpenError, Opened, open};
use crate::publish::{Order, PublishError, Sink};
use crate::sessions::{Doing, Entry, Facts as Shown, Protocol};

/// How long a publisher's packets wait for those before them.
const REORDERED_WITHIN: Duration = Duration::from_millis(150);

/// Why an offer has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The stream cannot be entered.
    #[error(transparent)]
    Stream(#[from] OpenError),
    /// The stream has no codec that WebRTC carries and the offer takes; its codecs.
    #[error("nothing in this stream can be carried: {0:?}")]
    NothingToCarry(Vec<&'static str>),
    /// The offer is none.
    #[error("the offer is not understood: {0}")]
    BadOffer(String),
    /// As many sessions as there may be.
    #[error("too many sessions")]
    TooMany,
    /// No such session.
    #[error("no such session")]
    NoSession,
    /// The session was changed by somebody else in between.
    #[error("the session has changed")]
    Changed,
    /// The port of media is not open.
    #[error("WebRTC is switched off")]
    Off,
    /// Another source feeds the path.
    #[error("the path is taken")]
    Taken,
    /// The path may not be published.
    #[error(transparent)]
    NotPublishable(#[from] NotPublishable),
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Stream(error) => error.kind(),
            Self::NotPublishable(error) => error.kind(),
            Self::NothingToCarry(_) | Self::Off => ErrorKind::Unsupported,
            Self::BadOffer(_) => ErrorKind::Invalid,
            Self::TooMany => ErrorKind::Unavailable,
            Self::NoSession => ErrorKind::NotFound,
            Self::Changed | Self::Taken => ErrorKind::Conflict,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Stream(error) => error.code(),
            Self::NotPublishable(error) => error.code(),
            Self::NothingToCarry(_) => "stream_not_carried",
            Self::BadOffer(_) => "offer_not_understood",
            Self::TooMany => "too_many_sessions",
            Self::NoSession => "webrtc_session_not_found",
            Self::Changed => "webrtc_session_changed",
            Self::Off => "webrtc_off",
            Self::Taken => "path_taken",
        }
    }
}

/// An offer, and who makes it.
pub struct Offer {
    /// For which stream.
    pub path: StreamPath,
    /// The session description.
    pub sdp: String,
    /// `?start=next`: nothing before the next key frame.
    pub starts_next: bool,
    /// The other end of the connection that brought it.
    pub peer: SocketAddr,
    /// Who asks: the peer, or what a trusted proxy says.
    pub from: IpAddr,
    /// The user's name; empty: nobody in particular.
    pub user: String,
    /// The program.
    pub agent: String,
    /// What followed `?`, without tokens.
    pub query: String,
    /// The watch over the right to it.
    pub standing: Option<Arc<Standing>>,
}

/// A session that has begun.
#[derive(Clone, Debug)]
pub struct Started {
    /// Its id, a UUID.
    pub id: String,
    /// Stands for its present credentials.
    pub etag: String,
    /// The answer.
    pub sdp: String,
    /// Codecs of the stream that are left out.
    pub omitted: Vec<&'static str>,
}

/// ICE that began anew.
#[derive(Clone, Debug)]
pub struct Restarted {
    /// Stands for the new credentials.
    pub etag: String,
    /// What the peer is told of them.
    pub fragment: String,
}

/// What this server offers to peers, for whoever asks why one does not connect.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Addresses that are told.
    pub candidates: Vec<SocketAddr>,
    /// Also over TCP.
    pub tcp: bool,
    /// Their number is told by the configuration instead of being this machine's.
    pub is_advertised: bool,
    /// Sessions now.
    pub sessions: usize,
}

/// What of a stream a browser gets.
#[derive(Clone, Debug, Default)]
pub struct Codecs {
    /// By their short names.
    pub carried: Vec<&'static str>,
    /// What is left out.
    pub omitted: Vec<&'static str>,
    /// The codec of its pictures, if it has any.
    pub video: Option<&'static str>,
    /// Its pictures are reordered, which WebRTC does not carry.
    pub has_b_frames: bool,
}

/// WebRTC. Cloning gives another handle to the same service.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

/// A session as the routes find it.
#[derive(Clone)]
struct Known {
    session: u64,
    path: StreamPath,
    etag: String,
    commands: mpsc::Sender<Command>,
    /// Of a publisher: its own task.
    publisher: Option<Arc<Held>>,
}

/// A room's task, and how it is reached.
struct Held {
    address: Address,
    _scope: Scope,
}

/// What sessions share. Its users: the routes and the rooms' tasks.
pub(super) struct Shared {
    pub live: Context,
    pub config: Config,
    pub metrics: Metrics,
    net: Arc<Net>,
    attempts: Attempts,
    rooms: Mutex<HashMap<StreamPath, Held>>,
    known: Mutex<HashMap<String, Known>>,
    next: AtomicU64,
}

impl Service {
    /// No sessions yet; tasks run on the streams' runtimes and end with the context's scope. Without
    /// sockets nobody is answered.
    ///
    /// # Errors
    /// The system's, when it does not give a socket what it needs.
    pub fn start(
        live: Context,
        config: Config,
        sockets: Sockets,
        metrics: Metrics,
    ) -> io::Result<Self> {
        peer::prepare();
        let net = Net::start(sockets, metrics.clone(), &live.scope)?;
        let shared = Shared {
            live,
            config,
            metrics,
            net,
            attempts: Attempts::default(),
            rooms: Mutex::default(),
            known: Mutex::default(),
            next: AtomicU64::new(1),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Answers a viewer. Cancel-safe: nothing is left behind when the future is dropped.
    ///
    /// # Errors
    /// See [`Error`]; a retry helps for a stream that has not begun, and for [`Error::TooMany`].
    pub async fn watch(&self, _lease: &Lease, offer: Offer) -> Result<Started, Error> {
        let answered = self.answer_viewer(offer).await;
        if answered.is_err() {
            self.shared.metrics.refused.inc();
        }
        answered
    }

    /// Answers a publisher. The path is fed from its first key frame on.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Taken`] while another source feeds the path.
    pub async fn publish(&self, _lease: &Lease, offer: Offer) -> Result<Started, Error> {
        let answered = self.shared.begin_publishing(&offer);
        if answered.is_err() {
            self.shared.metrics.refused.inc();
        }
        answered
    }

    async fn answer_viewer(&self, offer: Offer) -> Result<Started, Error> {
        let shared = &self.shared;
        shared.has_room()?;
        let offered = negotiate::sections(&offer.sdp);
        if offered.is_empty() {
            return Err(Error::BadOffer("it has no media".to_owned()));
        }
        let start = if offer.starts_next { Start::Next } else { Start::Group };
        let limit = shared.live.start_timeout;
        let opened = open(&shared.live.hub, &offer.path, start, limit).await?;
        let choice = negotiate::choose(&opened.tracks, &offered);
        if choice.carried.is_empty() {
            let codecs = opened.tracks.all().iter().map(|track| track.parameters.name());
            return Err(Error::NothingToCarry(codecs.collect()));
        }
        shared.begin(&offer, (opened, start), choice)
    }

    /// Takes what a session's peer tells later. `if_match`: the etag that it knows, where it says one.
    ///
    /// # Errors
    /// [`Error::NoSession`], [`Error::Changed`], [`Error::BadOffer`].
    pub async fn amend(
        &self,
        (path, id): (&StreamPath, &str),
        fragment: &str,
        if_match: Option<&str>,
    ) -> Result<Option<Restarted>, Error> {
        let known = self.known(path, id)?;
        if if_match.is_some_and(|tag| tag != "*" && tag.trim_matches('"') != known.etag) {
            return Err(Error::Changed);
        }
        let (answer, answered) = oneshot::channel();
        let command = Command::Amend(known.session, Fragment::read(fragment), answer);
        known.commands.send(command).await.map_err(|_| Error::NoSession)?;
        let Some((ufrag, sdp)) = answered.await.map_err(|_| Error::NoSession)?? else {
            return Ok(None);
        };
        Ok(Some(self.shared.restarted(&known, id, ufrag, &sdp)))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`Error::NoSession`].
    pub async fn end(&self, path: &StreamPath, id: &str) -> Result<(), Error> {
        let known = self.known(path, id)?;
        let sent = known.commands.send(Command::Leave(known.session)).await;
        sent.map_err(|_| Error::NoSession)
    }

    fn known(&self, path: &StreamPath, id: &str) -> Result<Known, Error> {
        let known = self.shared.known.lock().get(id).cloned();
        known.filter(|known| known.path == *path).ok_or(Error::NoSession)
    }

    /// STUN and TURN servers that a peer is told of.
    #[must_use]
    pub fn ice_servers(&self, user: &str) -> Vec<IceServer> {
        turn::servers(&self.shared.config, user, SystemClock.wall())
    }

    /// The latest attempts.
    #[must_use]
    pub fn attempts(&self) -> &Attempts {
        &self.shared.attempts
    }

    /// What a peer that asks from `from` is offered.
    #[must_use]
    pub fn facts(&self, from: Option<IpAddr>) -> Facts {
        let shared = &self.shared;
        let reach = peer::reach(&shared.net, &shared.config.advertise, from);
        Facts {
            candidates: reach.told,
            tcp: reach.tcp,
            is_advertised: !reach.is_own,
            sessions: shared.known.lock().len(),
        }
    }

    /// Which codecs of a stream a browser's usual offer gets; `None`: they are not known yet.
    #[must_use]
    pub fn codecs(&self, path: &StreamPath) -> Option<Codecs> {
        let tracks = self.shared.live.hub.state(path)?.tracks?;
        let choice = negotiate::choose(&tracks, &negotiate::sections(negotiate::USUAL_OFFER));
        let name = |carried: &Carried| Some(tracks.get(carried.track)?.parameters.name());
        Some(Codecs {
            carried: choice.carried.iter().filter_map(name).collect(),
            omitted: choice.omitted,
            video: tracks.video().map(|track| track.parameters.name()),
            has_b_frames: tracks.video().is_some_and(|track| track.parameters.b_frames()),
        })
    }
}

impl Shared {
    fn has_room(&self) -> Result<(), Error> {
        if self.net.port().is_none() {
            return Err(Error::Off);
        }
        match self.known.lock().len() < self.config.sessions_max {
            true => Ok(()),
            false => Err(Error::TooMany),
        }
    }

    /// Makes the answer and sends the viewer to its room.
    fn begin(
        self: &Arc<Self>,
        offer: &Offer,
        (opened, start): (Opened, Start),
        choice: Choice,
    ) -> Result<Started, Error> {
        let reach = peer::reach(&self.net, &self.config.advertise, Some(offer.peer.ip()));
        let mids: Vec<&str> = choice.carried.iter().map(|carried| carried.mid.as_str()).collect();
        let codecs = negotiate::codecs(&choice.carried, &negotiate::sections(&offer.sdp));
        let asked = (negotiate::with_only(&offer.sdp, &mids), codecs, false);
        let (mut peer, sdp) = Peer::answer(Arc::clone(&self.net), reach, asked)?;
        let lanes: Vec<Lane> = choice
            .carried
            .iter()
            .filter_map(|carried| {
                let mid = carried.mid.as_str().into();
                let number = peer.payload_type(mid, carried.is_video)?;
                Lane::new(opened.tracks.get(carried.track)?, mid, number)
            })
            .collect();
        if lanes.is_empty() {
            return Err(Error::BadOffer("no section takes what was chosen".to_owned()));
        }
        let entry = self.live.sessions.open(
            Protocol::WebRtc,
            Some(offer.peer),
            shown(offer, Doing::Reading),
        );
        let (id, etag) = (entry.id.clone(), peer.ufrag());
        let session = self.next.fetch_add(1, Ordering::Relaxed);
        self.note(offer, &entry, &choice.omitted);
        let viewer = Viewer {
            session,
            entry,
            standing: offer.standing.clone(),
            attempts: self.attempts.clone(),
            path: offer.path.clone(),
            start,
            peer,
            lanes,
            tracks: opened.tracks,
            admitted: opened.reader,
            reader: None,
            state: State::new(Instant::now()),
        };
        let address = self.join(viewer)?;
        self.net.open(etag.clone(), session, address.inbox);
        let (path, tag) = (offer.path.clone(), etag.clone());
        let commands = address.commands;
        let known = Known { session, path, etag: tag, commands, publisher: None };
        self.remember(&id, known);
        Ok(Started { id, etag, sdp, omitted: choice.omitted })
    }

    /// Makes the answer and starts the publisher's task.
    fn begin_publishing(self: &Arc<Self>, offer: &Offer) -> Result<Started, Error> {
        self.has_room()?;
        let offered = negotiate::sections(&offer.sdp);
        let codecs = negotiate::publishable(&offered);
        if codecs.params().is_empty() {
            return Err(Error::NothingToCarry(Vec::new()));
        }
        self.live.hub.publishable(&offer.path)?;
        let reach = peer::reach(&self.net, &self.config.advertise, Some(offer.peer.ip()));
        let (mut peer, sdp) =
            Peer::answer(Arc::clone(&self.net), reach, (offer.sdp.clone(), codecs, true))?;
        let chosen = peer.chosen(&offered);
        let announced = ingress::announcement(&chosen)?;
        let facts = shown(offer, Doing::Publishing);
        let entry = self.live.sessions.open(Protocol::WebRtc, Some(offer.peer), facts);
        let origin = Origin { kind: Protocol::WebRtc.kind(), id: entry.id.clone() };
        let order = Order::Restored(REORDERED_WITHIN);
        let sink =
            Sink::open(&self.live.hub, &offer.path, &announced, origin, order).map_err(of_sink)?;
        let (id, etag) = (entry.id.clone(), peer.ufrag());
        let session = self.next.fetch_add(1, Ordering::Relaxed);
        self.note(offer, &entry, &[]);
        let (address, mail) = mail();
        self.net.open(etag.clone(), session, address.inbox.clone());
        let scope = self.live.scope.child_on(self.live.pool.for_key(offer.path.as_str()));
        let publishing = Publishing {
            session,
            shared: Arc::clone(self),
            entry,
            standing: offer.standing.clone(),
            attempts: self.attempts.clone(),
            path: offer.path.clone(),
            peer,
            sink,
            media: chosen.iter().map(|(medium, ..)| *medium).collect(),
            mail,
            stop: scope.token(),
            born: Instant::now(),
        };
        let (path, tag) = (offer.path.clone(), etag.clone());
        let held = Held { address: address.clone(), _scope: scope.clone() };
        let commands = address.commands;
        self.remember(
            &id,
            Known { session, path, etag: tag, commands, publisher: Some(Arc::new(held)) },
        );
        scope.spawn(format!("whip {}", offer.path), publishing.run());
        Ok(Started { id, etag, sdp, omitted: Vec::new() })
    }

    fn note(&self, offer: &Offer, entry: &Entry, omitted: &[&'static str]) {
        self.attempts.add(Attempt {
            id: entry.id.clone(),
            from: offer.from.to_canonical(),
            path: offer.path.clone(),
            at: entry.created,
            reached: Reached::Answered,
            transport: None,
            omitted: omitted.to_vec(),
            ended: None,
        });
    }

    /// Sends a viewer to the room of its stream, which is opened when there is none.
    fn join(self: &Arc<Self>, viewer: Viewer) -> Result<Address, Error> {
        let mut rooms = self.rooms.lock();
        let path = viewer.path.clone();
        let open = rooms.get(&path).filter(|held| !held.address.commands.is_closed());
        let address = match open {
            Some(held) => held.address.clone(),
            None => {
                self.forget_lost();
                let (address, mail) = mail();
                let scope = self.live.scope.child_on(self.live.pool.for_key(path.as_str()));
                let room = Room::new(path.clone(), Arc::clone(self), mail, scope.token());
                scope.spawn(format!("webrtc {path}"), room.run());
                rooms.insert(path, Held { address: address.clone(), _scope: scope });
                address
            }
        };
        let sent = address.commands.try_send(Command::Join(Box::new(viewer)));
        sent.map(|()| address).map_err(|_| Error::TooMany)
    }

    /// Closes a room, unless somebody is at its door.
    pub(super) fn leave(&self, path: &StreamPath, commands: &mut mpsc::Receiver<Command>) -> bool {
        let mut rooms = self.rooms.lock();
        if !commands.is_empty() {
            return false;
        }
        // Whoever comes from now on opens another.
        commands.close();
        rooms.remove(path);
        true
    }

    /// Ends all ways to a session that has ended.
    pub(super) fn forget(&self, session: u64, id: &str) {
        self.net.close(session);
        let mut known = self.known.lock();
        known.remove(id);
        self.metrics.sessions.set(i64::try_from(known.len()).unwrap_or(i64::MAX));
    }

    /// Those whose task ended without a word.
    fn forget_lost(&self) {
        let is_lost = |(id, known): (&String, &Known)| {
            known.commands.is_closed().then(|| (known.session, id.clone()))
        };
        let lost: Vec<_> = self.known.lock().iter().filter_map(is_lost).collect();
        lost.iter().for_each(|(session, id)| self.forget(*session, id));
    }

    fn remember(&self, id: &str, known: Known) {
        let mut all = self.known.lock();
        all.insert(id.to_owned(), known);
        self.metrics.sessions.set(i64::try_from(all.len()).unwrap_or(i64::MAX));
    }

    fn restarted(&self, known: &Known, id: &str, ufrag: String, sdp: &str) -> Restarted {
        let rooms = self.rooms.lock();
        if let Some(held) = known.publisher.as_deref().or_else(|| rooms.get(&known.path)) {
            self.net.open(ufrag.clone(), known.session, held.address.inbox.clone());
        }
        drop(rooms);
        if let Some(known) = self.known.lock().get_mut(id) {
            known.etag.clone_from(&ufrag);
        }
        Restarted { etag: ufrag, fragment: fragment_of(sdp) }
    }
}

fn of_sink(error: PublishError) -> Error {
    match error {
        PublishError::Taken => Error::Taken,
        PublishError::NothingToCarry => Error::NothingToCarry(Vec::new()),
        PublishError::NotPublishable(why) => Error::NotPublishable(why),
    }
}

fn shown(offer: &Offer, doing: Doing) -> Shown {
    Shown {
        doing,
        path: Some(offer.path.clone()),
        query: offer.query.clone(),
        user: offer.user.clone(),
        agent: offer.agent.clone(),
        ..Shown::default()
    }
}
