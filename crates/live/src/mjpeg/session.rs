//! Who watches which pictures, and the decoders that run while somebody does.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use access::Lease;
use base::StreamPath;
use bytes::Bytes;
use hub::{Event, Start, Subscriber};
use media::{Parameters, TrackId, Tracks};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{FPS_MAX, decode};
use crate::Context;
use crate::hls::Player;
use crate::open::{OpenError, open};
use crate::sessions::{Counters, Doing, Entry, Facts, Protocol};
use crate::snapshot::Error;

/// A stream at a rate.
type Key = (StreamPath, u8);

/// All viewers. Cloning gives another handle to the same service.
#[derive(Clone)]
pub struct Service {
    live: Context,
    decoders: Arc<Mutex<HashMap<Key, Weak<Decoder>>>>,
    decoders_max: usize,
}

/// A stream that is being decoded, until the last viewer has gone.
struct Decoder {
    newest: watch::Sender<Option<Bytes>>,
    /// Cancels the task.
    _guard: DropGuard,
}

/// A stream as one viewer gets it.
pub struct Pictures {
    source: Source,
    entry: Entry,
    /// The least time between two pictures.
    pause: Duration,
    last: Option<Instant>,
}

enum Source {
    /// As the camera sends them.
    Camera { reader: Subscriber, track: TrackId, events: Vec<Event> },
    /// Decoded for all who watch.
    Decoded { newest: watch::Receiver<Option<Bytes>>, is_first: bool, _decoder: Arc<Decoder> },
}

impl Service {
    /// Nobody watches yet; at most `decoders_max` streams are decoded at once.
    #[must_use]
    pub fn new(live: Context, decoders_max: usize) -> Self {
        Self { live, decoders: Arc::default(), decoders_max: decoders_max.max(1) }
    }

    /// Begins to watch: `fps` pictures a second, 1 to [`FPS_MAX`], of a decoded stream; without it two, and
    /// all that a camera of M-JPEG sends. Cancel-safe.
    ///
    /// # Errors
    /// See [`Error`]; a retry helps for those of kind `Unavailable`.
    pub async fn open(
        &self,
        _lease: &Lease,
        path: &StreamPath,
        fps: Option<u8>,
        player: &Player,
    ) -> Result<Pictures, Error> {
        let opened = open(&self.live.hub, path, Start::Group, self.live.start_timeout).await;
        let opened = opened.map_err(|error| match error {
            OpenError::NoStream => Error::NoStream,
            OpenError::NotStarted => Error::NotStarted,
            OpenError::Full | OpenError::Busy => Error::Busy,
        })?;
        let fps = fps.map(|fps| fps.clamp(1, FPS_MAX));
        let video = opened.tracks.video().ok_or(Error::NoPicture)?;
        let (source, paced) = match video.parameters {
            Parameters::Mjpeg(_) => {
                let (reader, events) = (opened.reader, vec![Event::Tracks(opened.tracks.clone())]);
                (Source::Camera { reader, track: video.id, events }, fps)
            }
            _ => {
                let decoder = self.decoder((path.clone(), fps.unwrap_or(2)))?;
                let newest = decoder.newest.subscribe();
                (Source::Decoded { newest, is_first: true, _decoder: decoder }, None)
            }
        };
        let facts = Facts {
            doing: Doing::Reading,
            path: Some(path.clone()),
            user: player.user.clone(),
            agent: player.agent.clone(),
            query: player.query.clone(),
            ..Facts::default()
        };
        let entry = self.live.sessions.open(Protocol::Mjpeg, player.peer, facts);
        let pause = paced.map_or(Duration::ZERO, |fps| Duration::from_secs(1) / u32::from(fps));
        Ok(Pictures { source, entry, pause, last: None })
    }

    fn decoder(&self, key: Key) -> Result<Arc<Decoder>, Error> {
        let mut decoders = self.decoders.lock();
        if let Some(decoder) = decoders.get(&key).and_then(Weak::upgrade) {
            return Ok(decoder);
        }
        decoders.retain(|_, decoder| decoder.strong_count() > 0);
        if decoders.len() >= self.decoders_max {
            return Err(Error::Busy);
        }
        child::find().ok_or(child::Error::Missing)?;
        let reader = self.live.hub.subscribe(&key.0, Start::Group).ok_or(Error::NoStream)?;
        let (gone, newest) = (CancellationToken::new(), watch::Sender::new(None));
        let (stop, sender) = (self.live.scope.token(), newest.clone());
        let (ended, name) = (gone.clone(), format!("pictures {}", key.0));
        self.live.scope.spawn(name, async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = stop.cancelled() => {}
                () = decode::run(reader, key.1, sender) => {}
            }
        });
        let decoder = Arc::new(Decoder { newest, _guard: gone.drop_guard() });
        decoders.insert(key, Arc::downgrade(&decoder));
        Ok(decoder)
    }
}

impl Pictures {
    /// The newest picture that was not given yet; waits for it. `None`: the stream has become another one, or
    /// the viewer was ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<Bytes> {
        if let Some(last) = self.last {
            tokio::time::sleep_until(last + self.pause).await;
        }
        let picture = tokio::select! {
            () = self.entry.end.cancelled() => None,
            picture = self.source.next() => picture,
        }?;
        self.last = Some(Instant::now());
        Counters::add(&self.entry.counters.outbound_bytes, picture.len() as u64);
        Some(picture)
    }
}

impl Source {
    async fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Camera { reader, track, events } => loop {
                reader.drain(events);
                let mut newest = None;
                for event in events.drain(..) {
                    match event {
                        Event::Unit(unit) if unit.track == *track => newest = Some(unit.data),
                        Event::Tracks(tracks) => *track = pictures_of(&tracks)?,
                        Event::Unit(_) | Event::Skipped(_) | Event::Ended => {}
                    }
                }
                if let Some(newest) = newest {
                    reader.sent(newest.len() as u64);
                    return Some(newest);
                }
                let event = reader.next().await;
                events.push(event);
            },
            Self::Decoded { newest, is_first, .. } => loop {
                // The newest one is there at once, unless nobody else watches.
                if !std::mem::take(is_first) {
                    newest.changed().await.ok()?;
                }
                if let Some(picture) = newest.borrow_and_update().clone() {
                    return Some(picture);
                }
            },
        }
    }
}

/// The track of M-JPEG pictures.
fn pictures_of(tracks: &Tracks) -> Option<TrackId> {
    let video = tracks.video()?;
    matches!(video.parameters, Parameters::Mjpeg(_)).then_some(video.id)
}
