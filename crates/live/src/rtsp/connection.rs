//! One connection: the shell around the conversation, and around what flows.
//!
//! Its task waits for one thing (the socket, the hub, a datagram, a tick), feeds it, writes what came of
//! it, and waits again. It begins on the general runtime and moves to that of its stream.

use std::future::{pending, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Mono, StreamPath, SystemClock};
use hub::{Event, Subscriber};
use rtsp::{Conversation, Fatal, Transport};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::door::{self, Permit};
use super::ending::End;
use super::lane::Packet;
use super::limits::Pass;
use super::server::Shared;
use super::session::Session;
use super::socket::{Queue, Socket};
use super::udp::{Datagram, Destination};
use crate::sessions::{Counters, Entry, Facts, Protocol};
use media::Tracks;

const TICK: Duration = Duration::from_millis(500);
/// A peer that has so much of our answers to take is not listened to.
const UNTAKEN_MAX: usize = 256 << 10;
/// Between two parts of the first group over UDP: players' sockets have little room.
const PACE: Duration = Duration::from_millis(2);
/// For the last words.
const LEAVE: Duration = Duration::from_secs(1);

/// A connection.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) peer: SocketAddr,
    /// The address by which the peer knows this server.
    pub(super) local: Option<IpAddr>,
    pub(super) is_tls: bool,
    pub(super) talk: Conversation,
    pub(super) entry: Entry,
    pub(super) pass: Pass,
    pub(super) permit: Option<Permit>,
    pub(super) path: Option<StreamPath>,
    pub(super) query: String,
    /// The stream that was described, so that its source stays until PLAY.
    pub(super) held: Option<(Subscriber, Tracks)>,
    pub(super) session: Option<Session>,
    /// The task runs where the stream lives.
    pub(super) is_home: bool,
    socket: Socket,
    queue: Queue,
    /// When the peer said something.
    heard: Mono,
    has_asked: bool,
    /// When the peer last took what waited for it, or nothing waited.
    took: Mono,
    began: Mono,
    buffer: Vec<u8>,
}

/// How a run of the connection's task ended.
pub(super) enum Run {
    Ended(End),
    /// The path is known: the task goes on where the stream lives.
    Moves,
}

enum Step {
    Tick,
    Took(io::Result<()>),
    Heard(io::Result<(usize, Result<(), Fatal>)>),
    Media(Event),
    Datagram(Datagram),
    Due,
}

impl Connection {
    pub(super) fn new(
        shared: Arc<Shared>,
        (socket, is_tls): (Socket, bool),
        (peer, local): (SocketAddr, Option<IpAddr>),
        pass: Pass,
    ) -> Self {
        let offer = door::offer(&shared.config);
        let id = base::id::random_hex();
        let talk = Conversation::new(offer, shared.nonces.clone(), id).with_publishing();
        let protocol = if is_tls { Protocol::RtspsConnection } else { Protocol::RtspConnection };
        let entry = shared.context.sessions.open(protocol, Some(peer), Facts::default());
        let now = SystemClock.mono();
        Self {
            shared,
            peer,
            local,
            is_tls,
            talk,
            entry,
            pass,
            permit: None,
            path: None,
            query: String::new(),
            held: None,
            session: None,
            is_home: false,
            socket,
            queue: Queue::default(),
            heard: now,
            has_asked: false,
            took: now,
            began: now,
            buffer: Vec::new(),
        }
    }

    /// Runs until it ends or moves.
    pub(super) async fn run(&mut self) -> Run {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if self.is_home {
            if self.socket.come_here().is_err() {
                return Run::Ended(End::Left);
            }
            let now = SystemClock.mono();
            let fate = self.talk.permit(now);
            if let Err(end) = self.answer(fate).await {
                return Run::Ended(end);
            }
        }
        loop {
            match self.advance(&mut tick).await {
                Ok(()) if self.permit.is_some() && !self.is_home => return Run::Moves,
                Ok(()) => {}
                Err(end) => return Run::Ended(end),
            }
        }
    }

    async fn advance(&mut self, tick: &mut Interval) -> Result<(), End> {
        self.pump().await?;
        match self.step(tick).await {
            Step::Tick => self.tick().await,
            Step::Took(taken) => {
                taken.map_err(|_| End::Left)?;
                self.took = SystemClock.mono();
                self.write().await
            }
            Step::Heard(heard) => {
                let (count, fate) = heard.map_err(|_| End::Left)?;
                if count == 0 {
                    return Err(End::Left);
                }
                self.heard = SystemClock.mono();
                Counters::add(&self.entry.counters.inbound_bytes, count as u64);
                self.answer(fate).await
            }
            Step::Media(event) => self.media(event).await,
            Step::Datagram(datagram) => self.datagram(&datagram),
            Step::Due => self.due(),
        }
    }

    async fn step(&mut self, tick: &mut Interval) -> Step {
        let Self { socket, queue, talk, session, .. } = self;
        let is_free = queue.is_empty();
        let (reader, inbox, due) = session.as_mut().map_or((None, None, None), Session::sources);
        let input = poll_fn(|context| {
            if !queue.is_empty() {
                let taken = queue.poll_taken(context, socket);
                if taken.is_ready() {
                    return taken.map(Step::Took);
                }
                if queue.len() > UNTAKEN_MAX {
                    return std::task::Poll::Pending;
                }
            }
            let heard = socket.poll_input(context, |bytes| talk.input(SystemClock.mono(), bytes));
            heard.map(Step::Heard)
        });
        // All are cancel-safe: what is taken is returned.
        tokio::select! {
            biased;
            _ = tick.tick() => Step::Tick,
            step = input => step,
            Some(datagram) = datagram(inbox) => Step::Datagram(datagram),
            () = until(due) => Step::Due,
            event = next(reader), if is_free => Step::Media(event),
        }
    }

    /// Answers what the conversation asks, and writes what it says.
    async fn answer(&mut self, fate: Result<(), Fatal>) -> Result<(), End> {
        let mut fate = fate;
        loop {
            self.say().await?;
            let Some(event) = self.talk.poll_event() else { break };
            self.has_asked |= !matches!(event, rtsp::Event::Data { .. });
            match self.answer_one(event).await? {
                Some(answered) => fate = fate.and(answered),
                // It goes on where the stream lives.
                None => return Ok(()),
            }
        }
        fate.map_err(|_| End::Fatal)
    }

    /// Writes what the conversation says.
    async fn say(&mut self) -> Result<(), End> {
        while let Some(bytes) = self.talk.poll_output() {
            self.has_asked = true;
            self.queue.push(bytes);
        }
        self.write().await
    }

    async fn write(&mut self) -> Result<(), End> {
        if self.queue.is_empty() {
            self.took = SystemClock.mono();
            return Ok(());
        }
        let before = self.queue.len();
        let any = self.queue.write(&mut self.socket).await.map_err(|_| End::Left)?;
        let gone = before.saturating_sub(self.queue.len());
        Counters::add(&self.entry.counters.outbound_bytes, gone as u64);
        if any || self.queue.is_empty() {
            self.took = SystemClock.mono();
        }
        Ok(())
    }

    /// Sends what the ring held when the reader came.
    async fn pump(&mut self) -> Result<(), End> {
        while self.queue.is_empty() {
            let Some(session) = &mut self.session else { return Ok(()) };
            let mut packets = Vec::new();
            let Some(taken) = session.take_backlog(SystemClock.mono(), &mut packets) else {
                return Ok(());
            };
            let is_udp = self.deliver(&packets).await?;
            self.note(taken)?;
            if is_udp {
                tokio::time::sleep(PACE).await;
            }
        }
        Ok(())
    }

    async fn media(&mut self, event: Event) -> Result<(), End> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let mut packets = Vec::new();
        let taken = session.take(SystemClock.mono(), event, &mut packets);
        self.deliver(&packets).await?;
        self.note(taken)
    }

    /// Sends packets; true when some went as datagrams.
    pub(super) async fn deliver(&mut self, packets: &[Packet]) -> Result<bool, End> {
        let (mut is_udp, mut total) = (false, 0);
        for same in packets.chunk_by(|a, b| a.transport == b.transport) {
            match same.first().map(|packet| packet.transport) {
                Some(Transport::Udp { rtp, rtcp }) => {
                    is_udp = true;
                    total += same.iter().map(Packet::len).sum::<usize>();
                    self.send(
                        Destination { peer: self.peer.ip(), rtp, rtcp, local: self.local },
                        same,
                    );
                }
                _ => total += self.queue.interleave(same),
            }
        }
        if let Some(session) = &self.session {
            session.count(packets, total);
        }
        self.write().await?;
        Ok(is_udp)
    }

    fn send(&mut self, to: Destination, packets: &[Packet]) {
        let Some(pair) = self.shared.pair(self.local) else { return };
        let unsent = pair.send(to, packets, &mut self.buffer);
        if unsent > 0 {
            self.shared.metrics.datagrams_lost.inc_by(unsent);
            if let Some(session) = &self.session {
                Counters::add(&session.entry.counters.outbound_packets_discarded, unsent);
            }
        }
    }

    /// What is looked at now and then.
    async fn tick(&mut self) -> Result<(), End> {
        let now = SystemClock.mono();
        let patience = &self.shared.config.patience;
        if self.shared.stop.is_cancelled() {
            return Err(End::Stopping);
        }
        let is_kicked = self.entry.end.is_cancelled()
            || self.session.as_ref().is_some_and(|session| session.entry.end.is_cancelled());
        if is_kicked {
            return Err(End::Kicked);
        }
        if self.permit.as_ref().is_some_and(|permit| permit.standing.ended().is_cancelled()) {
            return Err(End::RightEnded);
        }
        if !self.has_asked && now.since(self.began) > patience.first {
            return Err(End::Silent);
        }
        if !self.queue.is_empty() && now.since(self.took) > patience.stall {
            return Err(End::Stalled);
        }
        let Some(session) = &mut self.session else {
            let is_idle = now.since(self.heard) > patience.idle;
            return if is_idle { Err(End::Silent) } else { Ok(()) };
        };
        // Over TCP a player shows that it lives by taking what it gets.
        let takes = self.talk.is_playing() && session.is_interleaved();
        if !takes && self.talk.deadline().is_some_and(|at| now > at) {
            return Err(End::Silent);
        }
        session.check(&self.shared.config, now)?;
        let packets = session.reports(now);
        self.deliver(&packets).await.map(|_| ())
    }

    /// The end: last words to whoever still listens.
    pub(super) async fn leave(&mut self, end: End) {
        if end != End::Left {
            let packets = self.session.as_ref().map(Session::bye).unwrap_or_default();
            let last = async {
                self.say().await?;
                self.deliver(&packets).await?;
                while !self.queue.is_empty() {
                    let taken = poll_fn(|context| self.queue.poll_taken(context, &mut self.socket));
                    taken.await.map_err(|_| End::Left)?;
                }
                Ok::<_, End>(())
            };
            // Whoever does not take them goes without.
            let _ = tokio::time::timeout(LEAVE, last).await;
        }
        self.tell_end(end);
    }
}

async fn next(reader: Option<&mut Subscriber>) -> Event {
    match reader {
        Some(reader) => reader.next().await,
        None => pending().await,
    }
}

async fn datagram(inbox: Option<&mut tokio::sync::mpsc::Receiver<Datagram>>) -> Option<Datagram> {
    match inbox {
        Some(inbox) => inbox.recv().await,
        None => pending().await,
    }
}

async fn until(due: Option<Mono>) {
    match due {
        Some(at) => tokio::time::sleep(at.since(SystemClock.mono())).await,
        None => pending().await,
    }
}
