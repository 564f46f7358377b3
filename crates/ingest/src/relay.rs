//! One session with an ffmpeg child: what the built-in client does not speak, and streams made of
//! others. The child writes fragmented MP4, a picture a fragment, which is read as it comes.
//!
//! Runs inside the source's task; dropping it ends the child.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use child::Ffmpeg;
use hub::{Event as HubEvent, Subscriber};
use media::mp4::{self, StreamEvent, StreamReader};
use media::{AccessUnit, Ticks, Tracks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};

use crate::arguments::{self, Form};
use crate::failure::{Failure, Kind};
use crate::outlet::{Incoming, Outlet, Step};
use crate::source::SourceSpec;

const READ_LEN: usize = 64 << 10;

/// A child that plays. It publishes from the first key frame on.
pub(crate) struct Session {
    child: Ffmpeg,
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
    tracks: Option<Tracks>,
    sequence: u32,
    first: Option<Ticks>,
    last: Option<Ticks>,
    pending: VecDeque<Bytes>,
}

/// Starts the child and waits until it has said what it carries.
pub(crate) async fn open(
    spec: &SourceSpec,
    outlet: Outlet,
    limit: Duration,
) -> Result<Session, Failure> {
    let mut outlet = Some(outlet);
    let mut form = Form::Mov;
    loop {
        let Some(current) = outlet.take() else { return Err(Failure::new(Kind::ProtocolError)) };
        let mut session = Session::start(spec, form, current)?;
        let failure = match tokio::time::timeout(limit, session.description()).await {
            Ok(Ok(())) => return Ok(session),
            Ok(Err(failure)) => failure,
            Err(_) => session
                .failure()
                .unwrap_or_else(|| Failure::new(Kind::Timeout).with("seconds", limit.as_secs())),
        };
        match form.after(&session.child.last_words()) {
            Some(next) => form = next,
            None => return Err(failure.of(&spec.url)),
        }
        outlet = Some(session.outlet);
    }
}

impl Session {
    fn start(spec: &SourceSpec, form: Form, outlet: Outlet) -> Result<Self, Failure> {
        let arguments = arguments::of(spec, form);
        let failed = |error: child::Error| match error {
            child::Error::Missing => Failure::new(Kind::FfmpegMissing),
            error => Failure::new(Kind::ProtocolError).with("detail", error),
        };
        let mut child = Ffmpeg::start(arguments::protocols(spec), arguments).map_err(failed)?;
        let no_pipe = || Failure::new(Kind::ProtocolError).with("detail", "no pipe");
        let stdout = child.stdout().ok_or_else(no_pipe)?;
        let stdin = child.stdin();
        let feed = match (&spec.derived, stdin) {
            (Some(derived), Some(stdin)) => Some(Feed::new(outlet.follow(&derived.from), stdin)),
            _ => None,
        };
        Ok(Self {
            child,
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
        let count = match &mut self.feed {
            None => self.stdout.read(&mut self.buffer).await,
            Some(feed) => tokio::select! {
                read = self.stdout.read(&mut self.buffer) => read,
                // It only ends with the child, or with the stream it is made of.
                failure = feed.run() => return Err(failure),
            },
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

    fn failure(&self) -> Option<Failure> {
        let words = self.child.last_words();
        (!words.is_empty()).then(|| Failure::from_ffmpeg(&words, self.with_credentials))
    }
}

impl Feed {
    const fn new(from: Subscriber, stdin: ChildStdin) -> Self {
        let pending = VecDeque::new();
        Self { from, stdin, tracks: None, sequence: 0, first: None, last: None, pending }
    }

    /// Gives the child all that the stream has, until either ends. Only video is given. Cancel-safe:
    /// what is not written yet waits in `pending`.
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
                    let video = tracks.filtered(|track| track.parameters.is_video());
                    let Ok(init) = mp4::init_segment(&video) else { return ended("no video") };
                    self.tracks = Some(video);
                    self.pending.push_back(init);
                }
                HubEvent::Unit(unit) => {
                    let known = self.tracks.as_ref().is_some_and(|t| t.get(unit.track).is_some());
                    if known && self.queue(&unit).is_err() {
                        return ended("a picture that cannot be passed on");
                    }
                }
                HubEvent::Skipped(_) => {}
                HubEvent::Ended => return ended("its stream"),
            }
        }
    }

    /// Makes a fragment of one unit.
    fn queue(&mut self, unit: &AccessUnit) -> Result<(), mp4::Error> {
        let base_dts = unit.dts - *self.first.get_or_insert(unit.dts);
        let duration = self.last.map_or(0, |last| (unit.dts - last).0);
        self.last = Some(unit.dts);
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
