//! An RTSP player over one TCP connection: DESCRIBE, SETUP of every track, PLAY, TEARDOWN.

use std::time::Duration;

use anyhow::Context;
use base::{Clock, SystemClock};
use bytes::Buf;
use reqwest::Url;
use rtsp_types::{Method, headers};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::picture::{Codec, Gathering, rtp};
use super::{Behaviour, Leave, Visit};
use crate::client::{Connection, joined};

/// An answer must come in this time.
const ANSWER: Duration = Duration::from_secs(15);
const TRACKS_MAX: usize = 8;
/// Servers end sessions that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(25);
/// The kernel holds back little for one that reads slowly.
const SMALL_BUFFER: u32 = 16 << 10;

/// Plays until it is time to leave.
pub(super) async fn watch(url: &str, visit: &mut Visit, leave: Leave) -> anyhow::Result<()> {
    let is_good = matches!(visit.behaviour(), Behaviour::Good | Behaviour::Vanish);
    let connection = Connection::open(url, (!is_good).then_some(SMALL_BUFFER)).await?;
    let mut player = Player { connection, pictures: None };
    let result = tokio::select! {
        result = player.play(visit) => result,
        () = leave.due() => Ok(()),
    };
    if visit.behaviour() == Behaviour::Vanish {
        // Without a word: no TEARDOWN, and what is under way is thrown away.
        player.connection.stream.set_zero_linger()?;
        return result;
    }
    if result.is_ok() {
        player.connection.tear_down().await;
    }
    result
}

struct Player {
    connection: Connection,
    /// Of the pictures: the channel, and how they are encoded.
    pictures: Option<(u8, Codec)>,
}

impl Player {
    async fn play(&mut self, visit: &mut Visit) -> anyhow::Result<()> {
        timeout(ANSWER, self.begin()).await.context("no answer in time")??;
        let (channel, codec) = self.pictures.context("no pictures that are known")?;
        let mut gathering = Gathering::new(codec);
        let mut pace = Pace { since: Instant::now(), good_bytes: 0.0, good_secs: 0.0, last: 0.0 };
        let mut keep_alive = interval(KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        keep_alive.tick().await;
        let connection = &mut self.connection;
        loop {
            while let Some(at) = connection.packet()? {
                let payload = connection.buffer.get(at.from..at.end).unwrap_or_default();
                if at.channel == channel
                    && let Some((marker, _, payload)) = rtp(payload)
                    && let Some(picture) = gathering.packet(marker, payload)
                {
                    visit.picture(SystemClock.wall(), picture);
                }
                connection.buffer.advance(at.end);
            }
            if visit.misbehaves() {
                dawdle(visit.behaviour(), pace.rest()).await;
            }
            // Reading and the ticks of an interval are both cancel-safe.
            tokio::select! {
                read = connection.more() => {
                    let count = read?;
                    visit.bytes(count);
                    pace.read(count, !visit.misbehaves());
                }
                _ = keep_alive.tick() => {
                    connection.ask(Method::GetParameter, connection.url.clone(), &[]).await?;
                }
            }
        }
    }

    async fn begin(&mut self) -> anyhow::Result<()> {
        let connection = &mut self.connection;
        let accept = [(headers::ACCEPT, "application/sdp".to_owned())];
        connection.ask(Method::Describe, connection.url.clone(), &accept).await?;
        let response = connection.answer().await?;
        let base = response.header(&headers::CONTENT_BASE).map(headers::HeaderValue::as_str);
        let base =
            base.and_then(|base| Url::parse(base).ok()).unwrap_or_else(|| connection.url.clone());
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
            connection.ask(Method::Setup, joined(&base, control)?, &header).await?;
            connection.answer().await?;
        }
        connection.ask(Method::Play, base, &[(headers::RANGE, "npt=0.000-".to_owned())]).await?;
        connection.answer().await?;
        Ok(())
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

fn codec_of(map: &str) -> Option<Codec> {
    match map.split_whitespace().nth(1)?.split('/').next()? {
        "H264" => Some(Codec::H264),
        "H265" => Some(Codec::H265),
        _ => None,
    }
}
