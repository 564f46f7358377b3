//! Access units of a pattern or a clip, encoded once and shared: live with the time of now, or a while
//! that is repeated.

mod turn;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use base::{Clock, SystemClock, Wall};
use bytes::Bytes;
use media::h264::sei::Stamp;
use media::mp4::{StreamEvent, StreamSample};
use media::rtp::{self, Payload};
use media::{Parameters, Ticks, TrackId, Tracks, h264, h265};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior, sleep_until};

use self::turn::{Unit, trim};
use crate::encoder::{Encoder, Source, group_len};
use crate::pattern::{Pattern, draw};
use crate::rtsp::Options;

/// Access units, sound among them, that a slow reader may lag behind before it is dropped.
const LAG_MAX: usize = 256;
/// How much of a clip or loop is kept, at most.
const LOOP_UNITS_MAX: usize = 60_000;
const LOOP_BYTES_MAX: usize = 256 << 20;
/// Samples of silence with which an AAC encoder begins.
const AAC_PRIMING: Ticks = Ticks(1_024);

/// An access unit ready to be sent, shared by all who send it.
#[derive(Debug)]
pub(crate) struct Packed {
    /// Index of its track.
    pub(crate) track: usize,
    /// When it is shown, in the track's timescale.
    pub(crate) time: u32,
    /// When it is shown, by the clock.
    pub(crate) wall: Wall,
    /// True for a picture at which a player may start.
    pub(crate) key: bool,
    pub(crate) payloads: Vec<Payload>,
}

/// A feed that cameras share.
#[derive(Clone)]
pub(crate) struct Feed {
    pub(crate) units: broadcast::Sender<Arc<Packed>>,
    pub(crate) tracks: watch::Receiver<Option<Tracks>>,
}

impl Feed {
    /// Starts the feed and the task that keeps it going; the task ends with an error, or when the
    /// runtime does.
    pub(crate) fn start(
        pattern: Pattern,
        options: &Options,
    ) -> (Self, impl Future<Output = anyhow::Result<()>> + Send + use<>) {
        let (units, _) = broadcast::channel(LAG_MAX);
        let (known, tracks) = watch::channel(None);
        let feed = Self { units: units.clone(), tracks };
        let options = options.clone();
        let mut out = Out {
            units,
            known,
            tracks: None,
            origins: Vec::new(),
            start: None,
            frame: 0,
            options,
            pattern,
        };
        let run = async move {
            if out.options.file.is_some() || out.options.looped {
                out.repeat().await
            } else {
                out.live().await
            }
        };
        (feed, run)
    }
}

struct Out {
    units: broadcast::Sender<Arc<Packed>>,
    known: watch::Sender<Option<Tracks>>,
    tracks: Option<Tracks>,
    /// Per track, when its first unit is shown: in the container each begins at about 0.
    origins: Vec<(TrackId, Ticks)>,
    /// The moment of time 0.
    start: Option<Wall>,
    /// Of the next picture.
    frame: u32,
    options: Options,
    pattern: Pattern,
}

impl Out {
    /// Draws and encodes at the pace of the clock.
    async fn live(&mut self) -> anyhow::Result<()> {
        let micros = SystemClock.wall().as_micros().rem_euclid(1_000_000);
        let second = f64::from(u32::try_from(micros).unwrap_or(0)) / 1e6;
        let (mut encoder, stdin) = Encoder::start(&Source::Live { second }, &self.options)?;
        let drawing = draw_all(self.pattern, self.options.clone(), stdin, None);
        let reading = async {
            while let Some(event) = encoder.next().await? {
                if let Some(unit) = self.take(event)? {
                    self.send(&unit, Ticks(0));
                }
            }
            bail!("the encoder ended: {}", encoder.last_words())
        };
        tokio::select! {
            end = drawing => end,
            end = reading => end,
        }
    }

    /// Encodes a while once, then sends it again and again at the pace of the clock.
    async fn repeat(&mut self) -> anyhow::Result<()> {
        let mut units = self.encode_all().await?;
        let Some(tracks) = self.tracks.clone() else { bail!("the clip has no pictures") };
        let period = trim(&mut units, &tracks);
        let Some(lead) = tracks.lead() else { bail!("the clip has no pictures") };
        let scale = |track: usize| tracks.all().get(track).map_or(lead, |track| track).timescale;
        let due = |unit: &Unit| scale(unit.track).to_micros(unit.dts);
        let first = units.iter().map(due).min().unwrap_or(0);
        let start = Instant::now();
        for turn in 0_i64.. {
            let shift = Ticks(turn.saturating_mul(period.0));
            let waited = lead.timescale.to_micros(shift);
            for unit in &units {
                let micros = u64::try_from(due(unit) - first + waited).unwrap_or(0);
                sleep_until(start + Duration::from_micros(micros)).await;
                self.send(unit, lead.timescale.rescale(shift, scale(unit.track)));
            }
        }
        Ok(())
    }

    async fn encode_all(&mut self) -> anyhow::Result<Vec<Unit>> {
        let frames = group_len(&self.options) * 5;
        let options = self.options.clone();
        let source = match &options.file {
            Some(clip) if options.copy => Source::Copy(clip),
            Some(clip) => Source::Clip(clip),
            None => Source::Some { frames },
        };
        let (mut encoder, stdin) = Encoder::start(&source, &options)?;
        let pattern = self.pattern;
        let drawing = async {
            if options.file.is_none() {
                // A child that has ended says why on its own.
                let _ = draw_all(pattern, options.clone(), stdin, Some(frames.into())).await;
            }
        };
        let reading = async {
            let (mut units, mut bytes) = (Vec::new(), 0);
            while let Some(event) = encoder.next().await? {
                if let Some(unit) = self.take(event)? {
                    bytes += unit.data.len();
                    units.push(unit);
                }
                if units.len() > LOOP_UNITS_MAX || bytes > LOOP_BYTES_MAX {
                    break;
                }
            }
            ensure!(!units.is_empty(), "nothing to send: {}", encoder.last_words());
            Ok(units)
        };
        let ((), units) = tokio::join!(drawing, reading);
        units
    }

    fn take(&mut self, event: StreamEvent) -> anyhow::Result<Option<Unit>> {
        match event {
            StreamEvent::Tracks(tracks) => {
                ensure!(tracks.video().is_some(), "no H.264 or H.265 pictures to send");
                self.tracks = Some(tracks.clone());
                self.known.send_replace(Some(tracks));
                Ok(None)
            }
            StreamEvent::Sample(sample) => Ok(self.unit(sample)),
        }
    }

    /// `None` for a track of a codec that is not carried.
    fn unit(&mut self, sample: StreamSample) -> Option<Unit> {
        let tracks = self.tracks.as_ref()?;
        let track = tracks.all().iter().position(|track| track.id == sample.track)?;
        let parameters = &tracks.all().get(track)?.parameters;
        let known = self.origins.iter().find(|(id, _)| *id == sample.track).map(|(_, at)| *at);
        let origin = known.unwrap_or_else(|| {
            let is_primed = matches!(parameters, Parameters::Aac(_)) && !self.options.copy;
            let origin = sample.pts + if is_primed { AAC_PRIMING } else { Ticks(0) };
            self.origins.push((sample.track, origin));
            origin
        });
        Some(Unit {
            track,
            dts: sample.dts - origin,
            pts: sample.pts - origin,
            key: parameters.is_video() && parameters.is_key(&sample.data),
            data: sample.data,
        })
    }

    /// A copied clip may change its parameter sets: later key frames go with the new ones.
    fn follow(&mut self, unit: &Unit) {
        let Some(tracks) = self.tracks.as_ref().filter(|_| unit.key) else { return };
        let old = tracks.all().get(unit.track).map(|track| &track.parameters);
        let Some(new) = old.and_then(|old| old.changed_by(&unit.data)) else { return };
        let mut changed = tracks.all().to_vec();
        if let Some(track) = changed.get_mut(unit.track) {
            track.parameters = new;
        }
        self.tracks = Some(Tracks::new(changed));
        self.known.send_replace(self.tracks.clone());
    }

    /// Packs a unit, later by `shift`, and gives it to all who listen.
    fn send(&mut self, unit: &Unit, shift: Ticks) {
        self.follow(unit);
        let Some(track) = self.tracks.as_ref().and_then(|tracks| tracks.all().get(unit.track))
        else {
            return;
        };
        let now = SystemClock.wall();
        let stamp = Stamp { wall: now, frame: self.frame };
        let data = with_clock(&track.parameters, &unit.data, stamp);
        self.frame = self.frame.wrapping_add(u32::from(track.parameters.is_video()));
        let payloads = rtp::payloads(&track.parameters, &data, unit.key);
        let shown = unit.pts + shift;
        let micros = track.timescale.to_micros(shown);
        let start = *self.start.get_or_insert_with(|| now.plus_micros(-micros));
        // A second is added, so that what precedes the first picture is not before 0.
        let time = (shown.0 + i64::from(track.timescale.hz())).rem_euclid(1 << 32);
        let packed = Packed {
            track: unit.track,
            time: u32::try_from(time).unwrap_or(0),
            wall: start.plus_micros(micros),
            key: unit.key,
            payloads,
        };
        // Nobody listens: nothing is lost.
        let _ = self.units.send(Arc::new(packed));
    }
}

/// Draws into a child: so many pictures as fast as it takes them, or without end at the pace of the
/// clock.
async fn draw_all(
    pattern: Pattern,
    options: Options,
    mut stdin: ChildStdin,
    frames: Option<u64>,
) -> anyhow::Result<()> {
    let size = (options.width, options.height);
    let mut tick = tokio::time::interval(Duration::from_secs(1) / options.fps);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for frame in 0..frames.unwrap_or(u64::MAX) {
        if frames.is_none() {
            tick.tick().await;
        }
        stdin.write_all(&draw(pattern, size, frame, SystemClock.wall())).await?;
    }
    Ok(())
}

/// A picture with our clock in front of its first slice; sound as it is.
fn with_clock(parameters: &Parameters, data: &Bytes, now: Stamp) -> Bytes {
    let (clock, is_slice): (_, fn(&[u8]) -> bool) = match parameters {
        Parameters::H264(_) => {
            (h264::sei::clock(now), |unit| (1..=h264::nal::IDR).contains(&h264::nal::kind(unit)))
        }
        Parameters::H265(_) => (h265::sei::clock(now), h265::nal::is_slice),
        _ => return data.clone(),
    };
    let before = h264::nal::units(data).take_while(|unit| !is_slice(unit));
    let after = h264::nal::units(data).skip_while(|unit| !is_slice(unit));
    h264::nal::join(before.chain([clock.as_slice()]).chain(after))
}

#[cfg(test)]
mod tests;
