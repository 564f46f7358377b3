//! Who asks for which picture, and how many are made at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use access::Lease;
use base::{ErrorKind, StreamPath};
use bytes::Bytes;
use hub::{Event, Hub, Start};
use media::Parameters;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::decode::decode;

/// Requests that may wait for their turn.
const WAITING_MAX: usize = 64;
/// How long a picture may take in all, a camera on demand being started meanwhile.
const LIMIT: Duration = Duration::from_secs(10);
/// A picture younger than this is given again.
const FRESH: Duration = Duration::from_secs(1);

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such path.
    #[error("no such stream")]
    NoStream,
    /// The stream exists, but gave no key frame in time.
    #[error("the stream has not begun yet")]
    NotStarted,
    /// The stream has no pictures, or this one cannot be decoded.
    #[error("no picture can be made of the stream")]
    NoPicture,
    /// Too many ask at once.
    #[error("too many pictures are being made")]
    Busy,
    /// The decoder.
    #[error(transparent)]
    Decoder(#[from] child::Error),
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NoStream => ErrorKind::NotFound,
            Self::NotStarted | Self::Busy | Self::NoPicture => ErrorKind::Unavailable,
            Self::Decoder(error) => error.kind(),
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoStream => "stream_not_found",
            Self::NotStarted => "stream_not_started",
            Self::NoPicture | Self::Decoder(child::Error::Ended(_)) => "picture_failed",
            Self::Busy => "pictures_busy",
            Self::Decoder(error) => error.code(),
        }
    }
}

/// One stream's picture in one size.
type Key = (StreamPath, Option<u16>);
/// The newest picture of a key and when it was made; held locked while the next is being made.
type Slot = Arc<tokio::sync::Mutex<Option<(Instant, Bytes)>>>;

/// Makes pictures. Cloning gives another handle to the same service.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

struct Shared {
    hub: Hub,
    turns: Semaphore,
    asking: AtomicUsize,
    slots: Mutex<HashMap<Key, Slot>>,
}

/// One who asks, for as long as that takes.
struct Asking<'a>(&'a AtomicUsize);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Service {
    /// A service that decodes `at_once` pictures at a time.
    #[must_use]
    pub fn new(hub: Hub, at_once: usize) -> Self {
        let (turns, asking) = (Semaphore::new(at_once.max(1)), AtomicUsize::new(0));
        Self { shared: Arc::new(Shared { hub, turns, asking, slots: Mutex::default() }) }
    }

    /// The newest key frame of `path`, scaled to `width` pixels where one is given. All who ask for the
    /// same within a second get the same. Cancel-safe.
    ///
    /// # Errors
    /// See [`Error`]; a retry helps for those of kind `Unavailable`.
    pub async fn picture(
        &self,
        _lease: &Lease,
        path: &StreamPath,
        width: Option<u16>,
    ) -> Result<Bytes, Error> {
        let shared = &*self.shared;
        if shared.asking.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            shared.asking.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Busy);
        }
        let _asking = Asking(&shared.asking);
        let made = timeout(LIMIT, shared.make((path.clone(), width))).await;
        made.unwrap_or(Err(Error::NotStarted))
    }
}

impl Shared {
    async fn make(&self, key: Key) -> Result<Bytes, Error> {
        let slot = self.slot(&key);
        let mut newest = slot.lock().await;
        if let Some((at, picture)) = &*newest
            && at.elapsed() < FRESH
        {
            return Ok(picture.clone());
        }
        let (path, width) = key;
        let (parameters, key_frame) = self.key_frame(&path).await?;
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await.map_err(|_| Error::Busy)?;
        let picture = decode(&parameters, &key_frame, width).await?;
        *newest = Some((Instant::now(), picture.clone()));
        Ok(picture)
    }

    fn slot(&self, key: &Key) -> Slot {
        let mut slots = self.slots.lock();
        // What nobody asks for now and is too old to be given again has no use.
        slots.retain(|_, slot| {
            let is_used = Arc::strong_count(slot) > 1;
            let is_fresh = |slot: &Slot| {
                slot.try_lock()
                    .is_ok_and(|newest| newest.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH))
            };
            is_used || is_fresh(slot)
        });
        Arc::clone(slots.entry(key.clone()).or_default())
    }

    /// The key frame of the group that the ring holds, or the next one.
    async fn key_frame(&self, path: &StreamPath) -> Result<(Parameters, Bytes), Error> {
        let mut reader = self.hub.subscribe(path, Start::Group).ok_or(Error::NoStream)?;
        let mut lead = None;
        loop {
            match reader.next().await {
                Event::Tracks(tracks) => {
                    let video = tracks.video().ok_or(Error::NoPicture)?;
                    lead = Some((video.id, video.parameters.clone()));
                }
                Event::Unit(unit) if unit.key => {
                    if let Some((id, parameters)) = &lead
                        && *id == unit.track
                    {
                        return Ok((parameters.clone(), unit.data));
                    }
                }
                Event::Unit(_) | Event::Skipped(_) | Event::Ended => {}
            }
        }
    }
}
