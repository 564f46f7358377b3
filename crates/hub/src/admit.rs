//! Who may enter and who may publish, by the rules of paths.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base::{CameraId, ErrorKind, StreamPath};
use media::Tracks;
use tokio::sync::{broadcast, watch};

use crate::change::{Change, What};
use crate::paths::{NotPublishable, Publishable, Rules};
use crate::publisher::Publisher;
use crate::reservation::Reservation;
use crate::stream::{Hub, Origin, Shared, Start};
use crate::subscriber::Subscriber;

/// Why a viewer may not enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// Nobody feeds the path, nor would.
    #[error("no such stream")]
    NoStream,
    /// It has as many viewers as its rule allows.
    #[error("the stream has as many viewers as it may have")]
    Full,
    /// The server makes as many streams on demand as it can.
    #[error("no more streams can be made now")]
    Busy,
}

impl NotAdmitted {
    /// What kind of refusal it is; a retry helps for all but [`Self::NoStream`].
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::NoStream => ErrorKind::NotFound,
            Self::Full | Self::Busy => ErrorKind::Unavailable,
        }
    }
}

impl Hub {
    /// [`Hub::subscribe`] of somebody who watches: counted, and bounded by the path's rule.
    ///
    /// # Errors
    /// [`NotAdmitted`]; a retry helps when the path is full.
    pub fn admit(&self, path: &StreamPath, start: Start) -> Result<Subscriber, NotAdmitted> {
        let rules = self.rules();
        let found = rules.find(path).filter(|_| !self.is_camera(path));
        let limit = found.map_or(0, |found| found.rule().max_readers);
        let mut reader = self.enter(path, start)?;
        let viewers = &reader.stream.viewers;
        let more = |count: usize| (limit == 0 || count < limit).then_some(count + 1);
        if viewers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return Err(NotAdmitted::Full);
        }
        reader.is_viewer = true;
        self.announce(path, What::Read(reader.id));
        Ok(reader)
    }

    /// The rules of paths that are no camera's, as they are now.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        self.shared.rules.borrow().clone()
    }

    /// Makes these the rules.
    pub fn set_rules(&self, rules: Rules) {
        self.shared.rules.send_replace(Arc::new(rules));
    }

    /// Changes the rules, unless `change` fails. Changes are made one after the other.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn change_rules<E>(
        &self,
        change: impl FnOnce(&Rules) -> Result<Rules, E>,
    ) -> Result<(), E> {
        let mut result = Ok(());
        self.shared.rules.send_if_modified(|rules| match change(rules) {
            Ok(changed) => {
                *rules = Arc::new(changed);
                true
            }
            Err(error) => {
                result = Err(error);
                false
            }
        });
        result
    }

    /// Tells of new rules.
    #[must_use]
    pub fn follow_rules(&self) -> watch::Receiver<Arc<Rules>> {
        self.shared.rules.subscribe()
    }

    /// Says which paths are cameras': nobody publishes them by a rule.
    pub fn set_cameras(&self, cameras: HashSet<CameraId>) {
        *self.shared.cameras.lock() = cameras;
    }

    /// True when the path is a camera's, or would be.
    #[must_use]
    pub fn is_camera(&self, path: &StreamPath) -> bool {
        let first = path.as_str().split('/').next().unwrap_or_default();
        CameraId::new(first).is_ok_and(|id| self.shared.cameras.lock().contains(&id))
    }

    /// Whether, and how, somebody may publish `path` who is no camera.
    ///
    /// # Errors
    /// [`NotPublishable`]; of [`NotPublishable::Taken`] only [`Hub::publish_by_rule`] is sure.
    pub fn publishable(&self, path: &StreamPath) -> Result<Publishable, NotPublishable> {
        let first = path.as_str().split('/').next().unwrap_or_default();
        let is_camera =
            CameraId::new(first).is_ok_and(|id| self.shared.cameras.lock().contains(&id));
        match is_camera {
            true => Err(NotPublishable::Camera),
            false => self.rules().publishable(path),
        }
    }

    /// Tells what happens to paths from now on.
    #[must_use]
    pub fn follow_changes(&self) -> broadcast::Receiver<Change> {
        self.shared.changes.subscribe()
    }

    /// Tells those who follow changes.
    pub fn announce(&self, path: &StreamPath, what: What) {
        self.shared.announce(path, what);
    }

    /// [`Hub::publish_from`] of somebody who is no camera, as the path's rule allows: in the place of a
    /// publisher that is there where the rule says so.
    ///
    /// # Errors
    /// [`NotPublishable`]; a retry helps for [`NotPublishable::Taken`] once the other has left.
    pub fn publish_by_rule(
        &self,
        path: &StreamPath,
        tracks: Tracks,
        origin: Origin,
    ) -> Result<Publisher, NotPublishable> {
        let reserved = self.reserve_by_rule(path, origin)?;
        reserved.begin(tracks).map_err(|_| NotPublishable::Taken)
    }

    /// The first half of [`Hub::publish_by_rule`], for who does not know the description yet.
    ///
    /// # Errors
    /// As [`Hub::publish_by_rule`].
    pub fn reserve_by_rule(
        &self,
        path: &StreamPath,
        origin: Origin,
    ) -> Result<Reservation, NotPublishable> {
        let allowed = self.publishable(path)?;
        let reserved = self.reserve(path, origin, allowed.replaces);
        reserved.map_err(|_| NotPublishable::Taken)
    }
}

impl Shared {
    pub(crate) fn announce(&self, path: &StreamPath, what: What) {
        if self.changes.receiver_count() > 0 {
            // Nobody listens any more: nothing is lost.
            let _ = self.changes.send(Change { path: path.clone(), what });
        }
    }
}
