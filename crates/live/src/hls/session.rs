//! Who asks for which file, and the muxers that live while somebody does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use access::Lease;
use base::{ErrorKind, StreamPath};
use bytes::Bytes;
use hub::{NotAdmitted, Start, Subscriber};
use parking_lot::Mutex;

use super::blocking::{Awaited, Turn};
use super::egress::QUERY;
use super::muxing::Running;
use super::viewers::{Player, Viewer};
use super::{Config, Format};
use crate::Context;
use crate::open::{Missing, start_timeout};

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
    /// What is asked for lies too far ahead.
    #[error("too far ahead")]
    TooFarAhead,
    /// The player's session was ended by hand.
    #[error("the session was ended")]
    SessionEnded,
    /// The player has too many requests waiting.
    #[error("too many requests wait")]
    TooManyWaiting,
    /// The stream has too many players.
    #[error("too many players")]
    Full,
    /// It has as many viewers as its rule allows.
    #[error("the stream has as many viewers as it may have")]
    FullByRule,
    /// The server makes as many streams on demand as it can.
    #[error("no more streams can be made now")]
    Busy,
}

impl From<NotAdmitted> for Error {
    fn from(refused: NotAdmitted) -> Self {
        match refused {
            NotAdmitted::NoStream => Self::NoStream,
            NotAdmitted::Full => Self::FullByRule,
            NotAdmitted::Busy => Self::Busy,
        }
    }
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NoStream | Self::NoFile | Self::SessionEnded => ErrorKind::NotFound,
            Self::NotStarted | Self::Full | Self::FullByRule | Self::Busy => ErrorKind::Unavailable,
            Self::NothingToCarry(_) => ErrorKind::Unsupported,
            Self::TooFarAhead => ErrorKind::Invalid,
            Self::TooManyWaiting => ErrorKind::Exhausted,
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
            Self::TooFarAhead => "playlist_too_far_ahead",
            Self::SessionEnded => "session_ended",
            Self::TooManyWaiting => "too_many_waiting",
            Self::Full => "too_many_viewers",
            Self::FullByRule => "stream_full",
            Self::Busy => "streams_busy",
        }
    }
}

/// An answer to a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes, in pieces that are shared with other answers.
    pub body: Vec<Bytes>,
    /// How long it may be kept by who asked; `None`: not at all.
    pub max_age: Option<Duration>,
    /// Codecs of the stream that are left out, told with playlists.
    pub omitted: Vec<&'static str>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The stream.
    pub path: &'a StreamPath,
    /// `index.m3u8` (multivariant; of MPEG-TS a media playlist), `main_stream.m3u8`, `live.m3u8` (media),
    /// or a name from a playlist.
    pub file: &'a str,
    /// That of playlists; other names say it themselves.
    pub format: Format,
    /// The player's session as its addresses carry it (`session`).
    pub session: Option<&'a str>,
    /// What a playlist must have (`_HLS_msn`, `_HLS_part`).
    pub awaited: Option<Awaited>,
    /// A delta is enough (`_HLS_skip`).
    pub is_delta: bool,
    /// Who asks.
    pub player: Player,
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

impl Service {
    /// No muxers yet; their tasks run on the streams' runtimes and end with the context's scope.
    #[must_use]
    pub fn new(live: Context, config: Config) -> Self {
        Self { shared: Arc::new(Shared { live, config, muxers: Mutex::default() }) }
    }

    /// True for names that [`Service::get`] knows.
    #[must_use]
    pub fn is_file(name: &str) -> bool {
        Wanted::read(name).is_some()
    }

    /// A file of a stream. The first request of a stream starts its muxer and waits for the first segment; a
    /// request for what is announced and not there yet waits for it. Cancel-safe.
    ///
    /// # Errors
    /// See [`Error`]; a retry helps for [`Error::NotStarted`].
    pub async fn get(&self, _lease: &Lease, asked: &Asked<'_>) -> Result<Answer, Error> {
        let wanted = Wanted::read(asked.file).ok_or(Error::NoFile)?;
        let format = wanted.format(asked.format);
        let (running, viewer) = self.enter(asked, wanted, format)?;
        let answered = self.answer(&running, viewer.as_deref(), wanted, asked);
        let answer = match &viewer {
            Some(viewer) => {
                let waiting = viewer.wait()?;
                let answer = tokio::select! {
                    answer = answered => answer,
                    () = viewer.end.cancelled() => Err(Error::SessionEnded),
                };
                drop(waiting);
                answer?
            }
            None => answered.await?,
        };
        let len = answer.body.iter().map(|piece| piece.len() as u64).sum();
        running.sent(len);
        viewer.iter().for_each(|viewer| viewer.sent(len));
        Ok(answer)
    }

    /// The muxer that has it, and the session of who asks, who is a viewer of the stream.
    fn enter(
        &self,
        asked: &Asked<'_>,
        wanted: Wanted,
        format: Format,
    ) -> Result<(Arc<Running>, Option<Arc<Viewer>>), Error> {
        let hub = &self.shared.live.hub;
        let known = self.shared.muxers.lock().get(&(asked.path.clone(), format)).cloned();
        let (running, mut admitted) = match (known, wanted) {
            (Some(running), _) => (running, None),
            // Only playlists begin to be played.
            (None, Wanted::Playlist { .. }) => {
                let admitted = hub.admit(asked.path, Start::Next)?;
                (self.running(asked.path, format).ok_or(Error::NoStream)?, Some(admitted))
            }
            (None, _) => {
                let exists = hub.state(asked.path).is_some_and(|state| state.fed);
                return Err(if exists { Error::NoFile } else { Error::NoStream });
            }
        };
        running.touch();
        let mut admit = || -> Result<Subscriber, Error> {
            admitted.take().map_or_else(|| Ok(hub.admit(asked.path, Start::Next)?), Ok)
        };
        let is_reloaded = match wanted {
            Wanted::Playlist { multivariant } => !multivariant || format == Format::Ts,
            // Who names no session is counted with nobody.
            _ if asked.session.is_none() => return Ok((running, None)),
            _ => true,
        };
        let viewer = running.viewers.find(asked.session, &asked.player, is_reloaded, &mut admit)?;
        Ok((running, Some(viewer)))
    }

    async fn answer(
        &self,
        running: &Running,
        viewer: Option<&Viewer>,
        wanted: Wanted,
        asked: &Asked<'_>,
    ) -> Result<Answer, Error> {
        let live = &self.shared.live;
        let limit = start_timeout(&live.hub, asked.path, live.start_timeout);
        let (content_type, found) = match wanted {
            Wanted::Playlist { multivariant } => {
                running.wait_until_ready(limit).await?;
                let multivariant = multivariant && asked.format == Format::Fmp4;
                let session = viewer.map_or("", |viewer| &viewer.id);
                return playlist(running, session, multivariant, asked).await;
            }
            Wanted::Init(number) => {
                ("video/mp4", running.muxer.lock().init(number).map(|init| vec![init]))
            }
            Wanted::Part(number) => {
                let part = running.part(number, limit).await;
                ("video/iso.segment", part.map(|part| vec![part]))
            }
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
        let running = Arc::new(Running::new(&shared.live, &shared.config, path, format));
        muxers.insert(key.clone(), Arc::clone(&running));
        let limit = start_timeout(&shared.live.hub, path, shared.live.start_timeout);
        let missing = Missing::new(shared.live.reader_grace, limit);
        let (service, mux) = (Arc::clone(shared), Arc::clone(&running));
        running.scope.spawn(format!("hls {path}"), async move {
            mux.run(reader, missing, service.config.idle_after).await;
            service.muxers.lock().remove(&key);
        });
        Some(running)
    }
}

async fn playlist(
    running: &Running,
    session: &str,
    multivariant: bool,
    asked: &Asked<'_>,
) -> Result<Answer, Error> {
    if let Some(awaited) = asked.awaited.filter(|_| !multivariant) {
        match running.turn(|now| now.playlist(awaited)) {
            Turn::Now => {}
            Turn::TooFar => return Err(Error::TooFarAhead),
            // A playlist that is as it was keeps players waiting over a loss of the source; an error
            // would end them.
            Turn::Wait => {
                running.wait_for(|now| now.playlist(awaited), Duration::ZERO).await;
            }
        }
    }
    let text: Arc<str> = match multivariant {
        true => running.muxer.lock().multivariant().ok_or(Error::NotStarted)?.into(),
        false => running.media(asked.is_delta),
    };
    let query = format!("?session={session}");
    Ok(Answer {
        content_type: "application/vnd.apple.mpegurl",
        body: vec![text.replace(QUERY, &query).into()],
        max_age: None,
        omitted: running.muxer.lock().omitted().to_vec(),
    })
}

/// What a file's name asks for.
#[derive(Clone, Copy)]
enum Wanted {
    Playlist { multivariant: bool },
    Init(u64),
    Part(u64),
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
            "m4s" => number("seg")
                .map(|number| Self::Segment(Format::Fmp4, number))
                .or_else(|| Some(Self::Part(number("part")?))),
            "ts" => Some(Self::Segment(Format::Ts, number("seg")?)),
            _ => None,
        }
    }

    const fn format(&self, of_playlists: Format) -> Format {
        match self {
            Self::Playlist { .. } => of_playlists,
            Self::Init(_) | Self::Part(_) => Format::Fmp4,
            Self::Segment(format, _) => *format,
        }
    }
}
