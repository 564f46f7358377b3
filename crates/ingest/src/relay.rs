//! One session with an ffmpeg child: what the built-in client does not speak, and streams made of
//! others. The child writes fragmented MP4, a picture a fragment, which is read as it comes.
//!
//! Runs inside the source's task; dropping it ends the child.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use child::Ffmpeg;
use hub::{Event as HubEvent, Subscriber};
use media::mp4::{self, StreamEvent, StreamReader};
use media::{AccessUnit, Ticks, Timescale, TrackId, Tracks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use url::Url;

use crate::arguments::{self, Form};
use crate::failure::{Failure, Kind};
use crate::outlet::{Incoming, Outlet, Step};
use crate::session::Rules;
use crate::source::SourceSpec;
use crate::way::{End, Way};

const READ_LEN: usize = 64 << 10;
/// A camera may point elsewhere so often, one place after the other.
const MOVES_MAX: u8 = 3;

/// A child that plays. It publishes from the first key frame on.
pub(crate) struct Session {
    child: Ffmpeg,
    way: Way,
    /// Where the camera pointed.
    moved: Option<Url>,
    stdout: ChildStdout,
    feed: Option<Feed>,
    reader: StreamReader,
    events: Vec<StreamEvent>,
    ready: VecDeque<StreamEvent>,
    described: Option<Tracks>,
    buffer: Vec<u8>,
    outlet: Outlet,
    with_credentials: bool,
}

/// The stream that a derived one is made of, on its way into the child.
struct Feed {
    from: Subscriber,
    stdin: ChildStdin,
    with_sound: bool,
    tracks: Option<Tracks>,
    sequence: u32,
    /// Media time of the first unit, microseconds: tracks keep their distance.
    first_us: Option<i64>,
    last: HashMap<TrackId, Ticks>,
    pending: VecDeque<Bytes>,
}

/// Starts the child and waits until it has said what it carries.
pub(crate) async fn open(
    spec: &SourceSpec,
    outlet: Outlet,
    rules: &Rules,
) -> Result<Session, Failure> {
    let mut outlet = Some(outlet);
    let (mut form, mut url, mut moves) = (Form::Mov, spec.url.clone(), 0);
    let limit = rules.limit;
    let late = || Failure::new(Kind::Timeout).with("seconds", limit.as_secs());
    loop {
        let way = tokio::time::timeout(limit, Way::to(spec, &url, &rules.outgoing)).await;
        let way = way.map_err(|_| late()).flatten().map_err(|failure| failure.of(&url))?;
        let Some(current) = outlet.take() else { return Err(Failure::new(Kind::ProtocolError)) };
        let mut session = Session::start(spec, way, form, current)?;
        let failure = match tokio::time::timeout(limit, session.description()).await {
            Ok(Ok(())) => return Ok(session),
            Ok(Err(failure)) => failure,
            Err(_) => session.failure().unwrap_or_else(late),
        };
        match (session.moved.take(), form.after(&session.child.last_words())) {
            (Some(next), _) if moves < MOVES_MAX => (url, moves) = (next, moves + 1),
            (None, Some(next)) => form = next,
            _ => return Err(failure.of(&url)),
        }
        outlet = Some(session.outlet);
    }
}

impl Session {
    fn start(spec: &SourceSpec, way: Way, form: Form, outlet: Outlet) -> Result<Self, Failure> {
        let arguments = arguments::of(spec, &way.url, form);
        let failed = |error: child::Error| match error {
            child::Error::Missing => Failure::new(Kind::FfmpegMissing),
            error => Failure::new(Kind::ProtocolError).with("detail", error),
        };
        let mut child =
            Ffmpeg::start_behind(way.proxy(), arguments::protocols(spec, &way.url), arguments)
                .map_err(failed)?;
        let no_pipe = || Failure::new(Kind::ProtocolError).with("detail", "no pipe");
        let stdout = child.stdout().ok_or_else(no_pipe)?;
        let stdin = child.stdin();
        let feed = match (&spec.derived, stdin) {
            (Some(derived), Some(stdin)) => {
                let from = outlet.follow(&derived.from);
                Some(Feed::new(from, stdin, derived.codec.is_some()))
            }
            _ => None,
        };
        Ok(Self {
            child,
            way,
            moved: None,
            stdout,
            feed,
            reader: StreamReader::default(),
            events: Vec::new(),
            ready: VecDeque::new(),
            described: None,
            buffer: vec![0; READ_LEN],
            outlet,
            with_credentials: !spec.username.is_empty(),
        })
    }

    pub(crate) const fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    async fn description(&mut self) -> Result<(), Failure> {
        while self.described.is_none() {
            self.fill().await?;
            if let Some(StreamEvent::Tracks(tracks)) = self.ready.front() {
                self.described = Some(tracks.clone());
                self.ready.pop_front();
            }
        }
        Ok(())
    }

    /// Takes the next sample and publishes it. Cancel-safe: bytes that were read stay.
    pub(crate) async fn step(&mut self) -> Result<Step, Failure> {
        loop {
            match self.ready.pop_front() {
                Some(StreamEvent::Sample(sample)) => return self.publish(sample),
                Some(StreamEvent::Tracks(tracks)) => self.described = Some(tracks),
                None => self.fill().await?,
            }
        }
    }

    fn publish(&mut self, sample: mp4::StreamSample) -> Result<Step, Failure> {
        let track = self.described.as_ref().and_then(|tracks| tracks.get(sample.track));
        let Some(track) = track else { return Ok(Step::Other) };
        let is_video = track.parameters.is_video();
        // The child's flag also stands on recovery points, which are no place to begin.
        let key = track.parameters.is_key(&sample.data);
        if !self.outlet.is_open() {
            match &self.described {
                Some(tracks) if key && is_video => self.outlet.describe(tracks.clone())?,
                _ if is_video => return Ok(Step::Early),
                _ => return Ok(Step::Other),
            }
        }
        let unit = Incoming {
            track: sample.track,
            pts: sample.pts,
            dts: Some(sample.dts),
            key,
            lost: 0,
            data: sample.data,
        };
        if key && is_video {
            self.outlet.follow_sets(&unit)?;
        }
        Ok(self.outlet.push(unit))
    }

    /// Reads what the child wrote, feeding it meanwhile. Cancel-safe.
    async fn fill(&mut self) -> Result<(), Failure> {
        let feeding = async {
            match &mut self.feed {
                Some(feed) => feed.run().await,
                None => std::future::pending().await,
            }
        };
        let count = tokio::select! {
            read = self.stdout.read(&mut self.buffer) => read,
            // It only ends with the child, or with the stream it is made of.
            failure = feeding => return Err(failure),
            // Or with what the child may not have.
            end = self.way.serve() => return Err(self.on_end(end)),
        };
        let count =
            count.map_err(|error| Failure::new(Kind::ProtocolError).with("detail", error))?;
        if count == 0 {
            // The last words are read by a task of their own: give it its turn.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return Err(self.failure().unwrap_or_else(|| Failure::new(Kind::StreamEnded)));
        }
        let bytes = self.buffer.get(..count).unwrap_or_default();
        let read = self.reader.push(bytes, &mut self.events);
        self.ready.extend(self.events.drain(..));
        read.map_err(|error| Failure::new(Kind::ProtocolError).with("detail", error))
    }

    fn on_end(&mut self, end: End) -> Failure {
        match end {
            End::Failed(failure) => failure,
            End::Moved(url) => {
                self.moved = Some(url);
                Failure::new(Kind::ProtocolError).with("detail", "redirect")
            }
        }
    }

    fn failure(&self) -> Option<Failure> {
        let words = self.child.last_words();
        let read = || Failure::from_ffmpeg(&words, self.with_credentials);
        (!words.is_empty()).then(|| self.way.failure().unwrap_or_else(read))
    }
}

impl Feed {
    fn new(from: Subscriber, stdin: ChildStdin, with_sound: bool) -> Self {
        Self {
            from,
            stdin,
            with_sound,
            tracks: None,
            sequence: 0,
            first_us: None,
            last: HashMap::new(),
            pending: VecDeque::new(),
        }
    }

    /// Gives the child all that the stream has, until either ends. Sound is given where it
    /// is wanted. Cancel-safe: what is not written yet waits in `pending`.
    async fn run(&mut self) -> Failure {
        let ended = |what: &str| Failure::new(Kind::StreamEnded).with("detail", what);
        loop {
            if let Some(bytes) = self.pending.front_mut() {
                if self.stdin.write_buf(bytes).await.is_err() {
                    return ended("the encoder");
                }
                if bytes.is_empty() {
                    self.pending.pop_front();
                }
                continue;
            }
            match self.from.next().await {
                // A child is set up for one description; the next one gets a child of its own.
                HubEvent::Tracks(_) if self.tracks.is_some() => return ended("parameters changed"),
                HubEvent::Tracks(tracks) => {
                    let with_sound = self.with_sound;
                    let given = tracks.filtered(|t| with_sound || t.parameters.is_video());
                    let Ok(init) = mp4::init_segment(&given) else { return ended("no video") };
                    self.tracks = Some(given);
                    self.pending.push_back(init);
                }
                HubEvent::Unit(unit) => {
                    let track = self.tracks.as_ref().and_then(|tracks| tracks.get(unit.track));
                    let Some(scale) = track.map(|track| track.timescale) else { continue };
                    if self.queue(&unit, scale).is_err() {
                        return ended("a picture that cannot be passed on");
                    }
                }
                HubEvent::Skipped(_) => {}
                HubEvent::Ended => return ended("its stream"),
            }
        }
    }

    /// Makes a fragment of one unit.
    fn queue(&mut self, unit: &AccessUnit, scale: Timescale) -> Result<(), mp4::Error> {
        let first_us = *self.first_us.get_or_insert_with(|| scale.to_micros(unit.dts));
        let base_dts = unit.dts - scale.from_micros(first_us);
        if base_dts.0 < 0 {
            // Sound from before the first picture.
            return Ok(());
        }
        let last = self.last.insert(unit.track, unit.dts);
        let duration = last.map_or(0, |last| (unit.dts - last).0);
        self.sequence = self.sequence.wrapping_add(1);
        let sample = mp4::Sample {
            data: unit.data.clone(),
            duration: u32::try_from(duration).unwrap_or(0),
            composition_offset: i32::try_from((unit.pts - unit.dts).0).unwrap_or(0),
            key: unit.key,
        };
        let run = mp4::Run { track: unit.track, base_dts, samples: vec![sample] };
        let made = mp4::fragment(self.sequence, &[run])?;
        self.pending.push_back(made.header);
        self.pending.extend(made.payload);
        Ok(())
    }
}
