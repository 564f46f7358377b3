//! Who watches and who publishes: one board for all protocols, for the control API and its numbers.
//!
//! A session stands on it as long as its [`Entry`] lives. Ending one by hand cancels its token; the
//! session leaves by itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base::{Clock, StreamPath, SystemClock, Wall};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// A connection of RTSP; it may have a session.
    RtspConnection,
    /// A connection of RTSP over TLS.
    RtspsConnection,
    /// A session of RTSP.
    Rtsp,
    /// A session of RTSP over TLS.
    Rtsps,
    /// WHEP and WHIP.
    WebRtc,
    /// A muxer of HLS.
    HlsMuxer,
    /// A player of HLS, known by its `?session=`.
    Hls,
    /// M-JPEG over HTTP.
    Mjpeg,
    /// Parts over a WebSocket.
    Socket,
}

impl Protocol {
    /// The control API's word for a reader or a source of this protocol.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::RtspConnection => "rtspConn",
            Self::RtspsConnection => "rtspsConn",
            Self::Rtsp => "rtspSession",
            Self::Rtsps => "rtspsSession",
            Self::WebRtc => "webRTCSession",
            Self::HlsMuxer => "hlsMuxer",
            Self::Hls => "hlsSession",
            Self::Mjpeg | Self::Socket => "hidden",
        }
    }
}

/// What a session does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// Nothing yet.
    #[default]
    Idle,
    /// It watches.
    Reading,
    /// It publishes.
    Publishing,
}

impl Doing {
    /// The control API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Reading => "read",
            Self::Publishing => "publish",
        }
    }
}

/// What may change while a session lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What it does.
    pub doing: Doing,
    /// Which stream.
    pub path: Option<StreamPath>,
    /// What followed `?` in the address, without tokens.
    pub query: String,
    /// Who; empty: nobody in particular.
    pub user: String,
    /// The program.
    pub agent: String,
    /// How packets travel: `TCP`, `UDP`; of RTSP only.
    pub transport: Option<&'static str>,
    /// Of a connection: its session. Of a session: its connection.
    pub belongs_to: Option<String>,
    /// Of WebRTC: `host/udp/<ip>/<port>`.
    pub local_candidate: String,
    /// Of WebRTC: `host/udp/<ip>/<port>`.
    pub remote_candidate: String,
    /// Of WebRTC: media can flow.
    pub is_established: bool,
    /// When something was last asked for; of HLS.
    pub last_request: Wall,
}

/// Counters of a session. Each is written by its session and read by anybody.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "the names are those of the control API's fields")]
pub struct Counters {
    pub inbound_bytes: AtomicU64,
    pub inbound_packets: AtomicU64,
    pub inbound_packets_lost: AtomicU64,
    pub inbound_packets_in_error: AtomicU64,
    /// Microseconds.
    pub inbound_jitter: AtomicU64,
    pub inbound_rtcp_packets: AtomicU64,
    pub inbound_rtcp_packets_in_error: AtomicU64,
    pub outbound_bytes: AtomicU64,
    pub outbound_packets: AtomicU64,
    pub outbound_packets_reported_lost: AtomicU64,
    pub outbound_packets_discarded: AtomicU64,
    pub outbound_frames_discarded: AtomicU64,
    pub outbound_rtcp_packets: AtomicU64,
}

impl Counters {
    /// Adds to one of the counters.
    pub fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

/// A session as it stands on the board.
#[derive(Debug)]
pub struct Session {
    /// A UUID.
    pub id: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Since when.
    pub created: Wall,
    /// The peer; `None` for muxers.
    pub remote: Option<SocketAddr>,
    /// Its counters.
    pub counters: Counters,
    /// Cancelled to end it.
    pub end: CancellationToken,
    facts: Mutex<Facts>,
}

impl Session {
    /// What is known of it now.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.facts.lock().clone()
    }

    /// Changes what is known of it.
    pub fn tell(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.facts.lock());
    }
}

type Board = BTreeMap<(Protocol, String), Arc<Session>>;

/// The board. Cloning gives another handle to the same one.
#[derive(Clone, Debug, Default)]
pub struct Sessions(Arc<Mutex<Board>>);

impl Sessions {
    /// Puts a session on the board until the entry is dropped.
    #[must_use]
    pub fn open(&self, protocol: Protocol, remote: Option<SocketAddr>, facts: Facts) -> Entry {
        let session = Arc::new(Session {
            id: uuid::Uuid::new_v4().to_string(),
            protocol,
            created: SystemClock.wall(),
            remote,
            counters: Counters::default(),
            end: CancellationToken::new(),
            facts: Mutex::new(facts),
        });
        self.0.lock().insert((protocol, session.id.clone()), Arc::clone(&session));
        Entry { board: self.clone(), session }
    }

    /// All of a protocol, the oldest first.
    #[must_use]
    pub fn list(&self, protocol: Protocol) -> Vec<Arc<Session>> {
        let mut found: Vec<_> = self
            .0
            .lock()
            .values()
            .filter(|session| session.protocol == protocol)
            .map(Arc::clone)
            .collect();
        found.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        found
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, protocol: Protocol, id: &str) -> Option<Arc<Session>> {
        self.0.lock().get(&(protocol, id.to_owned())).map(Arc::clone)
    }

    /// Those that watch a stream, by protocol and id.
    #[must_use]
    pub fn readers(&self, path: &StreamPath) -> Vec<(Protocol, String)> {
        let board = self.0.lock();
        let reads = |session: &&Arc<Session>| {
            let facts = session.facts.lock();
            facts.doing == Doing::Reading && facts.path.as_ref() == Some(path)
        };
        board.values().filter(reads).map(|session| (session.protocol, session.id.clone())).collect()
    }
}

/// A session's place on the board; dropping it takes the session off.
#[derive(Debug)]
pub struct Entry {
    board: Sessions,
    session: Arc<Session>,
}

impl std::ops::Deref for Entry {
    type Target = Arc<Session>;
    fn deref(&self) -> &Arc<Session> {
        &self.session
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.board.0.lock().remove(&(self.session.protocol, self.session.id.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stands_on_the_board_as_long_as_its_entry_lives() {
        let board = Sessions::default();
        let path = StreamPath::new("cam1").expect("a path");
        let facts = Facts { doing: Doing::Reading, path: Some(path.clone()), ..Facts::default() };
        let entry = board.open(Protocol::Rtsp, None, facts);
        let _other = board.open(Protocol::WebRtc, None, Facts::default());
        assert_eq!(board.readers(&path), [(Protocol::Rtsp, entry.id.clone())]);
        let found = board.get(Protocol::Rtsp, &entry.id).expect("it is there");
        assert!(board.get(Protocol::WebRtc, &entry.id).is_none());
        found.end.cancel();
        assert!(entry.end.is_cancelled());
        drop(entry);
        assert!(board.list(Protocol::Rtsp).is_empty());
    }
}
