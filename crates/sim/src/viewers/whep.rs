//! A WebRTC player by WHEP: offer and answer over HTTP, then packets on a UDP socket of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base::{Clock, SystemClock};
use reqwest::Url;
use str0m::change::SdpAnswer;
use str0m::crypto::{CryptoProvider, dtls::DtlsCert, from_feature_flags};
use str0m::format::Codec as RtcCodec;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::{sleep, sleep_until, timeout};

use super::http::{body, without_address};
use super::order::Order;
use super::picture::{Codec, Gathering};
use super::{Behaviour, Leave, Visit};

const ANSWER: Duration = Duration::from_secs(15);
/// Media must have come in this time.
const MEDIA: Duration = Duration::from_secs(15);
/// A datagram of media is an Ethernet frame at most.
const DATAGRAM_MAX: usize = 2_000;
/// Between two datagrams of one that is slow: a stream of 512 kbit/s has one each 13 ms.
const SLOW: Duration = Duration::from_millis(130);

/// One certificate for all: making one costs more than all else that a viewer does.
pub(super) struct Certificate {
    provider: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

impl Certificate {
    pub(super) fn new() -> anyhow::Result<Self> {
        let provider = from_feature_flags();
        let certificate = provider.dtls_provider.generate_certificate();
        let certificate = certificate.context("a certificate")?;
        Ok(Self { provider: Arc::new(provider), certificate })
    }
}

/// Plays until it is time to leave.
pub(super) async fn watch(url: &str, visit: &mut Visit, leave: Leave) -> anyhow::Result<()> {
    let url = Url::parse(url).context("an address")?;
    let (mut player, session) = timeout(ANSWER, Box::pin(Player::open(&url, visit)))
        .await
        .context("no answer in time")??;
    let result = tokio::select! {
        result = Box::pin(player.play(visit)) => result,
        () = leave.due() => Ok(()),
    };
    if visit.behaviour() != Behaviour::Vanish
        && let Some(session) = session
    {
        // Best effort: who does not answer is left too.
        let _ = visit.shared.http.delete(session).send().await;
    }
    result
}

struct Player {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    order: Order<RtpPacket>,
    gathering: Option<Gathering>,
    /// Where packets are read to.
    buffer: Vec<u8>,
}

impl Player {
    /// The player, and the address of its session.
    async fn open(url: &Url, visit: &Visit) -> anyhow::Result<(Self, Option<Url>)> {
        let host = url.host_str().context("a host")?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let to = lookup_host((host, port)).await?.next().context("no such host")?;
        let socket = UdpSocket::bind((local_ip(to).await?, 0)).await?;
        let local = socket.local_addr()?;
        let shared = &visit.shared;
        let mut rtc = RtcConfig::new()
            .set_crypto_provider(Arc::clone(&shared.certificate.provider))
            .set_dtls_cert(shared.certificate.certificate.clone())
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_h264(true)
            .enable_h265(true)
            .build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        let mut change = rtc.sdp_api();
        change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = change.apply().context("an offer")?;
        let request = shared.http.post(url.clone()).header("Content-Type", "application/sdp");
        let response = request.body(offer.to_sdp_string()).send().await.map_err(without_address)?;
        let location = response.headers().get("Location").and_then(|text| text.to_str().ok());
        let session = location.and_then(|location| response.url().join(location).ok());
        let answer = body(response).await.context("WHEP")?;
        let answer = std::str::from_utf8(&answer).context("an answer in UTF-8")?;
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(answer)?)?;
        let (order, buffer) = (Order::default(), vec![0; DATAGRAM_MAX]);
        Ok((Self { rtc, socket, local, order, gathering: None, buffer }, session))
    }

    async fn play(&mut self, visit: &mut Visit) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let due = self.drain(visit).await?;
            ensure!(self.rtc.is_alive(), "ended by the server");
            ensure!(visit.sight.shows() || began.elapsed() < MEDIA, "no picture came");
            match visit.behaviour() {
                Behaviour::Stall if visit.misbehaves() => std::future::pending().await,
                Behaviour::Slow if visit.misbehaves() => sleep(SLOW).await,
                _ => {}
            }
            // Both are cancel-safe.
            let received = tokio::select! {
                received = self.socket.recv_from(&mut self.buffer) => Some(received?),
                () = sleep_until(due.into()) => None,
            };
            let Some((len, source)) = received else {
                self.rtc.handle_input(Input::Timeout(Instant::now()))?;
                continue;
            };
            let bytes = self.buffer.get(..len).unwrap_or_default();
            // What is neither STUN, DTLS nor RTP is not for us.
            if let Ok(receive) = Receive::new(Protocol::Udp, source, self.local, bytes) {
                visit.bytes(len);
                self.rtc.handle_input(Input::Receive(Instant::now(), receive))?;
            }
        }
    }

    /// Carries out what the session wants, until it waits for a time.
    async fn drain(&mut self, visit: &mut Visit) -> anyhow::Result<Instant> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(due) => return Ok(due),
                Output::Transmit(send) => {
                    // The network may lose it as well.
                    let _ = self.socket.send_to(&send.contents, send.destination).await;
                }
                Output::Event(Event::RtpPacket(packet)) => self.take(packet, visit),
                Output::Event(_) => {}
            }
        }
    }

    fn take(&mut self, packet: RtpPacket, visit: &mut Visit) {
        let now = SystemClock.wall();
        self.order.push(now, *packet.seq_no, packet);
        while let Some((packet, is_torn)) = self.order.pop(now) {
            if self.gathering.is_none() {
                self.gathering = self.codec(&packet).map(Gathering::new);
            }
            let Some(gathering) = &mut self.gathering else { continue };
            if is_torn {
                gathering.tear();
            }
            if let Some(picture) = gathering.packet(packet.header.marker, &packet.payload) {
                visit.picture(now, picture);
            }
        }
    }

    fn codec(&self, packet: &RtpPacket) -> Option<Codec> {
        let all = self.rtc.codec_config().params();
        let found = all.iter().find(|known| known.pt() == packet.header.payload_type)?;
        match found.spec().codec {
            RtcCodec::H264 => Some(Codec::H264),
            RtcCodec::H265 => Some(Codec::H265),
            _ => None,
        }
    }
}

/// From which of our addresses a host is reached. Nothing is sent.
async fn local_ip(to: SocketAddr) -> anyhow::Result<std::net::IpAddr> {
    let any: SocketAddr =
        if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(to).await?;
    Ok(socket.local_addr()?.ip())
}
