//! Access units of a pattern, encoded once by an ffmpeg child: live with the time of now, or a few
//! seconds that are repeated.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use base::{Clock, SystemClock};
use bytes::Bytes;
use child::Ffmpeg;
use media::h264::{H264Parameters, nal, sei};
use media::rtp::{self, Payload};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::flv::{Reader, Tag};
use crate::pattern::{Pattern, draw};
use crate::rtsp::Options;

/// Access units that a slow reader may lag behind before it is dropped.
pub(crate) const LAG_MAX: usize = 64;
/// How much of a clip or loop is kept, at most.
const LOOP_UNITS_MAX: usize = 20_000;
const LOOP_BYTES_MAX: usize = 256 << 20;

/// An access unit ready to be sent, shared by all who send it.
#[derive(Debug)]
pub(crate) struct Packed {
    /// 90 kHz, from 0.
    pub(crate) time: u32,
    pub(crate) key: bool,
    pub(crate) payloads: Vec<Payload>,
}

/// A feed that cameras share.
#[derive(Clone)]
pub(crate) struct Feed {
    pub(crate) units: broadcast::Sender<Arc<Packed>>,
    pub(crate) parameters: watch::Receiver<Option<H264Parameters>>,
}

/// One access unit as the encoder gave it.
struct Encoded {
    key: bool,
    data: Bytes,
}

impl Feed {
    /// Starts the feed and the task that keeps it going; the task ends with an error, or when the
    /// runtime does.
    pub(crate) fn start(
        pattern: Pattern,
        options: &Options,
    ) -> (Self, impl Future<Output = anyhow::Result<()>> + Send + use<>) {
        let (units, _) = broadcast::channel(LAG_MAX);
        let (known, parameters) = watch::channel(None);
        let out = Out { units: units.clone(), parameters: known, options: options.clone() };
        let feed = Self { units, parameters };
        let run = async move {
            match (&out.options.file, out.options.looped) {
                (Some(clip), _) => out.repeat(&clip_arguments(clip, &out.options), None).await,
                (None, true) => out.repeat(&raw_arguments(&out.options), Some(pattern)).await,
                (None, false) => out.live(pattern).await,
            }
        };
        (feed, run)
    }
}

struct Out {
    units: broadcast::Sender<Arc<Packed>>,
    parameters: watch::Sender<Option<H264Parameters>>,
    options: Options,
}

/// How the child is told to encode: no reordering, a key frame exactly every group.
fn encoder(options: &Options) -> Vec<String> {
    let group = group_len(options);
    let text = format!(
        "-an -c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -threads 1 \
         -r {fps} -g {group} -keyint_min {group} -sc_threshold 0 -b:v {rate}k -maxrate {rate}k -bufsize {rate}k \
         -f flv -flvflags no_duration_filesize -flush_packets 1 pipe:1",
        fps = options.fps,
        rate = options.bitrate
    );
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn group_len(options: &Options) -> u32 {
    let frames = (f64::from(options.fps) * options.gop).round().clamp(1.0, 10_000.0);
    (1..=10_000).find(|count| f64::from(*count) >= frames).unwrap_or(30)
}

fn raw_arguments(options: &Options) -> Vec<String> {
    let size = format!("{}x{}", options.width, options.height);
    let input = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "-s",
        &size,
        "-r",
        &options.fps.to_string(),
        "-i",
        "pipe:0",
    ];
    input.into_iter().map(str::to_owned).chain(encoder(options)).collect()
}

fn clip_arguments(clip: &Path, options: &Options) -> Vec<String> {
    let (width, height) = (options.width, options.height);
    let scale = format!(
        "scale={width}:{height}:force_original_aspect_ratio=decrease,pad={width}:{height}:-1:-1"
    );
    let clip = clip.display().to_string();
    let input = ["-i".to_owned(), clip, "-vf".to_owned(), scale];
    input.into_iter().chain(encoder(options)).collect()
}

impl Out {
    /// Draws and encodes at the pace of the clock.
    async fn live(&self, pattern: Pattern) -> anyhow::Result<()> {
        let mut child = Ffmpeg::start("pipe,file", raw_arguments(&self.options))?;
        let mut stdin = child.stdin().context("the child has an input")?;
        let mut stdout = child.stdout().context("the child has an output")?;
        let (size, fps) = ((self.options.width, self.options.height), self.options.fps);
        let drawing = async move {
            let mut tick = tokio::time::interval(Duration::from_secs(1) / fps);
            tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
            for frame in 0_u64.. {
                tick.tick().await;
                stdin.write_all(&draw(pattern, size, frame, SystemClock.wall())).await?;
            }
            anyhow::Ok(())
        };
        let reading = async {
            let (mut reader, mut buffer, mut number) = (Reader::default(), vec![0; 64 << 10], 0);
            loop {
                let count = stdout.read(&mut buffer).await?;
                if count == 0 {
                    bail!("the encoder ended: {}", child.last_words());
                }
                reader.push(buffer.get(..count).unwrap_or_default());
                while let Some(tag) = reader.next() {
                    if let Some(unit) = self.take(tag)? {
                        self.send(&unit, number);
                        number += 1;
                    }
                }
            }
        };
        tokio::select! {
            end = drawing => end,
            end = reading => end,
        }
    }

    /// Encodes a while once, then sends it again and again at the pace of the clock.
    async fn repeat(&self, arguments: &[String], pattern: Option<Pattern>) -> anyhow::Result<()> {
        let units = self.encode_all(arguments, pattern).await?;
        if units.is_empty() {
            bail!("the clip has no pictures");
        }
        let mut tick =
            tokio::time::interval_at(Instant::now(), Duration::from_secs(1) / self.options.fps);
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for (number, unit) in (0_u64..).zip(units.iter().cycle()) {
            tick.tick().await;
            self.send(unit, number);
        }
        Ok(())
    }

    async fn encode_all(
        &self,
        arguments: &[String],
        pattern: Option<Pattern>,
    ) -> anyhow::Result<Vec<Encoded>> {
        let mut child = Ffmpeg::start("pipe,file", arguments)?;
        let stdin = child.stdin().context("the child has an input")?;
        let mut stdout = child.stdout().context("the child has an output")?;
        let (size, frames) =
            ((self.options.width, self.options.height), u64::from(group_len(&self.options)) * 5);
        let drawing = async move {
            let mut stdin = stdin;
            let Some(pattern) = pattern else { return };
            for frame in 0..frames {
                // A child that has ended says why on its own.
                if stdin.write_all(&draw(pattern, size, frame, SystemClock.wall())).await.is_err() {
                    return;
                }
            }
        };
        let reading = async {
            let (mut reader, mut buffer, mut units, mut bytes) =
                (Reader::default(), vec![0; 64 << 10], Vec::new(), 0);
            loop {
                let count = stdout.read(&mut buffer).await?;
                if count == 0 {
                    return anyhow::Ok(units);
                }
                reader.push(buffer.get(..count).unwrap_or_default());
                while let Some(tag) = reader.next() {
                    if let Some(unit) = self.take(tag)? {
                        bytes += unit.data.len();
                        units.push(unit);
                    }
                }
                if units.len() > LOOP_UNITS_MAX || bytes > LOOP_BYTES_MAX {
                    return Ok(units);
                }
            }
        };
        let ((), units) = tokio::join!(drawing, reading);
        let units = units?;
        if units.is_empty() {
            child.wait().await?;
        }
        Ok(units)
    }

    fn take(&self, tag: Tag) -> anyhow::Result<Option<Encoded>> {
        match tag {
            Tag::Parameters(record) => {
                self.parameters.send_replace(Some(H264Parameters::from_avcc(&record)?));
                Ok(None)
            }
            Tag::Unit { key, data, .. } => Ok(Some(Encoded { key, data })),
        }
    }

    /// Packs a unit with the time of now and gives it to all who listen.
    fn send(&self, unit: &Encoded, number: u64) {
        let clock = sei::clock(SystemClock.wall());
        // Before the picture, after nothing: sets and delimiters are left out on the way anyway.
        let nals = std::iter::once(clock.as_slice()).chain(nal::units(&unit.data));
        let data = nal::join(nals);
        let parameters = self.parameters.borrow();
        let sets: Vec<&Bytes> = match &*parameters {
            Some(parameters) if unit.key => vec![parameters.sps(), parameters.pps()],
            _ => Vec::new(),
        };
        let payloads = rtp::h264(&data, &sets);
        let time = u32::try_from((number * 90_000 / u64::from(self.options.fps)) & 0xffff_ffff)
            .unwrap_or(0);
        // Nobody listens: nothing is lost.
        let _ = self.units.send(Arc::new(Packed { time, key: unit.key, payloads }));
    }
}
