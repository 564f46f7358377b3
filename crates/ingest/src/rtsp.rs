//! One session with an RTSP camera: opened, its frames turned into access units, published.
//!
//! The protocol is retina's. Runs inside the source's task; dropping it tears the session down.

use base::Wall;
use base::outgoing::Outgoing;
use bytes::Bytes;
use futures::StreamExt;
use media::audio::{AacParameters, G711Parameters, Law};
use media::h264::H264Parameters;
use media::h265::H265Parameters;
use media::jpeg::JpegParameters;
use media::{Parameters, Ticks, Timescale, Track, TrackId, Tracks};
use retina::client::{
    Credentials, Demuxed, Described, InitialSequenceNumberPolicy, InitialTimestampPolicy,
    PlayOptions, Session as Rtsp, SessionOptions, SetupOptions, Stream, TcpTransportOptions,
    UdpTransportOptions,
};
use retina::codec::{
    AudioFrame, CodecItem, FrameFormat, ParametersRef, VideoFrame, VideoParametersCodec,
};

use crate::address;
use crate::failure::{Failure, Kind};
use crate::outlet::{Incoming, Outlet, Step};
use crate::session::Rules;
use crate::source::{Client, SourceSpec, Transport};

/// Codecs that this client unpacks, by their names in a session description.
const VIDEO: [&str; 3] = ["h264", "h265", "jpeg"];
const AUDIO: [&str; 3] = ["mpeg4-generic", "pcma", "pcmu"];
/// Codecs that vedette carries, but this client does not unpack.
const AUDIO_OF_OTHERS: [&str; 1] = ["opus"];

/// A session that plays. It publishes from the first key frame on.
pub(crate) struct Session {
    demuxed: Demuxed,
    /// By the camera's stream number: what we follow of it.
    followed: Vec<Option<Followed>>,
    /// For the texts of failures.
    with_credentials: bool,
    may_change_client: bool,
    outlet: Outlet,
}

#[derive(Clone, Copy)]
struct Followed {
    id: TrackId,
    scale: Timescale,
    is_h265: bool,
}

/// Connects and asks for the camera's video and audio. Every step together keeps to the limit.
pub(crate) async fn open(
    spec: &SourceSpec,
    outlet: Outlet,
    rules: &Rules,
) -> Result<Session, Failure> {
    if spec.url.scheme() != "rtsp" {
        return Err(Failure::new(Kind::ClientUnsupported).with("path", spec.url.scheme()));
    }
    let timeout = || Failure::new(Kind::Timeout).with("seconds", rules.limit.as_secs());
    let connecting = connect(spec, outlet, &rules.outgoing);
    let failure = match tokio::time::timeout(rules.limit, connecting).await {
        Ok(Ok(session)) => return Ok(session),
        Ok(Err(failure)) => failure,
        Err(_) => timeout(),
    };
    Err(failure.of(&spec.url))
}

/// Asks the first of the host's addresses that takes a connection. The client gets no name, which it
/// would look up again, and it follows no redirect.
async fn describe(spec: &SourceSpec, outgoing: &Outgoing) -> Result<Rtsp<Described>, Failure> {
    let with_credentials = !spec.username.is_empty();
    let mut failure = Failure::new(Kind::NameUnknown);
    for host in address::checked(&spec.url, outgoing).await? {
        let credentials = with_credentials.then(|| Credentials {
            username: spec.username.clone(),
            password: spec.password.reveal().to_owned(),
        });
        let options = SessionOptions::default().creds(credentials).user_agent("vedette".to_owned());
        failure = match Rtsp::describe(address::with_host(&spec.url, host), options).await {
            Ok(session) => return Ok(session),
            Err(error) => Failure::from_rtsp(&error, with_credentials),
        };
        if !matches!(failure.kind, Kind::Refused | Kind::Unreachable) {
            break;
        }
    }
    Err(failure)
}

async fn connect(
    spec: &SourceSpec,
    outlet: Outlet,
    outgoing: &Outgoing,
) -> Result<Session, Failure> {
    let with_credentials = !spec.username.is_empty();
    let failed = |error: retina::Error| Failure::from_rtsp(&error, with_credentials);
    let mut session = describe(spec, outgoing).await?;
    let chosen = choose(&session, spec.client)?;
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
        let is_h265 = session.streams().get(stream).is_some_and(|s| s.encoding_name() == "h265");
        if let Some(slot) = followed.get_mut(stream) {
            *slot = Some(Followed { id, scale: Timescale::new(hz), is_h265 });
        }
    }
    // GStreamer's server tells the number of a packet that is gone when it answers to a second viewer.
    let play = PlayOptions::default()
        .initial_timestamp(InitialTimestampPolicy::Permissive)
        .initial_seq(InitialSequenceNumberPolicy::Ignore);
    let playing = session.play(play).await.map_err(failed)?;
    let demuxed = playing.demuxed().map_err(failed)?;
    let may_change_client = spec.client == Client::Auto;
    Ok(Session { demuxed, followed, with_credentials, may_change_client, outlet })
}

/// The streams to follow: the first video of a codec we carry, then the first such audio.
fn choose(session: &Rtsp<Described>, client: Client) -> Result<Vec<usize>, Failure> {
    let find = |media: &[&str], encodings: &[&str]| {
        session.streams().iter().position(|stream| {
            media.contains(&stream.media()) && encodings.contains(&stream.encoding_name())
        })
    };
    let unsupported = |codec: &str| Err(Failure::new(Kind::CodecUnsupported).with("codec", codec));
    let Some(video) = find(&["video", "image"], &VIDEO) else {
        let other = session.streams().iter().find(|stream| stream.media() == "video");
        return other.map_or_else(
            || Err(Failure::new(Kind::NoVideo)),
            |stream| unsupported(stream.encoding_name()),
        );
    };
    let audio = find(&["audio"], &AUDIO).filter(|index| {
        session.streams().get(*index).is_some_and(|stream| stream.parameters().is_some())
    });
    // Where another client may be tried, sound is not given up.
    if audio.is_none() && client == Client::Auto && find(&["audio"], &AUDIO_OF_OTHERS).is_some() {
        return unsupported("opus");
    }
    Ok(std::iter::once(video).chain(audio).collect())
}

impl Session {
    pub(crate) const fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// Takes the next item and publishes what it holds. Not cancel-safe within an item, but an item
    /// is taken whole: between items it may be dropped or awaited again.
    pub(crate) async fn step(&mut self) -> Result<Step, Failure> {
        match self.demuxed.next().await {
            None => Err(Failure::new(Kind::StreamEnded)),
            Some(Err(error)) => Err(Failure::from_rtsp(&error, self.with_credentials)),
            Some(Ok(CodecItem::VideoFrame(frame))) => self.on_video(frame),
            Some(Ok(CodecItem::AudioFrame(frame))) => Ok(self.on_audio(&frame)),
            Some(Ok(CodecItem::Rtcp(packets))) => {
                let reports = packets.pkts().filter_map(|packet| packet.as_sender_report().ok()?);
                for report in reports {
                    self.outlet.sender_report(wall_of(report.ntp_timestamp().0));
                }
                Ok(Step::Other)
            }
            Some(Ok(_)) => Ok(Step::Other),
        }
    }

    fn on_video(&mut self, frame: VideoFrame) -> Result<Step, Failure> {
        let Some(Some(followed)) = self.followed.get(frame.stream_id()).copied() else {
            return Ok(Step::Other);
        };
        // The client counts only IDR pictures; H.265 encoders with open groups send CRA pictures.
        let key = frame.is_random_access_point()
            || (followed.is_h265 && media::h265::nal::is_irap(frame.data()));
        if !self.outlet.is_open() && !key {
            return Ok(Step::Early);
        }
        if !self.outlet.is_open() || frame.has_new_parameters() {
            match self.tracks()? {
                Some(tracks) => {
                    self.refuse_several_sets(&tracks, key)?;
                    self.outlet.describe(tracks)?;
                }
                None if self.outlet.is_open() => {}
                None => return Ok(Step::Early),
            }
        }
        Ok(self.outlet.push(Incoming {
            track: followed.id,
            pts: Ticks(frame.timestamp().elapsed()),
            dts: None,
            key,
            lost: frame.loss(),
            data: Bytes::from(frame.into_data()),
        }))
    }

    /// The client strips all parameter sets but the last of each kind. A change that is none of the
    /// picture's, or does not come with a key frame, tells of a stream that uses several at once: where
    /// another client may be tried, it is.
    fn refuse_several_sets(&self, new: &Tracks, key: bool) -> Result<(), Failure> {
        let parameters = |tracks: &Tracks| tracks.video().map(|track| track.parameters.clone());
        let old = self.outlet.tracks().and_then(parameters);
        let same_sps = match (old, parameters(new)) {
            (Some(Parameters::H264(old)), Some(Parameters::H264(new))) => old.sps() == new.sps(),
            (Some(Parameters::H265(old)), Some(Parameters::H265(new))) => old.sps() == new.sps(),
            _ => return Ok(()),
        };
        let changed = self.outlet.tracks() != Some(new);
        if self.may_change_client && changed && (same_sps || !key) {
            return Err(Failure::new(Kind::ParameterSets));
        }
        Ok(())
    }

    fn on_audio(&mut self, frame: &AudioFrame) -> Step {
        let Some(Some(followed)) = self.followed.get(frame.stream_id()) else {
            return Step::Other;
        };
        let pts = Ticks(frame.timestamp().elapsed());
        self.outlet.push(Incoming {
            track: followed.id,
            pts,
            dts: Some(pts),
            key: true,
            lost: frame.loss(),
            data: Bytes::copy_from_slice(frame.data()),
        })
    }

    /// What the session carries, once the camera has said its parameters.
    fn tracks(&self) -> Result<Option<Tracks>, Failure> {
        let mut tracks = Vec::new();
        for (stream, followed) in self.demuxed.streams().iter().zip(&self.followed) {
            let Some(Followed { id, scale, .. }) = *followed else { continue };
            let Some(parameters) = parameters(stream)? else { return Ok(None) };
            tracks.push(Track { id, timescale: scale, parameters });
        }
        tracks.sort_by_key(|track| track.id);
        Ok(Some(Tracks::new(tracks)))
    }
}

fn parameters(stream: &Stream) -> Result<Option<Parameters>, Failure> {
    Ok(Some(match stream.parameters() {
        Some(ParametersRef::Video(video)) => match video.codec_params() {
            VideoParametersCodec::H264 { sps, pps } => {
                Parameters::H264(H264Parameters::from_sets(sps, pps).map_err(unreadable)?)
            }
            VideoParametersCodec::H265 { vps, sps, pps } => {
                Parameters::H265(H265Parameters::from_sets(vps, sps, pps).map_err(unreadable)?)
            }
            VideoParametersCodec::Jpeg => Parameters::Mjpeg(jpeg(video.pixel_dimensions())?),
            _ => return Err(Failure::new(Kind::CodecUnsupported)),
        },
        Some(ParametersRef::Audio(audio)) => match stream.encoding_name() {
            "pcma" => g711(Law::A, audio.clock_rate(), audio.channels().get()),
            "pcmu" => g711(Law::Mu, audio.clock_rate(), audio.channels().get()),
            _ => {
                Parameters::Aac(AacParameters::from_config(audio.extra_data()).map_err(unreadable)?)
            }
        },
        _ => return Ok(None),
    }))
}

/// Seconds from the beginning of NTP's time to that of the wall clock (RFC 868).
const NTP_TO_UNIX_SECONDS: i64 = 2_208_988_800;

/// Wall time of an NTP timestamp: seconds since 1900 and their 2^32nd parts (RFC 3550 section 4).
fn wall_of(ntp: u64) -> Wall {
    let (seconds, fraction) = (ntp >> 32, ntp & 0xffff_ffff);
    let micros = i64::try_from((fraction * 1_000_000) >> 32).unwrap_or(0);
    let seconds = i64::try_from(seconds).unwrap_or(0) - NTP_TO_UNIX_SECONDS;
    Wall::from_micros(seconds * 1_000_000 + micros)
}

fn g711(law: Law, sample_rate: u32, channels: u16) -> Parameters {
    let channels = u8::try_from(channels).unwrap_or(1);
    Parameters::G711(G711Parameters { law, sample_rate, channels })
}

fn jpeg((width, height): (u32, u32)) -> Result<JpegParameters, Failure> {
    let size = |pixels| u16::try_from(pixels).map_err(unreadable);
    Ok(JpegParameters { width: size(width)?, height: size(height)? })
}

fn unreadable(error: impl ToString) -> Failure {
    Failure::new(Kind::ProtocolError).with("detail", error)
}
