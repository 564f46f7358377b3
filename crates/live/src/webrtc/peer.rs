//! One peer: the conversation of ICE, DTLS and SRTP with its timers, and the way its packets take.
//!
//! The library behind it is named here and in `negotiate` only. It is given one change at a time and
//! polled until it wants nothing but time.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpOffer};
use str0m::config::DtlsCert;
use str0m::crypto::CryptoProvider;
use str0m::format::{Codec, CodecConfig};
use str0m::media::{Mid, Pt};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{Extension, ExtensionMap, RtpPacket, RtpWrite};
use str0m::{Candidate, IceConnectionState, Input, Output, Rtc, RtcConfig};

use super::Error;
use super::demux::{is_rtcp, is_rtp};
use super::ingress::Medium;
use super::negotiate::Section;
use super::socket::{Incoming, Net, Way};
use crate::sessions::Counters;

/// Packets that are kept to be sent again.
const RESEND_LEN_MAX: usize = 512;
/// A batch is never longer than what UDP takes in one call.
const BATCH_BYTES_MAX: usize = 60_000;
/// A conversation that does not come to rest is broken.
const POLLS_MAX: usize = 100_000;

/// Addresses by which this server can be reached by one peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    /// As they are told, best first.
    pub told: Vec<SocketAddr>,
    /// True when they are this machine's own, so that packets can be sent from them.
    pub is_own: bool,
    /// Also over TCP.
    pub tcp: bool,
}

impl Reach {
    /// The told address that stands for the one where a datagram arrived.
    fn known_as(&self, at: SocketAddr) -> SocketAddr {
        let same = |told: &&SocketAddr| **told == at;
        let family = |told: &&SocketAddr| told.is_ipv4() == at.is_ipv4();
        let found = self.told.iter().find(same).or_else(|| self.told.iter().find(family));
        found.copied().unwrap_or(at)
    }
}

/// What came out of a peer.
pub(super) enum Happened {
    /// Media can flow.
    Connected,
    /// The peer cannot go on without a key frame.
    KeyFrameWanted,
    /// A packet of media.
    Rtp(Box<RtpPacket>),
    /// The peer has left, or cannot be understood.
    Gone(&'static str),
}

/// A packet that is to be sent in a section.
pub(super) struct Packet {
    pub mid: Mid,
    pub payload_type: Pt,
    pub sequence: u64,
    pub time: u32,
    /// When that is, on the clock that reports go by.
    pub at: Instant,
    pub marker: bool,
    pub is_resent: bool,
    pub payload: Arc<[u8]>,
}

/// One peer.
pub(super) struct Peer {
    rtc: Rtc,
    net: Arc<Net>,
    reach: Reach,
    offer: String,
    /// When it wants time.
    pub deadline: Instant,
    /// When something of it arrived.
    pub heard: Instant,
    pub way: Option<Way>,
    /// Told to be gone already.
    is_over: bool,
    /// Its connection does not take more for now.
    pub is_choked: bool,
}

/// Packets of equal size on one way, sent together.
#[derive(Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    segment: usize,
    count: usize,
    way: Option<Way>,
    is_closed: bool,
}

struct Crypto {
    provider: Arc<CryptoProvider>,
    certificate: Option<DtlsCert>,
}

/// Made once: a certificate says nothing of a session, and costs more than the rest of an answer.
fn crypto() -> &'static Crypto {
    static CRYPTO: OnceLock<Crypto> = OnceLock::new();
    CRYPTO.get_or_init(|| {
        let provider = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = provider.dtls_provider.generate_certificate();
        Crypto { provider, certificate }
    })
}

/// Makes the certificate before the first peer waits for it.
pub(super) fn prepare() {
    let _ = crypto();
}

fn extensions(publishes: bool) -> ExtensionMap {
    if publishes {
        return ExtensionMap::standard();
    }
    let mut map = ExtensionMap::empty();
    map.set(4, Extension::RtpMid);
    map
}

impl Peer {
    /// Answers an offer; `publishes`: the peer sends.
    pub(super) fn answer(
        net: Arc<Net>,
        reach: Reach,
        (offer, codecs, publishes): (String, CodecConfig, bool),
    ) -> Result<(Self, String), Error> {
        let now = Instant::now();
        let crypto = crypto();
        let mut config = RtcConfig::new()
            .set_crypto_provider(Arc::clone(&crypto.provider))
            .set_extension_map(extensions(publishes))
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .set_send_buffer_video(RESEND_LEN_MAX)
            .set_send_buffer_audio(32);
        if let Some(certificate) = &crypto.certificate {
            config = config.set_dtls_cert(certificate.clone());
        }
        *config.codec_config() = codecs;
        let mut rtc = config.build(now);
        for candidate in candidates(&reach) {
            rtc.add_local_candidate(candidate);
        }
        let mut peer = Self {
            rtc,
            net,
            reach,
            offer,
            deadline: now,
            heard: now,
            way: None,
            is_over: false,
            is_choked: false,
        };
        let answer = peer.accept()?;
        Ok((peer, answer))
    }

    fn accept(&mut self) -> Result<String, Error> {
        let offer = SdpOffer::from_sdp_string(&self.offer)
            .map_err(|error| Error::BadOffer(error.to_string()))?;
        let answer: SdpAnswer = self
            .rtc
            .sdp_api()
            .accept_offer(offer)
            .map_err(|error| Error::BadOffer(error.to_string()))?;
        self.deadline = Instant::now();
        Ok(one_stream(&answer.to_sdp_string()))
    }

    /// Our user fragment, by which it reaches us.
    pub(super) fn ufrag(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    /// The payload type for a section; `None`: it does not take ours.
    pub(super) fn payload_type(&self, mid: Mid, is_video: bool) -> Option<Pt> {
        let media = self.rtc.media(mid)?;
        if !media.direction().is_sending() {
            return None;
        }
        let remote = media.remote_pts();
        let mut params = self.rtc.codec_config().params().iter();
        let found = params.find(|found| {
            found.spec().codec.is_video() == is_video
                && (remote.is_empty() || remote.contains(&found.pt()))
        });
        found.map(str0m::format::PayloadParams::pt)
    }

    /// What the answer lets a publisher send, with the codec's name and clock.
    pub(super) fn chosen(&self, offered: &[Section]) -> Vec<(Medium, &'static str, u32)> {
        let all = offered.iter().filter(|section| section.sends);
        let mut out: Vec<(Medium, &'static str, u32)> = Vec::new();
        for section in all {
            let is_video = section.is_video;
            let mid: Mid = section.mid.as_str().into();
            let known =
                |found: &&str0m::format::PayloadParams| found.spec().codec.is_video() == is_video;
            let Some(params) = self.rtc.codec_config().params().iter().find(known) else {
                continue;
            };
            let (codec, clock) = match params.spec().codec {
                Codec::H264 => ("H264", 90_000),
                Codec::H265 => ("H265", 90_000),
                Codec::Opus => ("opus", 48_000),
                Codec::PCMA => ("PCMA", 8_000),
                _ => ("PCMU", 8_000),
            };
            let is_open = self.rtc.media(mid).is_some_and(|media| media.direction().is_receiving());
            if is_open && !out.iter().any(|(medium, ..)| medium.is_video == is_video) {
                out.push((Medium { payload_type: *params.pt(), mid, is_video }, codec, clock));
            }
        }
        out
    }

    /// Takes what the peer tells later: its candidates, or other credentials, which begin ICE anew and
    /// have an answer of their own.
    pub(super) fn amend(
        &mut self,
        fragment: &super::trickle::Fragment,
    ) -> Result<Option<String>, Error> {
        let restarted = fragment.restarts(&self.offer);
        let answer = match &restarted {
            Some(offer) => {
                self.offer.clone_from(offer);
                Some(self.accept()?)
            }
            None => None,
        };
        for text in &fragment.candidates {
            // Names and kinds that we do not know are the peer's business: it reaches us, not we it.
            if let Ok(candidate) = Candidate::from_sdp_string(text) {
                self.rtc.add_remote_candidate(candidate);
            }
        }
        self.deadline = Instant::now();
        Ok(answer)
    }

    /// Takes a datagram.
    pub(super) fn receive(&mut self, now: Instant, incoming: &Incoming, counters: &Counters) {
        let Incoming { protocol, source, destination, data, .. } = incoming;
        Counters::add(&counters.inbound_bytes, data.len() as u64);
        if is_rtcp(data) {
            Counters::add(&counters.inbound_rtcp_packets, 1);
        } else if is_rtp(data) {
            Counters::add(&counters.inbound_packets, 1);
        }
        let at = self.reach.known_as(*destination);
        let Ok(received) = Receive::new(*protocol, *source, at, data) else { return };
        self.heard = now;
        self.take(Input::Receive(now, received));
    }

    fn take(&mut self, input: Input<'_>) {
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(err = %error, "peer is not understood");
            self.rtc.disconnect();
        }
        self.deadline = Instant::now();
    }

    /// Queues a packet; it leaves at the next poll.
    pub(super) fn write(&mut self, packet: Packet) {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(packet.mid, None) else { return };
        let Packet { payload_type, sequence, time, at, marker, is_resent, payload, .. } = packet;
        let packet = RtpWrite::new(payload_type, sequence.into(), time, at, payload)
            .marker(marker)
            .nackable(is_resent);
        stream.write_rtp(packet);
        self.deadline = at.min(Instant::now());
    }

    /// Asks the peer for a key frame.
    pub(super) fn ask_for_key_frame(&mut self, mid: Mid) {
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_rx_by_mid(mid, None) {
            stream.request_keyframe(str0m::media::KeyframeRequestKind::Pli);
        }
        self.deadline = Instant::now();
    }

    /// Lets time pass and takes everything out.
    pub(super) fn poll(
        &mut self,
        now: Instant,
        (outbox, counters): (&mut Outbox, &Counters),
        happened: &mut Vec<Happened>,
    ) {
        self.take(Input::Timeout(now));
        for _ in 0..POLLS_MAX {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.deadline = at;
                    break;
                }
                Ok(Output::Transmit(transmit)) => self.transmit(&transmit, (outbox, counters)),
                Ok(Output::Event(event)) => happened.extend(told(event)),
                Err(error) => {
                    tracing::debug!(err = %error, "peer's conversation failed");
                    self.rtc.disconnect();
                }
            }
        }
        self.is_choked = !outbox.flush(&self.net) && self.is_over_tcp();
        if !self.rtc.is_alive() && !self.is_over {
            self.is_over = true;
            happened.push(Happened::Gone("the peer left"));
        }
    }

    fn is_over_tcp(&self) -> bool {
        self.way.is_some_and(|way| way.protocol == Protocol::Tcp)
    }

    fn transmit(
        &mut self,
        transmit: &str0m::net::Transmit,
        (outbox, counters): (&mut Outbox, &Counters),
    ) {
        let data: &[u8] = &transmit.contents;
        let source = self.reach.is_own.then_some(transmit.source.ip());
        let way = Way { protocol: transmit.proto, source, destination: transmit.destination };
        if is_rtcp(data) {
            Counters::add(&counters.outbound_rtcp_packets, 1);
            self.way = Some(way);
        } else if is_rtp(data) {
            Counters::add(&counters.outbound_packets, 1);
            self.way = Some(way);
        }
        Counters::add(&counters.outbound_bytes, data.len() as u64);
        outbox.push(&self.net, way, data);
    }

    /// Says goodbye.
    pub(super) fn close(&mut self, outbox: &mut Outbox, counters: &Counters) {
        self.is_over = true;
        if self.rtc.close().is_ok() {
            self.poll(Instant::now(), (outbox, counters), &mut Vec::new());
        }
    }

    /// `host/udp/<ip>/<port>`, ours and the peer's.
    pub(super) fn candidates_in_use(&self) -> Option<(String, String)> {
        let way = self.way?;
        let text = |address: SocketAddr| {
            format!("host/{}/{}/{}", way.protocol, address.ip(), address.port())
        };
        let ours = self.reach.told.iter().find(|told| {
            way.source.map_or(told.is_ipv4() == way.destination.is_ipv4(), |ip| told.ip() == ip)
        });
        Some((ours.map(|ours| text(*ours)).unwrap_or_default(), text(way.destination)))
    }
}

fn told(event: str0m::Event) -> Option<Happened> {
    match event {
        str0m::Event::Connected => Some(Happened::Connected),
        str0m::Event::KeyframeRequest(_) => Some(Happened::KeyFrameWanted),
        str0m::Event::RtpPacket(packet) => Some(Happened::Rtp(Box::new(packet))),
        str0m::Event::Closed => Some(Happened::Gone("the peer left")),
        str0m::Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
            Some(Happened::Gone("the peer is silent"))
        }
        _ => None,
    }
}

fn candidates(reach: &Reach) -> Vec<Candidate> {
    let udp = reach.told.iter().filter_map(|at| Candidate::builder().udp().host(*at).build().ok());
    let tcp = reach.told.iter().filter(|_| reach.tcp).filter_map(|at| {
        Candidate::builder().tcp().host(*at).tcptype(TcpType::Passive).build().ok()
    });
    udp.chain(tcp).collect()
}

/// The answer with all its tracks in one stream, so that players keep sound and picture together.
fn one_stream(answer: &str) -> String {
    let ids = answer.lines().filter_map(|line| line.strip_prefix("a=msid:")?.split(' ').next());
    let ids: Vec<&str> = ids.collect();
    let Some((first, others)) = ids.split_first() else { return answer.to_owned() };
    let others = others.iter().filter(|id| id != &first && id.len() > 3);
    others.fold(answer.to_owned(), |text, id| text.replace(id, first))
}

impl Outbox {
    /// Adds a packet; sends those before it when it does not go with them.
    fn push(&mut self, net: &Net, way: Way, data: &[u8]) {
        let fits = self.way == Some(way)
            && !self.is_closed
            && data.len() <= self.segment
            && self.count < net.batch_len_max()
            && self.bytes.len() + data.len() <= BATCH_BYTES_MAX;
        if !fits {
            let _ = self.flush(net);
            (self.way, self.segment) = (Some(way), data.len());
        }
        self.bytes.extend_from_slice(data);
        self.count += 1;
        // Only the last may be shorter.
        self.is_closed = data.len() < self.segment;
    }

    /// Sends what is there; false when not all was taken.
    fn flush(&mut self, net: &Net) -> bool {
        let way = self.way.take();
        let taken = match way {
            Some(way) if !self.bytes.is_empty() => net.send(&way, &self.bytes, self.segment),
            _ => true,
        };
        self.bytes.clear();
        (self.segment, self.count, self.is_closed) = (0, 0, false);
        taken
    }
}

/// How long from now until `deadline`, at most `most`.
pub(super) fn until(deadline: Instant, now: Instant, most: Duration) -> Duration {
    deadline.saturating_duration_since(now).min(most)
}

/// Addresses of this machine, for peers that ask from `from`.
pub(super) fn reach(net: &Net, advertise: &[IpAddr], from: Option<IpAddr>) -> Reach {
    let Some(port) = net.port() else { return Reach::default() };
    let near = from.is_some_and(|from| from.to_canonical().is_loopback());
    let is_own = advertise.is_empty();
    let mut told: Vec<IpAddr> = advertise.to_vec();
    if is_own {
        told = if_addrs::get_if_addrs()
            .unwrap_or_default()
            .iter()
            .map(if_addrs::Interface::ip)
            .collect();
        told.retain(|ip| is_told(net, *ip, near));
        told.sort_by_key(|ip| (!ip.is_loopback(), ip.is_ipv6()));
        told.truncate(16);
    } else if near {
        told.insert(0, IpAddr::from([127, 0, 0, 1]));
    }
    let told = told.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    Reach { told, is_own, tcp: net.has_tcp() }
}

fn is_told(net: &Net, ip: IpAddr, near: bool) -> bool {
    let is_link_local = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let is_bound = net.locals().any(|local| {
        let any = local.ip().is_unspecified();
        local.ip() == ip || any && (local.is_ipv4() == ip.is_ipv4() || local.is_ipv6())
    });
    is_bound && !is_link_local && (near || !ip.is_loopback())
}
