//! Where a session's units leave for the hub: the path's publisher, and times made usable.
//!
//! Shared by all kinds of session; owned by one, and gone with it.

use std::time::Duration;

use base::{Clock, StreamPath, SystemClock, Wall};
use bytes::Bytes;
use hub::{Hub, Publisher, Start, Subscriber};
use media::timeline::{Placed, Timeline};
use media::{AccessUnit, Parameters, Ticks, Track, TrackId, Tracks};

use crate::failure::{Failure, Kind};
use crate::metrics::Metrics;
use crate::source::SourceSpec;

/// A session's way out.
pub(crate) struct Outlet {
    spec: SourceSpec,
    hub: Hub,
    metrics: Metrics,
    publisher: Option<Publisher>,
    tracks: Option<Tracks>,
    lanes: Vec<(TrackId, Timeline)>,
    /// How far the camera's clock is ahead of ours, in microseconds.
    clock_offset: Option<i64>,
}

/// Between two sender reports a clock does not drift this far.
const CLOCK_STEP_MICROS: i64 = 2_000_000;

/// One unit on its way.
pub(crate) struct Incoming {
    pub(crate) track: TrackId,
    pub(crate) pts: Ticks,
    /// Where the source says it; else it is made of the order of showing.
    pub(crate) dts: Option<Ticks>,
    pub(crate) key: bool,
    pub(crate) lost: u16,
    pub(crate) data: Bytes,
}

/// What a unit was.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// A picture that was published: its size in bytes and whether it is a key frame.
    Picture { bytes: usize, key: bool },
    /// A picture before the first key frame: the camera lives, but nothing can begin yet.
    Early,
    /// Sound, or a report.
    Other,
}

impl Outlet {
    pub(crate) fn new(spec: SourceSpec, hub: Hub, metrics: Metrics) -> Self {
        Self {
            spec,
            hub,
            metrics,
            publisher: None,
            tracks: None,
            lanes: Vec::new(),
            clock_offset: None,
        }
    }

    /// A reader of another path, beginning with the group that it holds. A path of a rule begins by it.
    pub(crate) fn follow(&self, path: &StreamPath) -> Subscriber {
        let reader = self.hub.subscribe(path, Start::Group);
        reader.unwrap_or_else(|| self.hub.follow(path, Start::Group))
    }

    /// True once the path is fed: from the first key frame on.
    pub(crate) const fn is_open(&self) -> bool {
        self.publisher.is_some()
    }

    /// The description that is published now.
    pub(crate) const fn tracks(&self) -> Option<&Tracks> {
        self.tracks.as_ref()
    }

    /// True while a key-frame group does not fit the ring.
    pub(crate) fn long_gop(&self) -> bool {
        self.publisher.as_ref().is_some_and(Publisher::long_gop)
    }

    /// Publishes the path, or says that its description has changed.
    pub(crate) fn describe(&mut self, tracks: Tracks) -> Result<(), Failure> {
        if self.tracks.as_ref() == Some(&tracks) {
            return Ok(());
        }
        match &self.publisher {
            Some(publisher) => {
                tracing::info!(camera = %self.spec.owner, stream = %self.spec.name, "codec parameters changed");
                publisher.describe(tracks.clone());
            }
            None => {
                let taken =
                    |error: hub::PathTaken| Failure::new(Kind::ProtocolError).with("detail", error);
                let origin = hub::Origin { kind: kind_of(&self.spec), id: String::new() };
                let published = self.hub.publish_from(&self.spec.path, tracks.clone(), origin);
                self.publisher = Some(published.map_err(taken)?);
            }
        }
        self.expect(&tracks);
        self.tracks = Some(tracks);
        Ok(())
    }

    /// Tells each track's timeline how far its pictures are reordered.
    fn expect(&mut self, tracks: &Tracks) {
        for track in tracks.all() {
            let known = self.lanes.iter().position(|(id, _)| *id == track.id);
            let known = known.unwrap_or_else(|| {
                self.lanes.push((track.id, Timeline::default()));
                self.lanes.len() - 1
            });
            if let Some((_, timeline)) = self.lanes.get_mut(known) {
                timeline.expect_track(track);
            }
        }
    }

    /// Publishes a unit. Before the path is open, and for tracks that are not described, nothing happens.
    pub(crate) fn push(&mut self, unit: Incoming) -> Step {
        if unit.lost > 0 {
            let camera = [self.spec.owner.label()];
            self.metrics.lost_packets.with_label_values(&camera).inc_by(u64::from(unit.lost));
        }
        let (Some(publisher), Some(tracks)) = (&self.publisher, &self.tracks) else {
            return Step::Other;
        };
        let lane = self.lanes.iter_mut().find(|(id, _)| *id == unit.track);
        let (Some((_, timeline)), Some(track)) = (lane, tracks.get(unit.track)) else {
            return Step::Other;
        };
        let placed = match unit.dts {
            Some(dts) => timeline.place_decoded(dts, track.timescale),
            None => timeline.place(unit.pts, unit.key, track.timescale),
        };
        let dts = match placed {
            Placed::At(dts) => dts,
            Placed::Jumped => {
                self.metrics.clock_jumps.with_label_values(&[self.spec.owner.label()]).inc();
                tracing::warn!(camera = %self.spec.owner, stream = %self.spec.name, "camera clock jumped");
                publisher.describe(tracks.clone());
                self.lanes.iter_mut().for_each(|(_, timeline)| timeline.restart());
                unit.dts.unwrap_or(unit.pts)
            }
        };
        // Only pictures are shown in another order than they are decoded.
        let (pts, step) = match track.parameters.is_video() {
            true => (unit.pts, Step::Picture { bytes: unit.data.len(), key: unit.key }),
            false => (dts, Step::Other),
        };
        publisher.push(AccessUnit {
            track: unit.track,
            dts,
            pts,
            key: unit.key,
            data: unit.data,
            lost_packets: unit.lost,
            arrived: SystemClock.mono(),
            arrived_wall: SystemClock.wall(),
            packets: Default::default(),
        });
        step
    }

    /// Notes what the camera says of its own clock. Many say 1970 or local time: it is shown, and a step
    /// is logged, but recording times never depend on it.
    pub(crate) fn sender_report(&mut self, says: Wall) {
        let offset = says.as_micros() - SystemClock.wall().as_micros();
        let sign = if offset < 0 { -1.0 } else { 1.0 };
        let gauge = self.metrics.clock_offset.with_label_values(&[self.spec.owner.label()]);
        gauge.set(Duration::from_micros(offset.unsigned_abs()).as_secs_f64().copysign(sign));
        let stepped = |before: i64| (offset - before).abs() > CLOCK_STEP_MICROS;
        if self.clock_offset.replace(offset).is_some_and(stepped) {
            tracing::info!(camera = %self.spec.owner, offset_ms = offset / 1_000, "camera clock was set");
        }
    }

    /// Follows parameter sets that are only in the pictures: describes the path anew when `unit`, a key
    /// frame, brings others than those that are published.
    pub(crate) fn follow_sets(&mut self, unit: &Incoming) -> Result<(), Failure> {
        let Some(tracks) = &self.tracks else { return Ok(()) };
        let changed =
            tracks.get(unit.track).and_then(|track| track.parameters.changed_by(&unit.data));
        let Some(parameters) = changed else { return Ok(()) };
        self.describe(with_parameters(tracks, unit.track, &parameters))
    }
}

/// What the control API calls such a source.
fn kind_of(spec: &SourceSpec) -> &'static str {
    match spec.url.scheme() {
        _ if spec.derived.is_some() => "hidden",
        "rtsp" | "rtsps" => "rtspSource",
        "rtmp" => "rtmpSource",
        "http" | "https" => "hlsSource",
        "srt" => "srtSource",
        "udp" => "udpSource",
        _ => "hidden",
    }
}

fn with_parameters(tracks: &Tracks, id: TrackId, parameters: &Parameters) -> Tracks {
    let replace = |track: &Track| match track.id == id {
        true => Track { parameters: parameters.clone(), ..track.clone() },
        false => track.clone(),
    };
    Tracks::new(tracks.all().iter().map(replace).collect())
}
