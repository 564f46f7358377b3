//! Who plays what a muxer makes. A player is known by the `session=` that all addresses of its playlists
//! carry; it stays until it has asked for nothing for a while, or is ended by hand.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base::{Clock, StreamPath, SystemClock};
use hub::Subscriber;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Error;
use crate::sessions::{Counters, Doing, Entry, Facts, Protocol, Sessions};

/// Players of one muxer.
const VIEWERS_MAX: usize = 10_000;
/// Requests of a player that may wait at once.
const WAITING_MAX: usize = 8;
/// The same of those who say no session: they may be many behind one address.
const NAMELESS_WAITING_MAX: usize = 256;

/// Who asks, as far as it is shown to others.
#[derive(Clone, Debug, Default)]
pub struct Player {
    /// The other end of the connection.
    pub peer: Option<SocketAddr>,
    /// Who; empty: nobody in particular.
    pub user: String,
    /// The program.
    pub agent: String,
    /// What followed `?` in the address, without tokens.
    pub query: String,
}

/// All players of a muxer.
pub(super) struct Viewers {
    board: Sessions,
    path: StreamPath,
    all: Mutex<HashMap<String, Arc<Viewer>>>,
}

/// A player's session.
pub(super) struct Viewer {
    /// What its addresses carry.
    pub(super) id: String,
    /// Its place on the board, and among the stream's viewers, which reads nothing: the muxer does. Both go
    /// when it is ended by hand.
    entry: Mutex<Option<(Entry, Subscriber)>>,
    /// Cancelled to end it.
    pub(super) end: CancellationToken,
    last_request: Mutex<Instant>,
    waiting: AtomicUsize,
    /// Of one who asks for playlists without saying its session.
    nameless: Option<Nameless>,
}

/// What tells apart players that ask for the same playlist again and again without a session.
type Nameless = (Option<std::net::IpAddr>, String);

impl Viewers {
    pub(super) fn new(board: Sessions, path: StreamPath) -> Self {
        Self { board, path, all: Mutex::default() }
    }

    /// The session of a request. Without one in the address, a new one, which `admit` lets in; but who asks without for what is
    /// `reloaded` is known again.
    pub(super) fn find(
        &self,
        session: Option<&str>,
        player: &Player,
        reloaded: bool,
        admit: &mut dyn FnMut() -> Result<Subscriber, Error>,
    ) -> Result<Arc<Viewer>, Error> {
        let mut all = self.all.lock();
        let nameless = (player.peer.map(|peer| peer.ip()), player.agent.clone());
        let known = match session.filter(|id| is_id(id)) {
            Some(id) => all.get(id),
            None if reloaded => {
                all.values().find(|viewer| viewer.nameless.as_ref() == Some(&nameless))
            }
            None => None,
        };
        if let Some(viewer) = known.map(Arc::clone) {
            if viewer.end.is_cancelled() {
                return Err(Error::SessionEnded);
            }
            viewer.touch();
            return Ok(viewer);
        }
        if all.len() >= VIEWERS_MAX {
            return Err(Error::Full);
        }
        let session = session.filter(|id| is_id(id));
        let nameless = (session.is_none() && reloaded).then_some(nameless);
        let viewer = Arc::new(self.open(session, player, nameless, admit()?));
        all.insert(viewer.id.clone(), Arc::clone(&viewer));
        Ok(viewer)
    }

    fn open(
        &self,
        id: Option<&str>,
        player: &Player,
        nameless: Option<Nameless>,
        admitted: Subscriber,
    ) -> Viewer {
        let facts = Facts {
            doing: Doing::Reading,
            path: Some(self.path.clone()),
            query: player.query.clone(),
            user: player.user.clone(),
            agent: player.agent.clone(),
            last_request: SystemClock.wall(),
            ..Facts::default()
        };
        let entry = self.board.open(Protocol::Hls, player.peer, facts);
        Viewer {
            id: id.map_or_else(|| entry.id.clone(), str::to_owned),
            end: entry.end.clone(),
            entry: Mutex::new(Some((entry, admitted))),
            last_request: Mutex::new(Instant::now()),
            waiting: AtomicUsize::new(0),
            nameless,
        }
    }

    /// Those who have asked for nothing for so long leave; those who were ended leave the board at once,
    /// and are refused as long as they ask.
    pub(super) fn leave_idle(&self, idle_after: Duration, now: Instant) {
        self.all.lock().retain(|_, viewer| {
            if viewer.end.is_cancelled() {
                viewer.entry.lock().take();
            }
            viewer.waiting.load(Ordering::Relaxed) > 0
                || now.duration_since(*viewer.last_request.lock()) < idle_after
        });
    }
}

/// True for what may be a session's name.
fn is_id(id: &str) -> bool {
    id.len() == 36 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

impl Viewer {
    fn touch(&self) {
        *self.last_request.lock() = Instant::now();
        if let Some((entry, _)) = &*self.entry.lock() {
            entry.tell(|facts| facts.last_request = SystemClock.wall());
        }
    }

    /// Counts what it was given.
    pub(super) fn sent(&self, len: u64) {
        if let Some((entry, _)) = &*self.entry.lock() {
            Counters::add(&entry.counters.outbound_bytes, len);
        }
    }

    /// A request that waits, until it is dropped.
    pub(super) fn wait(&self) -> Result<Waiting<'_>, Error> {
        let max = if self.nameless.is_some() { NAMELESS_WAITING_MAX } else { WAITING_MAX };
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= max {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::TooManyWaiting);
        }
        Ok(Waiting(self))
    }
}

/// A request that waits.
pub(super) struct Waiting<'a>(&'a Viewer);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn admit() -> Result<Subscriber, Error> {
        let metrics = hub::Metrics::new(&prometheus::Registry::new()).expect("new names");
        let hub = hub::Hub::new(hub::RingLimits::default(), metrics);
        Ok(hub.follow(&StreamPath::new("cam").expect("a path"), hub::Start::Next))
    }

    fn viewers() -> (Sessions, Viewers) {
        let board = Sessions::default();
        let path = StreamPath::new("cam").expect("a path");
        (board.clone(), Viewers::new(board, path))
    }

    #[test]
    fn a_session_ends_some_time_after_its_last_request() {
        let (board, viewers) = viewers();
        let player = Player { user: "ann".into(), ..Player::default() };
        let viewer = viewers.find(None, &player, false, &mut admit).expect("room");
        let again = viewers.find(Some(&viewer.id), &player, false, &mut admit).expect("room");
        again.sent(700);
        let listed = board.list(Protocol::Hls);
        assert_eq!((listed.len(), listed[0].facts().user.as_str()), (1, "ann"));
        assert_eq!(listed[0].counters.outbound_bytes.load(Ordering::Relaxed), 700);
        let now = Instant::now();
        viewers.leave_idle(Duration::from_secs(10), now + Duration::from_secs(9));
        assert_eq!(board.list(Protocol::Hls).len(), 1);
        drop((viewer, again));
        viewers.leave_idle(Duration::from_secs(10), now + Duration::from_secs(10));
        assert!(board.list(Protocol::Hls).is_empty());
    }

    #[test]
    fn who_reloads_without_a_session_is_known_again_and_a_new_start_is_a_new_session() {
        let (board, viewers) = viewers();
        let player = Player { agent: "vlc".into(), ..Player::default() };
        let first = viewers.find(None, &player, true, &mut admit).expect("room");
        assert_eq!(viewers.find(None, &player, true, &mut admit).expect("room").id, first.id);
        assert_ne!(viewers.find(None, &player, false, &mut admit).expect("room").id, first.id);
        let other = Player { agent: "mpv".into(), ..Player::default() };
        assert_ne!(viewers.find(None, &other, true, &mut admit).expect("room").id, first.id);
        assert_eq!(board.list(Protocol::Hls).len(), 3);
    }

    #[test]
    fn who_was_ended_by_hand_is_refused_and_off_the_board() {
        let (board, viewers) = viewers();
        let viewer = viewers.find(None, &Player::default(), false, &mut admit).expect("room");
        board.get(Protocol::Hls, &viewer.id).expect("it is there").end.cancel();
        viewers.leave_idle(Duration::from_secs(10), Instant::now());
        assert!(board.list(Protocol::Hls).is_empty());
        let refused = viewers.find(Some(&viewer.id), &Player::default(), false, &mut admit);
        assert!(matches!(refused, Err(Error::SessionEnded)));
    }

    #[test]
    fn a_player_has_few_requests_waiting() {
        let (_, viewers) = viewers();
        let viewer = viewers.find(None, &Player::default(), false, &mut admit).expect("room");
        let waiting: Vec<_> = (0..WAITING_MAX).map(|_| viewer.wait().expect("few")).collect();
        assert!(viewer.wait().is_err());
        drop(waiting);
        assert!(viewer.wait().is_ok());
    }
}
