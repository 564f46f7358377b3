//! Whether there is room to record, for all who ask.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::Config;

/// Whether there is room to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is.
    Room,
    /// Free space is short and retention is working on it: go on recording.
    Pressure {
        /// Only segments that are being recorded are left to remove: those older than ten seconds should be
        /// sealed at the next key frame, so that they can go.
        only_open: bool,
    },
    /// Free space is short and nothing is left that may go: stop recording until this changes.
    Full,
}

/// Asks retention, and pokes it. Cloning gives another handle to the same.
#[derive(Clone)]
pub struct Handle {
    room: watch::Receiver<Room>,
    asked: Arc<Asked>,
}

/// What others want of the service.
#[derive(Default)]
pub(super) struct Asked {
    wake: Notify,
    wish: Mutex<Wish>,
    config: Mutex<Arc<Config>>,
}

/// What was wanted since the service last looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Look at everything now.
    pub(super) look: bool,
    /// The disk refused a write for want of space.
    pub(super) refused: bool,
}

impl Handle {
    pub(super) fn new(config: Config) -> (watch::Sender<Room>, Self) {
        let (sender, room) = watch::channel(Room::Room);
        let asked = Asked::default();
        *asked.config.lock() = Arc::new(config);
        (sender, Self { room, asked: Arc::new(asked) })
    }

    /// Whether there is room, as of the last look: some seconds old at most.
    #[must_use]
    pub fn room(&self) -> Room {
        *self.room.borrow()
    }

    /// Waits until [`Handle::room`] changes and returns it; never ends once the service is gone. Cancel-safe.
    pub async fn changed(&mut self) -> Room {
        if self.room.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.room.borrow_and_update()
    }

    /// Changes the limits, from the next look on, which is now.
    pub fn configure(&self, config: Config) {
        *self.asked.config.lock() = Arc::new(config);
        self.poke();
    }

    /// Makes retention apply all rules now.
    pub fn poke(&self) {
        self.asked.wish(|wish| wish.look = true);
    }

    /// Tells that the disk refused a write for want of space: one segment goes even where free space seems
    /// enough, as with quotas or no free inodes.
    pub fn refused(&self) {
        self.asked.wish(|wish| wish.refused = true);
    }

    pub(super) fn asked(&self) -> Arc<Asked> {
        Arc::clone(&self.asked)
    }
}

impl Asked {
    fn wish(&self, set: impl FnOnce(&mut Wish)) {
        set(&mut self.wish.lock());
        self.wake.notify_one();
    }

    /// Waits until something is wanted. Cancel-safe: what was wanted is taken by [`Asked::take`] alone.
    pub(super) async fn wanted(&self) {
        self.wake.notified().await;
    }

    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.lock())
    }

    pub(super) fn take(&self) -> Wish {
        std::mem::take(&mut *self.wish.lock())
    }
}
