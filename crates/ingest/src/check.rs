//! Tries a source once, as the server would, and says how far it came and what was found.
//!
//! Publishes into a hub of its own that ends with it. The words for people are in the `api` room.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base::outgoing::{Outgoing, resolve_checked};
use hub::{Event, Hub, RingLimits, Start, Subscriber};
use media::{AccessUnit, TrackId, Tracks};
use prometheus::Registry;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::failure::{Failure, Kind, well_known};
use crate::measure::Rates;
use crate::metrics::Metrics;
use crate::outlet::{Outlet, Step as Published};
use crate::report;
use crate::session::{Choice, Rules, Session};
use crate::source::SourceSpec;
use crate::status::StreamInfo;

/// How long to wait for what, and where a try may connect to.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Each step until the first picture.
    pub step: Duration,
    /// Rates are measured for this long at most.
    pub measure: Duration,
    /// The rules of the server.
    pub outgoing: Arc<Outgoing>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            step: Duration::from_secs(10),
            measure: Duration::from_secs(12),
            outgoing: Arc::default(),
        }
    }
}

/// A step that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The host's name, or the address that it is, is known.
    Name(IpAddr),
    /// The host takes connections on this port.
    Connected(u16),
    /// Described, signed in, set up, playing; by ffmpeg where the built-in client cannot.
    Playing {
        /// An ffmpeg child plays it.
        by_ffmpeg: bool,
    },
    /// The first picture that a decoder can start with, so long after it played.
    Picture(Duration),
}

/// Pictures before the first key frame are waited through for this many times a step.
const LONG_GROUP: u32 = 6;
/// Rates are taken as known after this much media.
const ENOUGH_MICROS: i64 = 3_000_000;

/// Tries `spec` and tells each step as it is done. Tears everything down when dropped.
///
/// # Errors
/// Why it gives nothing, with the values of the text. No secrets.
pub async fn probe(
    spec: &SourceSpec,
    limits: &Limits,
    mut on_step: impl FnMut(Step),
) -> Result<StreamInfo, Failure> {
    reach(&spec.url, limits, &mut on_step).await.map_err(|failure| failure.of(&spec.url))?;
    let mut choice = Choice::new(spec);
    let first = match attempt(spec, &choice, limits, &mut on_step).await {
        Ok(info) => return Ok(info),
        Err(failure) => failure,
    };
    let by_ffmpeg = choice.by_child();
    choice.on_failure(first.kind, false);
    if choice.by_child() == by_ffmpeg {
        return Err(first.of(&spec.url));
    }
    // The server would try the other client next.
    match attempt(spec, &choice, limits, &mut on_step).await {
        Err(second) if second.kind != Kind::FfmpegMissing => Err(second.of(&spec.url)),
        other => other.map_err(|_| first.of(&spec.url)),
    }
}

/// Name and port, for protocols over TCP: the clients' own words for these are poor.
async fn reach(url: &Url, limits: &Limits, on_step: &mut impl FnMut(Step)) -> Result<(), Failure> {
    let limit = limits.step;
    let Some(port) = url.port().or_else(|| well_known(url.scheme())) else { return Ok(()) };
    if matches!(url.scheme(), "udp" | "srt") {
        return Ok(());
    }
    let Some(host) = url.host_str() else { return Err(Failure::new(Kind::BadUrl)) };
    let unknown = || Failure::new(Kind::NameUnknown);
    let looked_up = timeout(limit, resolve_checked(host, port, &limits.outgoing)).await;
    let addresses = looked_up.map_err(|_| unknown())??;
    let mut failure = unknown();
    for address in addresses {
        on_step(Step::Name(address.ip()));
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                on_step(Step::Connected(port));
                return Ok(());
            }
            Ok(Err(error)) => failure = Failure::new(Failure::kind_of_io(error.kind())),
            Err(_) => failure = Failure::new(Kind::Timeout).with("seconds", limit.as_secs()),
        }
    }
    Err(failure)
}

async fn attempt(
    spec: &SourceSpec,
    choice: &Choice,
    limits: &Limits,
    on_step: &mut impl FnMut(Step),
) -> Result<StreamInfo, Failure> {
    let registry = Registry::new();
    let broken = |error: prometheus::Error| Failure::new(Kind::ProtocolError).with("detail", error);
    let ring = RingLimits { max_bytes: 32 << 20, max_duration: Duration::from_secs(12) };
    let hub = Hub::new(ring, hub::Metrics::new(&registry).map_err(broken)?);
    let reader = hub.follow(&spec.path, Start::Oldest);
    let outlet = Outlet::new(spec.clone(), hub.clone(), Metrics::new(&registry).map_err(broken)?);
    let rules = Rules { limit: limits.step, outgoing: Arc::clone(&limits.outgoing) };
    let mut session = Session::open(spec, outlet, choice, &rules).await?;
    on_step(Step::Playing { by_ffmpeg: choice.by_child() });
    let began = Instant::now();
    first_picture(&mut session, began, limits.step).await?;
    on_step(Step::Picture(began.elapsed()));
    let measured = measure(&mut session, reader, limits.measure).await?;
    let mut info = StreamInfo { name: spec.name.clone(), ..StreamInfo::default() };
    info.path = spec.path.to_string();
    info.long_gop = session.outlet().long_gop();
    let tracks = measured.tracks.clone().unwrap_or_else(|| Tracks::new(Vec::new()));
    report::fill(&mut info, &tracks, measured.rates());
    Ok(info)
}

/// Waits until a decoder can start. Pictures of a long group keep it waiting, as they do the server.
async fn first_picture(
    session: &mut Session,
    began: Instant,
    limit: Duration,
) -> Result<(), Failure> {
    let mut heard = began;
    while !session.outlet().is_open() {
        let deadline = (heard + limit).min(began + limit * LONG_GROUP);
        let silent = |_| Failure::new(Kind::Silent).with("seconds", limit.as_secs());
        if let Published::Early = timeout_at(deadline, session.step()).await.map_err(silent)?? {
            heard = Instant::now();
        }
    }
    Ok(())
}

async fn measure(
    session: &mut Session,
    mut reader: Subscriber,
    limit: Duration,
) -> Result<Measured, Failure> {
    let deadline = Instant::now() + limit;
    let (mut measured, mut events) = (Measured::default(), Vec::new());
    loop {
        reader.drain(&mut events);
        events.drain(..).for_each(|event| measured.on_event(event));
        if measured.is_enough() {
            return Ok(measured);
        }
        match timeout_at(deadline, session.step()).await {
            Ok(Ok(Published::Picture { .. } | Published::Early | Published::Other)) => {}
            // A file that ends has shown what it is; a camera that ends has a fault.
            Ok(Err(failure)) if measured.frames < 2 => return Err(failure),
            Ok(Err(_)) | Err(_) => return Ok(measured),
        }
    }
}

/// Rates of the video by its own clock: what a camera sends in a burst is not faster for that.
#[derive(Default)]
struct Measured {
    tracks: Option<Tracks>,
    frames: u32,
    bytes: u64,
    first_us: Option<i64>,
    last_us: i64,
    last_key_us: Option<i64>,
    key_interval_us: Option<i64>,
}

impl Measured {
    fn on_event(&mut self, event: Event) {
        match event {
            // Other parameters, other rates.
            Event::Tracks(tracks) => *self = Self { tracks: Some(tracks), ..Self::default() },
            Event::Unit(unit) => self.on_unit(&unit),
            Event::Skipped(_) | Event::Ended => {}
        }
    }

    fn on_unit(&mut self, unit: &AccessUnit) {
        let video = self.tracks.as_ref().and_then(Tracks::video);
        let is_its = |id: TrackId| id == unit.track;
        let Some(video) = video.filter(|video| is_its(video.id)) else { return };
        let at = video.timescale.to_micros(unit.dts);
        if self.first_us.is_none() {
            self.first_us = Some(at);
        } else {
            self.bytes += u64::try_from(unit.data.len()).unwrap_or(0);
        }
        self.frames += 1;
        self.last_us = at;
        if unit.key {
            self.key_interval_us = self.last_key_us.map(|last| at - last);
            self.last_key_us = Some(at);
        }
    }

    fn span_us(&self) -> i64 {
        self.first_us.map_or(0, |first| (self.last_us - first).max(0))
    }

    fn is_enough(&self) -> bool {
        self.key_interval_us.is_some() && self.span_us() >= ENOUGH_MICROS
    }

    fn rates(&self) -> Rates {
        let seconds = Duration::from_micros(self.span_us().unsigned_abs()).as_secs_f64();
        if self.frames < 2 || seconds <= 0.0 {
            return Rates::default();
        }
        let hundredths = |value: f64| (value * 100.0).round() / 100.0;
        let interval = Duration::from_micros(self.key_interval_us.unwrap_or(0).unsigned_abs());
        Rates {
            fps: hundredths(f64::from(self.frames - 1) / seconds),
            bitrate: self.bytes.saturating_mul(8_000_000) / self.span_us().unsigned_abs().max(1),
            key_frame_interval: hundredths(interval.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests;
