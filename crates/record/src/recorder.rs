//! The recorder of one stream: the shell around the cut rules and the gap rules.
//!
//! Its task looks into the ring at intervals, so that a picture costs it nothing but its bytes; it
//! waits for the database only between units, and never for the disk.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::task::Scope;
use base::{Backoff, CameraId, Clock, StreamPath, SystemClock, Wall};
use catalog::{Database, Gap, GapReason, Ledger, NewSegment, Segments};
use hub::{Event, Hub, Start, Subscriber};
use media::{AccessUnit, Tracks, mp4};

use storage::keys;
use storage::local::{SegmentWriter, Volume};
use storage::retention::{Handle, Room};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::gaps::{Entry, Gaps};
use crate::metrics::Metrics;
use crate::pack::{self, Format, Packer};
use crate::rolling::{self, Rolling};
use crate::schedule::Schedule;
use crate::seal::{Sealer, Unsealed};
use crate::segmenter::{Output, Segmenter, Verdict};
use crate::service::Config;

/// After disk or database refused, recording is tried again after this, and then more seldom.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_SLOWEST: Duration = Duration::from_secs(10);
/// When nothing else is left that could go, segments longer than this are ended so that they can.
const CUT_UNDER_PRESSURE_MICROS: i64 = 10_000_000;
/// Segments of one camera that may begin in the same second.
const NAMES_MAX: u32 = 100;
/// Ledger entries kept for a database that is away.
const ENTRIES_MAX: usize = 1_000;

/// Tells why a camera gives nothing now, if its source knows.
pub type LossReason = Arc<dyn Fn(&CameraId) -> Option<GapReason> + Send + Sync>;

/// Why a recorder is told to end, when it is not that the node stops.
pub(crate) type End = Arc<OnceLock<GapReason>>;

/// One wanted recording. Two equal ones are the same: it is left running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSpec {
    /// The camera.
    pub camera: CameraId,
    /// The stream to record.
    pub stream: StreamPath,
    /// Segments are cut at multiples of this on the wall clock; at least a second.
    pub segment_duration: Duration,
    /// Whether sound is kept.
    pub audio: bool,
    /// The container.
    pub format: Format,
    /// Its hours; `None`: always.
    pub schedule: Option<Schedule>,
}

impl RecordSpec {
    fn is_on(&self) -> bool {
        let now = SystemClock.wall();
        self.schedule.as_ref().is_none_or(|schedule| schedule.is_on(now))
    }
}

/// One stream's recorder.
pub(crate) struct Recorder {
    spec: RecordSpec,
    hub: Hub,
    /// `None` outside its hours: a camera on demand is then not pulled.
    reader: Option<Subscriber>,
    database: Database,
    volume: Volume,
    room: Handle,
    config: Config,
    metrics: Metrics,
    sealer: Sealer,
    end: End,
    gaps: Gaps,
    tracks: Option<Tracks>,
    run: Option<Segmenter>,
    packer: Packer,
    file: Option<OpenFile>,
    not_before: Option<Instant>,
    retry: Backoff,
    unwritten: Vec<Entry>,
}

/// The segment that is being written.
struct OpenFile {
    unsealed: Unsealed,
    writer: SegmentWriter,
}

/// Recording cannot go on for now: disk or database refused.
struct Refused;

impl Recorder {
    pub(crate) fn new(
        spec: RecordSpec,
        hub: &Hub,
        database: Database,
        (volume, room): (Volume, Handle),
        (config, metrics): (Config, Metrics),
        (scope, end): (Scope, End),
    ) -> Self {
        let folder = volume.root().join(spec.camera.as_str());
        let rolling = (spec.format == Format::Ts)
            .then(|| Rolling::new(folder, config.playlist_segments, spec.segment_duration));
        let sealer = Sealer::new(
            scope,
            database.clone(),
            volume.clone(),
            config.lost_found.clone(),
            metrics.clone(),
            rolling,
        );
        // Followed from now on: a key frame that comes before the first look is not missed.
        let reader = spec.is_on().then(|| hub.follow(&spec.stream, Start::Next));
        Self {
            packer: Packer::new(spec.format),
            spec,
            hub: hub.clone(),
            reader,
            database,
            volume,
            room,
            config,
            metrics,
            sealer,
            end,
            gaps: Gaps::new(None, None),
            tracks: None,
            run: None,
            file: None,
            not_before: None,
            retry: Backoff::new(RETRY_FIRST, RETRY_SLOWEST),
            unwritten: Vec::new(),
        }
    }

    /// Records until `token` is cancelled, then seals and leaves.
    pub(crate) async fn run(mut self, token: CancellationToken) {
        self.learn_ledger().await;
        if self.spec.format != Format::Ts {
            let folder = self.volume.root().join(self.spec.camera.as_str());
            // Nobody waits for it.
            drop(tokio::task::spawn_blocking(move || rolling::remove(&folder)));
        }
        // Recorders of one thread look at different moments, so that their writes do not come at once.
        let phase = self.config.look_every.mul_f64(phase(self.spec.stream.as_str()));
        let mut look = tokio::time::interval_at(Instant::now() + phase, self.config.look_every);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut events = Vec::new();
        loop {
            tokio::select! {
                () = token.cancelled() => break,
                _ = look.tick() => {}
            }
            self.look(&mut events).await;
        }
        self.look(&mut events).await;
        self.end_run().await;
        self.lost(self.end.get().copied().unwrap_or(GapReason::NodeStopped)).await;
        self.metrics.active.with_label_values(&[self.spec.camera.as_str()]).set(0);
        self.sealer.finish().await;
    }

    async fn learn_ledger(&mut self) {
        let camera = &self.spec.camera;
        let known = match self.database.known_until(camera).await {
            Ok(known) => known,
            Err(error) => return tracing::error!(%camera, err = %error, "ledger cannot be read"),
        };
        let since = known.unwrap_or_default();
        let open = match self.database.gaps(camera, since, Wall::MAX).await {
            Ok(gaps) => gaps.into_iter().find(|gap| gap.end.is_none()).map(|gap| gap.reason),
            Err(_) => None,
        };
        self.gaps = Gaps::new(open, known);
    }

    /// Takes all that the ring has and writes what is complete.
    async fn look(&mut self, events: &mut Vec<Event>) {
        if !self.may_record().await {
            return self.write_entries().await;
        }
        events.clear();
        if let Some(reader) = &mut self.reader {
            reader.drain(events);
        }
        for event in events.drain(..) {
            match event {
                Event::Unit(unit) => self.unit(unit).await,
                Event::Tracks(tracks) => {
                    self.end_run().await;
                    let video_only = |track: &media::Track| track.parameters.is_video();
                    let tracks = if self.spec.audio { tracks } else { tracks.filtered(video_only) };
                    self.tracks = Some(tracks);
                }
                Event::Skipped(missed) => {
                    self.end_run().await;
                    self.skipped(missed);
                    self.lost(GapReason::Disk).await;
                }
                Event::Ended => {
                    self.end_run().await;
                    self.tracks = None;
                }
            }
        }
        let mut outputs = Vec::new();
        if let Some(run) = &mut self.run {
            run.flush(&mut outputs);
        }
        self.carry_out(outputs).await;
        if self.file.is_none() && self.run.is_none() {
            self.explain_silence().await;
        }
        self.write_entries().await;
    }

    /// Follows the stream within the recording's hours and while there is room, and lets go of it
    /// else. False when it may not record now.
    async fn may_record(&mut self) -> bool {
        let room = self.room.room();
        let reason = match room {
            _ if !self.spec.is_on() => GapReason::Schedule,
            Room::Full => GapReason::Disk,
            Room::Room | Room::Pressure { .. } => {
                if self.reader.is_none() {
                    // With the group that is held, so that the first second is there.
                    self.reader = Some(self.hub.follow(&self.spec.stream, Start::Group));
                }
                if let (Room::Pressure { only_open: true }, Some(run)) = (room, &mut self.run) {
                    run.cut_soon(CUT_UNDER_PRESSURE_MICROS);
                }
                return true;
            }
        };
        self.reader = None;
        self.end_run().await;
        self.lost(reason).await;
        false
    }

    async fn explain_silence(&mut self) {
        let reason = match self.not_before {
            Some(_) => Some(GapReason::Disk),
            None => (self.config.loss_reason)(&self.spec.camera),
        };
        match reason {
            Some(reason) => self.lost(reason).await,
            // Not known better yet: what is open stays, and something is open.
            None if self.gaps.is_open() => {}
            None => self.lost(GapReason::CameraDown).await,
        }
    }

    async fn unit(&mut self, unit: AccessUnit) {
        if self.not_before.is_some_and(|until| Instant::now() < until) {
            return self.skipped(1);
        }
        self.not_before = None;
        if self.run.is_none() {
            self.begin_run();
        }
        let Some(run) = &mut self.run else { return };
        if run.push(unit.clone()) == Verdict::NewRun {
            tracing::warn!(camera = %self.spec.camera, "media or wall clock stepped, a new recording run begins");
            self.end_run().await;
            self.begin_run();
            if let Some(run) = &mut self.run {
                run.push(unit);
            }
        }
    }

    fn begin_run(&mut self) {
        let segment_us = i64::try_from(self.spec.segment_duration.as_micros()).unwrap_or(i64::MAX);
        let tracks = self.tracks.clone();
        let not_before = self.gaps.covered_until();
        self.packer.begin_run();
        self.run =
            tracks.and_then(|tracks| Segmenter::new(segment_us.max(1_000_000), tracks, not_before));
    }

    async fn end_run(&mut self) {
        let Some(mut run) = self.run.take() else { return };
        let mut outputs = Vec::new();
        run.finish(&mut outputs);
        self.carry_out(outputs).await;
    }

    async fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            let done = match output {
                Output::Open { start, start_us, tracks } => {
                    self.open(start, start_us, &tracks).await
                }
                Output::Fragment { runs, duration_us } => self.append(&runs, duration_us),
                Output::Seal { end, duration_us } => {
                    self.seal(end, duration_us);
                    Ok(())
                }
            };
            if done.is_err() {
                return self.refused().await;
            }
        }
    }

    /// The row first, then the file.
    async fn open(&mut self, start: Wall, start_us: i64, tracks: &Tracks) -> Result<(), Refused> {
        self.packer.begin_segment(tracks, start_us).map_err(|error| self.unwritable(&error))?;
        let mut new = NewSegment {
            camera: self.spec.camera.clone(),
            stream: self.spec.stream.clone(),
            path: String::new(),
            start,
            format: self.spec.format.as_str().to_owned(),
            codecs: tracks.rfc6381(),
        };
        for attempt in 1..=NAMES_MAX {
            new.path =
                keys::segment(&self.spec.camera, start, attempt, self.spec.format.extension());
            match self.database.create_segment(&new).await {
                Ok(id) => {
                    let writer = self.volume.create(&new.path);
                    let unsealed = Unsealed { id, new, duration_us: 0, end: start };
                    self.file = Some(OpenFile { unsealed, writer });
                    self.metrics.active.with_label_values(&[self.spec.camera.as_str()]).set(1);
                    if let Some(entry) = self.gaps.on_recording(start, GapReason::Network) {
                        self.note(entry);
                    }
                    return Ok(());
                }
                Err(catalog::Error::Invalid(_)) => {}
                Err(error) => {
                    tracing::error!(camera = %self.spec.camera, err = %error, "segment cannot be entered in the database");
                    return Err(Refused);
                }
            }
        }
        Err(Refused)
    }

    fn append(&mut self, runs: &[mp4::Run], duration_us: i64) -> Result<(), Refused> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let parts = match self.packer.fragment(runs) {
            Ok(parts) => parts,
            Err(error) => return Err(self.unwritable(&error)),
        };
        if let Err(error) = file.writer.append(parts) {
            tracing::warn!(camera = %self.spec.camera, err = %error, "recording refused by the disk");
            if error == storage::Error::Full {
                self.room.refused();
            }
            return Err(Refused);
        }
        // The second fragment is only taken when the first was written, or is about to be.
        if file.unsealed.duration_us > 0 {
            self.retry.reset();
        }
        file.unsealed.duration_us = duration_us;
        file.unsealed.end = file.unsealed.new.start.plus_micros(duration_us);
        self.gaps.on_covered(file.unsealed.end);
        Ok(())
    }

    fn unwritable(&self, error: &pack::Error) -> Refused {
        tracing::error!(camera = %self.spec.camera, err = %error, "stream cannot be written in this format");
        Refused
    }

    fn seal(&mut self, end: Wall, duration_us: i64) {
        let Some(mut file) = self.file.take() else { return };
        file.unsealed.end = end;
        file.unsealed.duration_us = duration_us;
        self.gaps.on_covered(end);
        self.sealer.seal(file.unsealed, file.writer);
    }

    /// Keeps what was taken, and waits a little before the next try.
    async fn refused(&mut self) {
        self.run = None;
        if let Some(file) = self.file.take() {
            self.sealer.seal(file.unsealed, file.writer);
        }
        self.not_before = Some(Instant::now() + self.retry.next_delay());
        self.lost(GapReason::Disk).await;
    }

    async fn lost(&mut self, reason: GapReason) {
        self.metrics.active.with_label_values(&[self.spec.camera.as_str()]).set(0);
        if let Some(entry) = self.gaps.on_lost(SystemClock.wall(), reason) {
            self.note(entry);
        }
        self.write_entries().await;
    }

    fn skipped(&self, units: u64) {
        self.metrics.skipped.with_label_values(&[self.spec.camera.as_str()]).inc_by(units);
    }

    fn note(&mut self, entry: Entry) {
        if let Entry::Open { reason, .. } | Entry::Whole { reason, .. } = entry {
            tracing::info!(camera = %self.spec.camera, reason = reason.as_str(), "gap in the recording");
            let labels = [self.spec.camera.as_str(), reason.as_str()];
            self.metrics.gaps.with_label_values(&labels).inc();
        }
        if self.unwritten.len() < ENTRIES_MAX {
            self.unwritten.push(entry);
        }
    }

    /// Writes what is noted, in order; what the database does not take stays for the next time.
    async fn write_entries(&mut self) {
        let camera = self.spec.camera.clone();
        while let Some(entry) = self.unwritten.first().copied() {
            let written = match entry {
                Entry::Open { start, reason } => {
                    self.database.open_gap(&camera, start, reason).await
                }
                Entry::Close { end } => self.database.close_gap(&camera, end).await,
                Entry::Whole { start, end, reason } => {
                    let gap = Gap { camera: camera.clone(), start, end: Some(end), reason };
                    self.database.add_gap(&gap).await
                }
            };
            if let Err(error) = written {
                return tracing::error!(%camera, err = %error, "ledger cannot be written");
            }
            self.unwritten.remove(0);
        }
    }
}

/// A number in `0.0..1.0` that is the same for the same name.
fn phase(name: &str) -> f64 {
    let hash =
        name.bytes().fold(17_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    f64::from(hash % 1_000) / 1_000.0
}
