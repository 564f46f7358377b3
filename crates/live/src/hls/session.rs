//! Who asks for which file, and the muxers that live while somebody does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use access::Lease;
use base::task::Scope;
use base::{ErrorKind, StreamPath};
use bytes::Bytes;
use hub::{Event, Start, Subscriber};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::egress::Muxer;
use super::{Config, Format};
use crate::Context;

/// How often a muxer looks into the ring.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// The stream has no codec that HLS carries in this format; its codecs.
    #[error("nothing in this stream can be carried: {0:?}")]
    NothingToCarry(Vec<&'static str>),
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NoStream | Self::NoFile => ErrorKind::NotFound,
            Self::NotStarted => ErrorKind::Unavailable,
            Self::NothingToCarry(_) => ErrorKind::Unsupported,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoStream => "stream_not_found",
            Self::NoFile => "file_not_found",
            Self::NotStarted => "stream_not_started",
            Self::NothingToCarry(_) => "stream_not_carried",
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
    /// Codecs of the stream that are left out, told with playlists.
    pub omitted: Vec<&'static str>,
}

/// All HLS muxers. Cloning gives another handle to the same service.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

struct Shared {
    live: Context,
    config: Config,
    muxers: Mutex<HashMap<(StreamPath, Format), Arc<Running>>>,
}

/// A muxer with its task. The task writes it, requests read it.
struct Running {
    muxer: Mutex<Muxer>,
    /// Counts segments and descriptions.
    changed: watch::Sender<u64>,
    last_request: Mutex<Instant>,
    scope: Scope,
}

impl Service {
    /// No muxers yet; their tasks run on the streams' runtimes and end with the context's scope.
    #[must_use]
    pub fn new(live: Context, config: Config) -> Self {
        Self { shared: Arc::new(Shared { live, config, muxers: Mutex::default() }) }
    }

    /// A file of the stream at `path`: `index.m3u8` (multivariant; of MPEG-TS a media playlist),
    /// `main_stream.m3u8`, `live.m3u8` (media), or a name from a playlist. `format` is that of playlists;
    /// other names say it themselves. The first request of a stream starts its muxer and waits for the
    /// first segment. Cancel-safe.
    ///
    /// # Errors
    /// See [`Error`]; a retry helps for [`Error::NotStarted`].
    pub async fn get(
        &self,
        _lease: &Lease,
        path: &StreamPath,
        file: &str,
        format: Format,
    ) -> Result<Answer, Error> {
        let wanted = Wanted::read(file).ok_or(Error::NoFile)?;
        let running = self.running(path, wanted.format(format)).ok_or(Error::NoStream)?;
        *running.last_request.lock() = Instant::now();
        let (content_type, found) = match wanted {
            Wanted::Playlist { multivariant } => {
                running.wait_until_ready(self.shared.live.start_timeout).await?;
                return running.playlist(multivariant && format == Format::Fmp4);
            }
            Wanted::Init(number) => ("video/mp4", running.muxer.lock().init(number)),
            Wanted::Segment(Format::Fmp4, number) => {
                ("video/iso.segment", running.muxer.lock().segment(number))
            }
            Wanted::Segment(Format::Ts, number) => {
                ("video/mp2t", running.muxer.lock().segment(number))
            }
        };
        let body = found.ok_or(Error::NoFile)?;
        let max_age = Some(Duration::from_secs(3_600));
        Ok(Answer { content_type, body, max_age, omitted: Vec::new() })
    }

    /// The muxer of a path: the running one, or a new one when the path exists.
    fn running(&self, path: &StreamPath, format: Format) -> Option<Arc<Running>> {
        let shared = &self.shared;
        let key = (path.clone(), format);
        let mut muxers = shared.muxers.lock();
        if let Some(running) = muxers.get(&key) {
            return Some(Arc::clone(running));
        }
        let reader = shared.live.hub.subscribe(path, Start::Oldest)?;
        let scope = shared.live.scope.child_on(shared.live.pool.for_key(path.as_str()));
        let running = Arc::new(Running {
            muxer: Mutex::new(Muxer::new(shared.config.clone(), format)),
            changed: watch::Sender::new(0),
            last_request: Mutex::new(Instant::now()),
            scope,
        });
        muxers.insert(key.clone(), Arc::clone(&running));
        let (service, mux) = (Arc::clone(shared), Arc::clone(&running));
        running.scope.spawn(format!("hls {path}"), async move {
            mux.run(reader, service.config.idle_after).await;
            service.muxers.lock().remove(&key);
        });
        Some(running)
    }
}

/// What a file's name asks for.
enum Wanted {
    Playlist { multivariant: bool },
    Init(u64),
    Segment(Format, u64),
}

impl Wanted {
    fn read(file: &str) -> Option<Self> {
        match file {
            "index.m3u8" => return Some(Self::Playlist { multivariant: true }),
            "main_stream.m3u8" | "live.m3u8" => {
                return Some(Self::Playlist { multivariant: false });
            }
            _ => {}
        }
        let (name, ending) = file.split_once('.')?;
        let number = |prefix| name.strip_prefix(prefix)?.parse().ok();
        match ending {
            "mp4" => Some(Self::Init(number("init")?)),
            "m4s" => Some(Self::Segment(Format::Fmp4, number("seg")?)),
            "ts" => Some(Self::Segment(Format::Ts, number("seg")?)),
            _ => None,
        }
    }

    const fn format(&self, of_playlists: Format) -> Format {
        match self {
            Self::Playlist { .. } => of_playlists,
            Self::Init(_) => Format::Fmp4,
            Self::Segment(format, _) => *format,
        }
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
                self.changed.send_modify(|count| *count += 1);
            }
        }
    }

    /// True when there is a segment or a description more.
    fn take(&self, events: impl Iterator<Item = Event>) -> bool {
        let mut muxer = self.muxer.lock();
        let mut changed = false;
        for event in events {
            match event {
                Event::Unit(unit) => changed |= muxer.push(unit),
                Event::Tracks(tracks) => {
                    muxer.describe(&tracks);
                    changed = true;
                }
                Event::Skipped(_) => muxer.interrupt(),
                Event::Ended => {}
            }
        }
        changed
    }

    async fn wait_until_ready(&self, timeout: Duration) -> Result<(), Error> {
        let mut changed = self.changed.subscribe();
        let ready = changed.wait_for(|_| {
            let muxer = self.muxer.lock();
            muxer.is_ready() || muxer.is_refused()
        });
        let Ok(Ok(_)) = tokio::time::timeout(timeout, ready).await else {
            return Err(Error::NotStarted);
        };
        let muxer = self.muxer.lock();
        if muxer.is_refused() {
            return Err(Error::NothingToCarry(muxer.omitted().to_vec()));
        }
        Ok(())
    }

    fn playlist(&self, multivariant: bool) -> Result<Answer, Error> {
        let muxer = self.muxer.lock();
        let text = if multivariant {
            muxer.multivariant("main_stream.m3u8").ok_or(Error::NotStarted)?
        } else {
            muxer.media()
        };
        Ok(Answer {
            content_type: "application/vnd.apple.mpegurl",
            body: text.into(),
            max_age: None,
            omitted: muxer.omitted().to_vec(),
        })
    }
}
