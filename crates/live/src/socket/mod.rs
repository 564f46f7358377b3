//! Parts for pages that play many streams at once over one WebSocket (`docs/design/live-socket.md`): a part
//! per picture, and the group since the last key frame at once.
//!
//! A path that somebody watches this way has one feed, which makes each part once for all. Knows no
//! WebSocket: it gives what is to be sent.

mod feed;
mod tile;

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use access::Lease;
use base::StreamPath;
use bytes::Bytes;
use hub::Start;
use parking_lot::Mutex;

use crate::Context;
use crate::hls::{Error, Player};
use crate::open::{Missing, start_timeout};
use feed::Feed;
pub use tile::Tile;

/// What a player is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// What follows is another stream: first of all, and again when it changes.
    Init(Arc<Init>),
    /// The next piece.
    Piece(Piece),
    /// The source is gone; when it is back there is an [`Sent::Init`].
    Waiting,
    /// The player was too slow: the next piece begins with a key frame, later in time.
    Skipped,
}

/// A description as players need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    /// Codecs as RFC 6381 lists them.
    pub codecs: String,
    /// Width and height in pixels, of video.
    pub size: Option<(u16, u16)>,
    /// Codecs of the stream that are left out.
    pub omitted: Vec<&'static str>,
    /// `ftyp` and `moov`.
    pub bytes: Bytes,
}

/// A fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// When its newest picture arrived.
    pub newest: base::Wall,
    /// It begins with a key frame.
    pub key: bool,
    /// `moof` and `mdat`.
    pub bytes: Bytes,
}

/// All feeds. Cloning gives another handle to the same service.
#[derive(Clone)]
pub struct Service {
    live: Context,
    feeds: Arc<Mutex<HashMap<StreamPath, Weak<Feed>>>>,
}

impl Service {
    /// No feeds yet; their tasks run on the streams' runtimes and end with the context's scope.
    #[must_use]
    pub fn new(live: Context) -> Self {
        Self { live, feeds: Arc::default() }
    }

    /// Enters a stream, and waits until it has begun. Cancel-safe.
    ///
    /// # Errors
    /// See [`Error`]; a retry helps for [`Error::NotStarted`].
    pub async fn open(
        &self,
        _lease: &Lease,
        path: &StreamPath,
        player: &Player,
    ) -> Result<Tile, Error> {
        let admitted = self.live.hub.admit(path, Start::Next)?;
        let feed = self.feed(path).ok_or(Error::NoStream)?;
        let mut tile = Tile::new((feed, admitted), &self.live.sessions, player);
        tile.begun(start_timeout(&self.live.hub, path, self.live.start_timeout)).await?;
        Ok(tile)
    }

    /// The feed of a path: the running one, or a new one when the path exists.
    fn feed(&self, path: &StreamPath) -> Option<Arc<Feed>> {
        let mut feeds = self.feeds.lock();
        if let Some(feed) = feeds.get(path).and_then(Weak::upgrade).filter(|feed| !feed.is_over()) {
            return Some(feed);
        }
        feeds.retain(|_, feed| feed.strong_count() > 0);
        let reader = self.live.hub.subscribe(path, Start::Group)?;
        let feed = Arc::new(Feed::new(path.clone()));
        let scope = self.live.scope.child_on(self.live.pool.for_key(path.as_str()));
        let (end, gone) = (scope.token(), feed.gone());
        let limit = start_timeout(&self.live.hub, path, self.live.start_timeout);
        let missing = Missing::new(self.live.reader_grace, limit);
        let task = feed::run(Arc::downgrade(&feed), (reader, missing), gone, end);
        // The scope lives as long as the feed.
        scope.spawn(format!("parts {path}"), task);
        feed.keep(scope);
        feeds.insert(path.clone(), Arc::downgrade(&feed));
        Some(feed)
    }
}

#[cfg(test)]
mod tests;
