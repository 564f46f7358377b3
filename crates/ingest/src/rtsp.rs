//! One session with an RTSP camera: opened, its frames turned into access units, published.
//!
//! The protocol is retina's. Runs inside the source's task; dropping it tears the session down.

use std::time::Duration;

use base::{Clock, SystemClock};
use bytes::Bytes;
use futures::StreamExt;
use hub::{Hub, Publisher};
use media::audio::AacParameters;
use media::h264::H264Parameters;
use media::{AccessUnit, Parameters, Ticks, Timescale, Track, TrackId, Tracks};
use retina::client::{
    Credentials, Demuxed, Described, InitialSequenceNumberPolicy, InitialTimestampPolicy,
    PlayOptions, Session as Rtsp, SessionOptions, SetupOptions, TcpTransportOptions,
    UdpTransportOptions,
};
use retina::codec::{CodecItem, FrameFormat, ParametersRef};

use crate::failure::{Failure, Kind};
use crate::metrics::Metrics;
use crate::source::{SourceSpec, Transport};
use crate::timeline::{Placed, Timeline};

/// A session that plays. It publishes from the first key frame on.
pub(crate) struct Session {
    demuxed: Demuxed,
    /// By the camera's stream number: what we follow of it.
    followed: Vec<Option<Followed>>,
    /// For the texts of failures.
    with_credentials: bool,
    publisher: Option<Publisher>,
    clock: SystemClock,
}

struct Followed {
    id: TrackId,
    scale: Timescale,
    timeline: Timeline,
}

/// What one item of the session came to.
pub(crate) enum Step {
    /// A picture: its size in bytes and whether it is a key frame.
    Picture { bytes: usize, key: bool },
    /// Sound, a report, or a picture before the first key frame.
    Other,
}

/// Connects and asks for the camera's video and audio. Every step together takes at most `limit`.
pub(crate) async fn open(spec: &SourceSpec, limit: Duration) -> Result<Session, Failure> {
    if !spec.native || spec.url.scheme() != "rtsp" {
        return Err(Failure::new(Kind::ClientUnsupported).with("path", spec.url.scheme()));
    }
    let timeout = || Failure::new(Kind::Timeout).with("seconds", limit.as_secs());
    let mut failure = match tokio::time::timeout(limit, connect(spec)).await {
        Ok(Ok(session)) => return Ok(session),
        Ok(Err(failure)) => failure,
        Err(_) => timeout(),
    };
    let host = spec.url.host_str().unwrap_or_default();
    failure = failure.with("host", host).with("port", spec.url.port().unwrap_or(554));
    Err(failure.with("path", spec.url.path()))
}

async fn connect(spec: &SourceSpec) -> Result<Session, Failure> {
    let with_credentials = !spec.username.is_empty();
    let failed = |error: retina::Error| Failure::from_rtsp(&error, with_credentials);
    let credentials = with_credentials.then(|| Credentials {
        username: spec.username.clone(),
        password: spec.password.reveal().to_owned(),
    });
    let options = SessionOptions::default().creds(credentials).user_agent("vedette".to_owned());
    let mut session = Rtsp::describe(spec.url.clone(), options).await.map_err(failed)?;
    let chosen = choose(&session)?;
    let mut followed: Vec<Option<Followed>> = session.streams().iter().map(|_| None).collect();
    for (number, stream) in chosen.into_iter().enumerate() {
        let options = SetupOptions::default().frame_format(FrameFormat::MP4);
        let options = options.transport(match spec.transport {
            Transport::Tcp => retina::client::Transport::Tcp(TcpTransportOptions::default()),
            Transport::Udp => retina::client::Transport::Udp(UdpTransportOptions::default()),
        });
        session.setup(stream, options).await.map_err(failed)?;
        let hz = session.streams().get(stream).map_or(0, |s| s.clock_rate_hz());
        let hz = std::num::NonZeroU32::new(hz)
            .ok_or_else(|| Failure::new(Kind::ProtocolError).with("detail", "clock rate 0"))?;
        let id = TrackId(u8::try_from(number).unwrap_or(u8::MAX));
        if let Some(slot) = followed.get_mut(stream) {
            let timeline = Timeline::default();
            *slot = Some(Followed { id, scale: Timescale::new(hz), timeline });
        }
    }
    // GStreamer's server tells the number of a packet that is gone when it answers to a second viewer.
    let play = PlayOptions::default()
        .initial_timestamp(InitialTimestampPolicy::Permissive)
        .initial_seq(InitialSequenceNumberPolicy::Ignore);
    let playing = session.play(play).await.map_err(failed)?;
    let demuxed = playing.demuxed().map_err(failed)?;
    Ok(Session { demuxed, followed, with_credentials, publisher: None, clock: SystemClock })
}

/// The streams to follow: the first video of a codec we carry, then the first such audio.
fn choose(session: &Rtsp<Described>) -> Result<Vec<usize>, Failure> {
    let find = |media: &str, encodings: &[&str]| {
        session.streams().iter().position(|stream| {
            stream.media() == media && encodings.contains(&stream.encoding_name())
        })
    };
    let Some(video) = find("video", &["h264"]) else {
        let other = session.streams().iter().find(|stream| stream.media() == "video");
        return Err(other.map_or_else(
            || Failure::new(Kind::NoVideo),
            |stream| Failure::new(Kind::CodecUnsupported).with("codec", stream.encoding_name()),
        ));
    };
    let audio = find("audio", &["mpeg4-generic"]).filter(|index| {
        session.streams().get(*index).is_some_and(|stream| stream.parameters().is_some())
    });
    Ok(std::iter::once(video).chain(audio).collect())
}

impl Session {
    /// Takes the next item and publishes what it holds. Not cancel-safe within an item, but an item
    /// is taken whole: between items it may be dropped or awaited again.
    pub(crate) async fn step(
        &mut self,
        spec: &SourceSpec,
        hub: &Hub,
        metrics: &Metrics,
    ) -> Result<Step, Failure> {
        match self.demuxed.next().await {
            None => Err(Failure::new(Kind::StreamEnded)),
            Some(Err(error)) => Err(Failure::from_rtsp(&error, self.with_credentials)),
            Some(Ok(CodecItem::VideoFrame(frame))) => {
                let incoming = Incoming {
                    stream: frame.stream_id(),
                    pts: Ticks(frame.timestamp().elapsed()),
                    key: frame.is_random_access_point(),
                    lost: frame.loss(),
                    new_parameters: frame.has_new_parameters(),
                    data: Bytes::from(frame.into_data()),
                };
                self.on_video(incoming, spec, hub, metrics)
            }
            Some(Ok(CodecItem::AudioFrame(frame))) => {
                let incoming = Incoming {
                    stream: frame.stream_id(),
                    pts: Ticks(frame.timestamp().elapsed()),
                    key: true,
                    lost: frame.loss(),
                    new_parameters: false,
                    data: Bytes::copy_from_slice(frame.data()),
                };
                self.push(incoming, spec, metrics);
                Ok(Step::Other)
            }
            Some(Ok(_)) => Ok(Step::Other),
        }
    }

    fn on_video(
        &mut self,
        frame: Incoming,
        spec: &SourceSpec,
        hub: &Hub,
        metrics: &Metrics,
    ) -> Result<Step, Failure> {
        let (bytes, key) = (frame.data.len(), frame.key);
        if self.publisher.is_none() {
            if !key {
                return Ok(Step::Other);
            }
            let Some(tracks) = self.tracks()? else { return Ok(Step::Other) };
            let taken =
                |error: hub::PathTaken| Failure::new(Kind::ProtocolError).with("detail", error);
            self.expect_order_of(&tracks);
            self.publisher = Some(hub.publish(&spec.path, tracks).map_err(taken)?);
        } else if frame.new_parameters
            && let (Some(tracks), Some(publisher)) = (self.tracks()?, &self.publisher)
        {
            tracing::info!(camera = %spec.camera, stream = %spec.name, "codec parameters changed");
            publisher.describe(tracks.clone());
            self.expect_order_of(&tracks);
        }
        self.push(frame, spec, metrics);
        Ok(Step::Picture { bytes, key })
    }

    /// Tells each track's timeline how far its pictures are reordered.
    fn expect_order_of(&mut self, tracks: &Tracks) {
        for track in tracks.all() {
            let picture = track.parameters.frame_rate().map(|(scale, ticks)| {
                let micros = i64::from(ticks) * 1_000_000 / i64::from(scale.max(1));
                track.timescale.from_micros(micros)
            });
            let depth = track.parameters.reorder_depth().unwrap_or(0);
            let of_track = |followed: &&mut Followed| followed.id == track.id;
            if let Some(followed) = self.followed.iter_mut().flatten().find(of_track) {
                followed.timeline.expect(depth, picture);
            }
        }
    }

    /// Publishes a unit, once there is a publisher.
    fn push(&mut self, unit: Incoming, spec: &SourceSpec, metrics: &Metrics) {
        if unit.lost > 0 {
            let camera = [spec.camera.as_str()];
            metrics.lost_packets.with_label_values(&camera).inc_by(u64::from(unit.lost));
        }
        let Some(publisher) = &self.publisher else { return };
        let Some(Some(followed)) = self.followed.get_mut(unit.stream) else { return };
        let (id, scale) = (followed.id, followed.scale);
        let dts = match followed.timeline.place(unit.pts, scale) {
            Placed::At(dts) => dts,
            Placed::Jumped => {
                metrics.clock_jumps.with_label_values(&[spec.camera.as_str()]).inc();
                tracing::warn!(camera = %spec.camera, stream = %spec.name, "camera clock jumped");
                if let Some(tracks) = hub_tracks(&self.demuxed, &self.followed).ok().flatten() {
                    publisher.describe(tracks);
                }
                for other in self.followed.iter_mut().flatten() {
                    other.timeline.restart();
                }
                unit.pts
            }
        };
        publisher.push(AccessUnit {
            track: id,
            dts,
            pts: unit.pts,
            key: unit.key,
            data: unit.data,
            lost_packets: unit.lost,
            arrived: self.clock.mono(),
            arrived_wall: self.clock.wall(),
        });
    }

    fn tracks(&self) -> Result<Option<Tracks>, Failure> {
        hub_tracks(&self.demuxed, &self.followed)
    }

    /// The description that is published now.
    pub(crate) fn published(&self) -> Option<Tracks> {
        self.publisher.as_ref().and_then(|_| self.tracks().ok().flatten())
    }

    /// True while a key-frame group does not fit the ring.
    pub(crate) fn long_gop(&self) -> bool {
        self.publisher.as_ref().is_some_and(Publisher::long_gop)
    }
}

/// One frame on its way.
struct Incoming {
    stream: usize,
    pts: Ticks,
    key: bool,
    lost: u16,
    new_parameters: bool,
    data: Bytes,
}

/// What the session carries, once the camera has said its parameters.
fn hub_tracks(demuxed: &Demuxed, followed: &[Option<Followed>]) -> Result<Option<Tracks>, Failure> {
    let mut tracks = Vec::new();
    for (stream, followed) in demuxed.streams().iter().zip(followed) {
        let Some(followed) = followed else { continue };
        let Some(parameters) = stream.parameters() else { return Ok(None) };
        let parameters = match parameters {
            ParametersRef::Video(video) => {
                Parameters::H264(H264Parameters::from_avcc(video.extra_data()).map_err(unreadable)?)
            }
            ParametersRef::Audio(audio) => {
                Parameters::Aac(AacParameters::from_config(audio.extra_data()).map_err(unreadable)?)
            }
            ParametersRef::Message(_) => continue,
        };
        tracks.push(Track { id: followed.id, timescale: followed.scale, parameters });
    }
    tracks.sort_by_key(|track| track.id);
    Ok(Some(Tracks::new(tracks)))
}

fn unreadable(error: impl ToString) -> Failure {
    Failure::new(Kind::ProtocolError).with("detail", error)
}
