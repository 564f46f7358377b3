//! One stream as one player gets it: a place in a feed, and nothing else that is kept for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hub::Subscriber;
use tokio::sync::watch;

use super::Sent;
use super::feed::{Feed, Place};
use crate::hls::{Error, Player};
use crate::sessions::{Counters, Doing, Entry, Facts, Protocol, Sessions};

/// A player of a stream.
pub struct Tile {
    feed: Arc<Feed>,
    changes: watch::Receiver<u64>,
    place: Place,
    entry: Entry,
    /// Its place among the stream's viewers; the feed reads.
    _admitted: Subscriber,
}

impl Tile {
    pub(super) fn new(
        (feed, admitted): (Arc<Feed>, Subscriber),
        board: &Sessions,
        player: &Player,
    ) -> Self {
        let facts = Facts {
            doing: Doing::Reading,
            path: Some(feed.path.clone()),
            user: player.user.clone(),
            agent: player.agent.clone(),
            ..Facts::default()
        };
        let entry = board.open(Protocol::Socket, player.peer, facts);
        Self { changes: feed.changes(), feed, place: Place::default(), entry, _admitted: admitted }
    }

    /// Waits until there is something to be given.
    pub(super) async fn begun(&mut self, limit: Duration) -> Result<(), Error> {
        let feed = Arc::clone(&self.feed);
        let begun = self.changes.wait_for(|_| !matches!(feed.has_begun(), Ok(false)));
        let is_late = tokio::time::timeout(limit, begun).await.is_err();
        match self.feed.has_begun()? {
            false if is_late => Err(Error::NotStarted),
            _ => Ok(()),
        }
    }

    /// What is to be sent next; waits for it. Who comes too late for it is told and goes on at the live edge.
    /// Cancel-safe: what is returned is taken.
    ///
    /// # Errors
    /// [`Error::NothingToCarry`] when the stream has become another one, [`Error::NotStarted`] when its source
    /// has been gone for too long (a retry may help), [`Error::SessionEnded`] when it was
    /// ended by hand; there is nothing after either.
    pub async fn next(&mut self) -> Result<Sent, Error> {
        loop {
            self.changes.borrow_and_update();
            if let Some(next) = self.feed.next(&mut self.place) {
                if let Ok(Sent::Piece(piece)) = &next {
                    let len = piece.bytes.len() as u64;
                    self.feed.sent.fetch_add(len, Ordering::Relaxed);
                    Counters::add(&self.entry.counters.outbound_bytes, len);
                }
                return next;
            }
            tokio::select! {
                () = self.entry.end.cancelled() => return Err(Error::SessionEnded),
                changed = self.changes.changed() => changed.map_err(|_| Error::NoStream)?,
            }
        }
    }
}
