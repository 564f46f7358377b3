//! Who asks for which file, and the muxers that live while somebody does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use access::Lease;
use base::task::{Pool, Scope};
use base::{ErrorKind, StreamPath};
use bytes::Bytes;
use hub::{Event, Hub, Start, Subscriber};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::Config;
use super::egress::Muxer;

/// How often a muxer looks into the ring.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such path.
    #[error("no such stream")]
    NoStream,
    /// No such file, or it has left the window.
    #[error("no such file in this stream")]
    NoFile,
    /// The stream exists, but gave no segment in time.
    #[error("the stream has not begun yet")]
    NotStarted,
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::NoStream | Self::NoFile => ErrorKind::NotFound,
            Self::NotStarted => ErrorKind::Unavailable,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoStream => "stream_not_found",
            Self::NoFile => "file_not_found",
            Self::NotStarted => "stream_not_started",
        }
    }
}

/// A file of a stream.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: Bytes,
    /// How long it may be kept by caches; `None`: not at all.
    pub max_age: Option<Duration>,
}

/// All HLS muxers. Cloning gives another handle to the same service.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

struct Shared {
    hub: Hub,
    pool: Arc<Pool>,
    scope: Scope,
    config: Config,
    muxers: Mutex<HashMap<StreamPath, Arc<Running>>>,
}

/// A muxer with its task. The task writes it, requests read it.
struct Running {
    muxer: Mutex<Muxer>,
    finished: watch::Sender<u64>,
    last_request: Mutex<Instant>,
    scope: Scope,
}

impl Service {
    /// No muxers yet; their tasks run on the streams' runtimes and end with `scope`.
    #[must_use]
    pub fn new(hub: Hub, pool: Arc<Pool>, scope: Scope, config: Config) -> Self {
        Self { shared: Arc::new(Shared { hub, pool, scope, config, muxers: Mutex::default() }) }
    }

    /// A file of the stream at `path`: `index.m3u8` (multivariant), `main_stream.m3u8`,
    /// `live.m3u8` (media), or a name from a playlist. The first request of a stream starts its muxer
    /// and waits for the first segment. Cancel-safe.
    ///
    /// # Errors
    /// See [`Error`]; a retry helps for [`Error::NotStarted`].
    pub async fn get(
        &self,
        _lease: &Lease,
        path: &StreamPath,
        file: &str,
    ) -> Result<Answer, Error> {
        let running = self.running(path).ok_or(Error::NoStream)?;
        *running.last_request.lock() = Instant::now();
        let number = |prefix, suffix| {
            file.strip_prefix(prefix)?
                .strip_suffix(suffix)
                .and_then(|number: &str| number.parse::<u64>().ok())
        };
        let long = Some(Duration::from_secs(3_600));
        if let Some(number) = number("seg", ".m4s") {
            let body = running.muxer.lock().segment(number).ok_or(Error::NoFile)?;
            return Ok(Answer { content_type: "video/iso.segment", body, max_age: long });
        }
        if let Some(number) = number("init", ".mp4") {
            let body = running.muxer.lock().init(number).ok_or(Error::NoFile)?;
            return Ok(Answer { content_type: "video/mp4", body, max_age: long });
        }
        if !matches!(file, "index.m3u8" | "main_stream.m3u8" | "live.m3u8") {
            return Err(Error::NoFile);
        }
        running.wait_until_ready(self.shared.config.start_timeout).await?;
        let muxer = running.muxer.lock();
        let text = match file {
            "index.m3u8" => muxer.multivariant("main_stream.m3u8").ok_or(Error::NotStarted)?,
            _ => muxer.media(),
        };
        Ok(Answer {
            content_type: "application/vnd.apple.mpegurl",
            body: text.into(),
            max_age: None,
        })
    }

    /// The muxer of a path: the running one, or a new one when the path exists.
    fn running(&self, path: &StreamPath) -> Option<Arc<Running>> {
        let shared = &self.shared;
        let mut muxers = shared.muxers.lock();
        if let Some(running) = muxers.get(path) {
            return Some(Arc::clone(running));
        }
        let reader = shared.hub.subscribe(path, Start::Oldest)?;
        let scope = shared.scope.child_on(shared.pool.for_key(path.as_str()));
        let running = Arc::new(Running {
            muxer: Mutex::new(Muxer::new(shared.config.clone())),
            finished: watch::Sender::new(0),
            last_request: Mutex::new(Instant::now()),
            scope,
        });
        muxers.insert(path.clone(), Arc::clone(&running));
        let (service, mux) = (Arc::clone(shared), Arc::clone(&running));
        running.scope.spawn(format!("hls {path}"), async move {
            let path = reader.path().clone();
            mux.run(reader, service.config.idle_after).await;
            service.muxers.lock().remove(&path);
        });
        Some(running)
    }
}

impl Running {
    /// Follows the stream until nobody asks any more.
    async fn run(&self, mut reader: Subscriber, idle_after: Duration) {
        let token = self.scope.token();
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut events = Vec::new();
        while self.last_request.lock().elapsed() < idle_after {
            tokio::select! {
                () = token.cancelled() => return,
                _ = look.tick() => {}
            }
            reader.drain(&mut events);
            if self.take(events.drain(..)) {
                self.finished.send_modify(|count| *count += 1);
            }
        }
    }

    fn take(&self, events: impl Iterator<Item = Event>) -> bool {
        let mut muxer = self.muxer.lock();
        let mut finished = false;
        for event in events {
            match event {
                Event::Unit(unit) => finished |= muxer.push(unit),
                Event::Tracks(tracks) => muxer.describe(&tracks),
                Event::Skipped(_) => muxer.interrupt(),
                Event::Ended => {}
            }
        }
        finished
    }

    async fn wait_until_ready(&self, timeout: Duration) -> Result<(), Error> {
        let mut finished = self.finished.subscribe();
        let ready = finished.wait_for(|_| self.muxer.lock().is_ready());
        match tokio::time::timeout(timeout, ready).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Error::NotStarted),
        }
    }
}
