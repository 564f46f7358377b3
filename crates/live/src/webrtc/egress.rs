//! The room of a stream: one task that gives each unit to all its viewers, on the stream's own thread.
//!
//! It lives while it has viewers. A wake-up of the ring serves all of them; a datagram or a timer those
//! whose time has come.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::StreamPath;
use hub::{Event, Start, Subscriber};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Error;
use super::lane::Packed;
use super::peer::{Outbox, until};
use super::session::Shared;
use super::socket::Incoming;
use super::trickle::Fragment;
use super::viewer::{Serving, Viewer};

/// Timers that end this close to each other end together.
const TOGETHER: Duration = Duration::from_millis(2);
const IDLE: Duration = Duration::from_secs(1);
/// Datagrams that are taken between two rounds.
const DATAGRAMS_MAX: usize = 256;

/// What is asked of a session's task.
pub(super) enum Command {
    /// A viewer comes.
    Join(Box<Viewer>),
    /// A session's peer tells more; the answer is what it is told, if anything.
    Amend(u64, Fragment, oneshot::Sender<Result<Option<(String, String)>, Error>>),
    /// A session's peer leaves.
    Leave(u64),
}

/// Where a session's task takes its work from.
pub(super) struct Mail {
    pub commands: mpsc::Receiver<Command>,
    pub inbox: mpsc::Receiver<Incoming>,
}

/// How a session's task is reached.
#[derive(Clone)]
pub(super) struct Address {
    pub commands: mpsc::Sender<Command>,
    pub inbox: mpsc::Sender<Incoming>,
}

/// Both ends.
pub(super) fn mail() -> (Address, Mail) {
    let (commands, from_commands) = mpsc::channel(256);
    let (inbox, from_inbox) = mpsc::channel(2_048);
    (Address { commands, inbox }, Mail { commands: from_commands, inbox: from_inbox })
}

/// The room of one stream.
pub(super) struct Room {
    pub path: StreamPath,
    pub shared: Arc<Shared>,
    pub mail: Mail,
    pub stop: CancellationToken,
    viewers: BTreeMap<u64, Viewer>,
    /// Wakes the room for each unit.
    bell: Option<Subscriber>,
    heard: Vec<Event>,
    outbox: Outbox,
    packed: Packed,
}

impl Room {
    /// An empty room; [`Self::run`] is its task.
    pub(super) fn new(
        path: StreamPath,
        shared: Arc<Shared>,
        mail: Mail,
        stop: CancellationToken,
    ) -> Self {
        Self {
            path,
            shared,
            mail,
            stop,
            viewers: BTreeMap::new(),
            bell: None,
            heard: Vec::new(),
            outbox: Outbox::default(),
            packed: Packed::default(),
        }
    }

    /// Serves viewers until there are none.
    pub(super) async fn run(mut self) {
        let mut is_for_all = false;
        loop {
            is_for_all |= self.take_mail();
            let next = self.serve(std::mem::take(&mut is_for_all));
            if self.viewers.is_empty() && self.shared.leave(&self.path, &mut self.mail.commands) {
                return;
            }
            let bell = self.bell.as_mut();
            let rung = async {
                match bell {
                    Some(bell) => bell.next().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => break,
                _ = rung => is_for_all = true,
                Some(command) = self.mail.commands.recv() => self.obey(command),
                Some(incoming) = self.mail.inbox.recv() => self.receive(&incoming),
                () = tokio::time::sleep(next) => {}
            }
        }
        self.end_all("the server stops");
    }

    /// What has come in the meantime, without waiting; true when the stream went on.
    fn take_mail(&mut self) -> bool {
        while let Ok(command) = self.mail.commands.try_recv() {
            self.obey(command);
        }
        for _ in 0..DATAGRAMS_MAX {
            let Ok(incoming) = self.mail.inbox.try_recv() else { break };
            self.receive(&incoming);
        }
        if let Some(bell) = &mut self.bell {
            bell.drain(&mut self.heard);
        }
        let has_rung = !self.heard.is_empty();
        self.heard.clear();
        has_rung
    }

    fn receive(&mut self, incoming: &Incoming) {
        if let Some(viewer) = self.viewers.get_mut(&incoming.session) {
            viewer.receive(Instant::now(), incoming);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Join(viewer) => {
                self.viewers.insert(viewer.session, *viewer);
            }
            Command::Amend(session, fragment, answer) => {
                let found = self.viewers.get_mut(&session);
                let amended = found.map_or(Err(Error::NoSession), |viewer| {
                    let told = viewer.peer.amend(&fragment)?;
                    Ok(told.map(|told| (viewer.peer.ufrag(), told)))
                });
                // Whoever asked may have left.
                let _ = answer.send(amended);
            }
            Command::Leave(session) => self.end(session, "the peer left"),
        }
    }

    /// Serves everybody, or those whose time has come; gives the time until the next.
    fn serve(&mut self, is_for_all: bool) -> Duration {
        let now = Instant::now();
        let mut over = Vec::new();
        let mut next = now + IDLE;
        let mut is_watched = false;
        let mut with = Serving {
            hub: &self.shared.live.hub,
            config: &self.shared.config,
            metrics: &self.shared.metrics,
            outbox: &mut self.outbox,
            packed: &mut self.packed,
        };
        for (session, viewer) in &mut self.viewers {
            let is_due = viewer.deadline() <= now;
            let is_served = is_due || (is_for_all && viewer.is_connected());
            if is_served && let Some(why) = viewer.serve(now, &mut with) {
                over.push((*session, why));
            }
            is_watched |= viewer.is_connected();
            next = next.min(viewer.deadline());
        }
        for (session, why) in over {
            self.end(session, why);
        }
        if is_watched && self.bell.is_none() {
            self.bell = self.shared.live.hub.subscribe(&self.path, Start::Group);
        }
        until(next, now, IDLE).max(TOGETHER)
    }

    fn end(&mut self, session: u64, why: &'static str) {
        let Some(viewer) = self.viewers.remove(&session) else { return };
        let id = viewer.entry.id.clone();
        let mut with = Serving {
            hub: &self.shared.live.hub,
            config: &self.shared.config,
            metrics: &self.shared.metrics,
            outbox: &mut self.outbox,
            packed: &mut self.packed,
        };
        viewer.leave(why, &mut with);
        self.shared.forget(session, &id);
    }

    fn end_all(&mut self, why: &'static str) {
        let all: Vec<u64> = self.viewers.keys().copied().collect();
        all.into_iter().for_each(|session| self.end(session, why));
    }
}
