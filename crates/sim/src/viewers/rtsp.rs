//! An RTSP player over one TCP connection: DESCRIBE, SETUP of every track, PLAY, TEARDOWN.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use base::{Clock, SystemClock};
use bytes::{Buf, BytesMut};
use reqwest::Url;
use rtsp_types::{Message, Method, Request, Response, StatusCode, Version, headers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::picture::{Codec, Gathering, rtp};
use super::{Behaviour, Leave, Visit};

/// An answer must come in this time.
const ANSWER: Duration = Duration::from_secs(15);
const MESSAGE_MAX: usize = 256 << 10;
const TRACKS_MAX: usize = 8;
/// Servers end sessions that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(25);
/// The kernel holds back little for one that reads slowly.
const SMALL_BUFFER: u32 = 16 << 10;

/// Plays until it is time to leave.
pub(super) async fn watch(url: &str, visit: &mut Visit, leave: Leave) -> anyhow::Result<()> {
    let mut player = Player::open(url, visit.behaviour()).await?;
    let result = tokio::select! {
        result = player.play(visit) => result,
        () = leave.due() => Ok(()),
    };
    if visit.behaviour() == Behaviour::Vanish {
        // Without a word: no TEARDOWN, and what is under way is thrown away.
        player.stream.set_zero_linger()?;
        return result;
    }
    if result.is_ok() {
        player.tear_down().await;
    }
    result
}

struct Player {
    stream: TcpStream,
    buffer: BytesMut,
    url: Url,
    session: Option<String>,
    /// Basic credentials, when the address has some.
    authorization: Option<String>,
    sequence: u32,
    /// Of the pictures: the channel, and how they are encoded.
    pictures: Option<(u8, Codec)>,
}

impl Player {
    async fn open(text: &str, behaviour: Behaviour) -> anyhow::Result<Self> {
        let mut url = Url::parse(text).context("an address")?;
        let authorization = credentials(&mut url);
        let host = url.host_str().context("a host")?.trim_matches(['[', ']']).to_owned();
        let port = url.port().unwrap_or(554);
        let to = lookup_host((host, port)).await?.next().context("no such host")?;
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if matches!(behaviour, Behaviour::Stall | Behaviour::Slow) {
            socket.set_recv_buffer_size(SMALL_BUFFER)?;
        }
        let stream = socket.connect(to).await.context("not reached")?;
        stream.set_nodelay(true)?;
        let buffer = BytesMut::with_capacity(16 << 10);
        Ok(Self { stream, buffer, url, session: None, authorization, sequence: 0, pictures: None })
    }

    async fn play(&mut self, visit: &mut Visit) -> anyhow::Result<()> {
        timeout(ANSWER, self.begin()).await.context("no answer in time")??;
        let (channel, codec) = self.pictures.context("no pictures that are known")?;
        let mut gathering = Gathering::new(codec);
        let mut pace = Pace { since: Instant::now(), good_bytes: 0.0, good_secs: 0.0, last: 0.0 };
        let mut keep_alive = interval(KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        keep_alive.tick().await;
        loop {
            while let Some(at) = self.packet()? {
                let payload = self.buffer.get(at.from..at.end).unwrap_or_default();
                if at.channel == channel
                    && let Some((marker, _, payload)) = rtp(payload)
                    && let Some(picture) = gathering.packet(marker, payload)
                {
                    visit.picture(SystemClock.wall(), picture);
                }
                self.buffer.advance(at.end);
            }
            if visit.misbehaves() {
                dawdle(visit.behaviour(), pace.rest()).await;
            }
            // Reading and the ticks of an interval are both cancel-safe.
            tokio::select! {
                read = self.stream.read_buf(&mut self.buffer) => {
                    let count = read?;
                    ensure!(count > 0, "closed by the server");
                    visit.bytes(count);
                    pace.read(count, !visit.misbehaves());
                }
                _ = keep_alive.tick() => self.ask(Method::GetParameter, self.url.clone(), &[]).await?,
            }
            self.buffer.reserve(4 << 10);
        }
    }

    async fn begin(&mut self) -> anyhow::Result<()> {
        let accept = [(headers::ACCEPT, "application/sdp".to_owned())];
        self.ask(Method::Describe, self.url.clone(), &accept).await?;
        let response = self.answer().await?;
        let base = response.header(&headers::CONTENT_BASE).map(headers::HeaderValue::as_str);
        let base = base.and_then(|base| Url::parse(base).ok()).unwrap_or_else(|| self.url.clone());
        let description = sdp_types::Session::parse(response.body()).context("a description")?;
        for (index, media) in description.medias.iter().take(TRACKS_MAX).enumerate() {
            let control = media.get_first_attribute_value("control").ok().flatten().unwrap_or("");
            let channel = u8::try_from(index * 2).unwrap_or(0);
            let codec = media
                .attributes
                .iter()
                .filter(|attribute| attribute.attribute == "rtpmap")
                .find_map(|attribute| codec_of(attribute.value.as_deref()?));
            self.pictures = self.pictures.or(codec.map(|codec| (channel, codec)));
            let transport = format!("RTP/AVP/TCP;unicast;interleaved={channel}-{}", channel + 1);
            let header = [(headers::TRANSPORT, transport)];
            self.ask(Method::Setup, joined(&base, control)?, &header).await?;
            let response = self.answer().await?;
            let session = response.header(&headers::SESSION).map(headers::HeaderValue::as_str);
            let session = session.and_then(|session| session.split(';').next());
            self.session = Some(session.context("no session in the answer")?.to_owned());
        }
        self.ask(Method::Play, base, &[(headers::RANGE, "npt=0.000-".to_owned())]).await?;
        self.answer().await?;
        Ok(())
    }

    async fn ask(
        &mut self,
        method: Method,
        url: Url,
        more: &[(headers::HeaderName, String)],
    ) -> anyhow::Result<()> {
        self.sequence += 1;
        let mut request = Request::builder(method, Version::V1_0)
            .request_uri(url)
            .header(headers::CSEQ, self.sequence.to_string());
        for (name, value) in more {
            request = request.header(name.clone(), value.clone());
        }
        if let Some(session) = &self.session {
            request = request.header(headers::SESSION, session.clone());
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(headers::AUTHORIZATION, authorization.clone());
        }
        let mut bytes = Vec::new();
        request.empty().write(&mut bytes)?;
        Ok(self.stream.write_all(&bytes).await?)
    }

    /// The next answer; packets before it are left out.
    async fn answer(&mut self) -> anyhow::Result<Response<Vec<u8>>> {
        loop {
            if self.buffer.first() == Some(&b'$') {
                if let Some(at) = interleaved(&self.buffer) {
                    self.buffer.advance(at.end);
                    continue;
                }
            } else if let Some(message) = take_message(&mut self.buffer)? {
                let Message::Response(response) = message else { continue };
                let status = response.status();
                ensure!(status == StatusCode::Ok, "answered {}", u16::from(status));
                return Ok(response);
            }
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "closed by the server");
        }
    }

    /// The next packet that is whole, answers left out.
    fn packet(&mut self) -> anyhow::Result<Option<Interleaved>> {
        loop {
            match self.buffer.first() {
                None => return Ok(None),
                Some(b'$') => return Ok(interleaved(&self.buffer)),
                Some(_) => match take_message(&mut self.buffer)? {
                    None => return Ok(None),
                    Some(Message::Response(response)) => {
                        let status = response.status();
                        ensure!(status == StatusCode::Ok, "answered {}", u16::from(status));
                    }
                    Some(_) => {}
                },
            }
        }
    }

    async fn tear_down(&mut self) {
        let farewell = async {
            self.ask(Method::Teardown, self.url.clone(), &[]).await?;
            self.answer().await
        };
        // Whoever does not answer is left too.
        let _ = timeout(Duration::from_secs(2), farewell).await;
    }
}

/// Stops reading, or rests before the next read.
async fn dawdle(behaviour: Behaviour, rest: Duration) {
    match behaviour {
        Behaviour::Stall => std::future::pending().await,
        _ => sleep(rest).await,
    }
}

/// How fast bytes came while all of them were taken.
struct Pace {
    since: Instant,
    good_bytes: f64,
    good_secs: f64,
    /// Bytes of the last read.
    last: f64,
}

impl Pace {
    fn read(&mut self, count: usize, is_good: bool) {
        self.last = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        if is_good {
            self.good_bytes += self.last;
            self.good_secs = self.since.elapsed().as_secs_f64();
        }
    }

    /// After which the last read was one at a tenth of the pace.
    fn rest(&self) -> Duration {
        let per_sec = self.good_bytes.max(1.0) / self.good_secs.max(0.01);
        Duration::from_secs_f64((self.last * 10.0 / per_sec).clamp(0.001, 10.0))
    }
}

/// Where a packet lies in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interleaved {
    channel: u8,
    from: usize,
    end: usize,
}

/// The packet with which a buffer begins, once it is whole (RFC 2326 section 10.12).
fn interleaved(buffer: &[u8]) -> Option<Interleaved> {
    let [_, channel, high, low] = *buffer.first_chunk::<4>()?;
    let end = 4 + usize::from(u16::from_be_bytes([high, low]));
    (buffer.len() >= end).then_some(Interleaved { channel, from: 4, end })
}

fn take_message(buffer: &mut BytesMut) -> anyhow::Result<Option<Message<Vec<u8>>>> {
    match Message::parse(&**buffer) {
        Ok((message, len)) => {
            buffer.advance(len);
            Ok(Some(message))
        }
        Err(rtsp_types::ParseError::Incomplete(_)) if buffer.len() < MESSAGE_MAX => Ok(None),
        Err(_) => bail!("not RTSP"),
    }
}

fn codec_of(map: &str) -> Option<Codec> {
    match map.split_whitespace().nth(1)?.split('/').next()? {
        "H264" => Some(Codec::H264),
        "H265" => Some(Codec::H265),
        _ => None,
    }
}

/// A track's address: absolute, or after the base's own path (RFC 2326 section C.1.1).
fn joined(base: &Url, control: &str) -> anyhow::Result<Url> {
    if control.is_empty() || control == "*" {
        return Ok(base.clone());
    }
    if let Ok(url) = Url::parse(control) {
        return Ok(url);
    }
    let text = base.as_str().trim_end_matches('/');
    Ok(Url::parse(&format!("{text}/{control}"))?)
}

/// Takes user and password out of an address.
fn credentials(url: &mut Url) -> Option<String> {
    let (user, password) = (url.username().to_owned(), url.password().unwrap_or("").to_owned());
    // An address without a host has neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let pair = format!("{user}:{password}");
    let basic = base64_simd::STANDARD.encode_to_string(pair);
    (!user.is_empty()).then(|| format!("Basic {basic}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_track_is_asked_for_behind_the_base() {
        let base = Url::parse("rtsp://h:1/cam1/").expect("an address");
        let text = |control| joined(&base, control).expect("an address").to_string();
        assert_eq!(text("trackID=0"), "rtsp://h:1/cam1/trackID=0");
        assert_eq!(text("rtsp://h:1/x/1"), "rtsp://h:1/x/1");
        assert_eq!(text("*"), "rtsp://h:1/cam1/");
    }

    #[test]
    fn credentials_are_not_left_in_the_address() {
        let mut url = Url::parse("rtsp://ann:secret@h/cam1").expect("an address");
        assert_eq!(credentials(&mut url).as_deref(), Some("Basic YW5uOnNlY3JldA=="));
        assert_eq!(url.as_str(), "rtsp://h/cam1");
        assert_eq!(credentials(&mut url), None);
    }

    proptest! {
        #[test]
        fn a_packet_lies_within_its_buffer(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(at) = interleaved(&bytes) {
                prop_assert!(bytes.get(at.from..at.end).is_some());
            }
            let _ = take_message(&mut BytesMut::from(&bytes[..]));
        }
    }
}
