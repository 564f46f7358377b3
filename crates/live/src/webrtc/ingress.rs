//! A publisher by WHIP: its packets go to the sink that makes access units of them, on the stream's thread.
//!
//! One task each. Browsers make key frames only when they are asked: asked for at intervals, since whoever
//! comes to watch needs one, and at once after a loss.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use access::Standing;
use base::{Clock, StreamPath, SystemClock};
use bytes::Bytes;
use media::rtp::packet::Packet;
use media::rtp::rtcp::SenderInfo;
use str0m::media::Mid;
use str0m::rtp::RtpPacket;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::attempts::{Attempts, Reached};
use super::egress::{Command, Mail};
use super::peer::{Happened, Outbox, Peer, until};
use super::session::Shared;
use super::socket::Incoming;
use crate::publish::Sink;
use crate::sessions::{Counters, Entry};

/// Between two key frames that are asked for.
const KEY_FRAME_EVERY: Duration = Duration::from_secs(4);
/// While one is missing.
const KEY_FRAME_AGAIN: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A medium of the announcement and the section that it comes in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Medium {
    pub payload_type: u8,
    pub mid: Mid,
    pub is_video: bool,
}

/// A publisher and its task.
pub(super) struct Publishing {
    pub session: u64,
    pub shared: Arc<Shared>,
    pub entry: Entry,
    pub standing: Option<Arc<Standing>>,
    pub attempts: Attempts,
    pub path: StreamPath,
    pub peer: Peer,
    pub sink: Sink,
    /// In the order of the announcement.
    pub media: Vec<Medium>,
    pub mail: Mail,
    pub stop: CancellationToken,
    pub born: Instant,
}

/// What changes while a publisher is served.
struct State {
    outbox: Outbox,
    happened: Vec<Happened>,
    reached: Reached,
    asked: Option<Instant>,
    gone: Option<&'static str>,
    /// The last of each medium.
    reports: HashMap<usize, SenderInfo>,
}

impl Publishing {
    /// Takes packets until the publisher leaves or has to.
    pub(super) async fn run(mut self) {
        let mut state = State {
            outbox: Outbox::default(),
            happened: Vec::new(),
            reached: Reached::Answered,
            asked: None,
            gone: None,
            reports: HashMap::new(),
        };
        let why = loop {
            if let Some(why) = self.serve(&mut state) {
                break why;
            }
            let now = Instant::now();
            let next = until(self.peer.deadline, now, LOOK_EVERY).max(Duration::from_millis(2));
            tokio::select! {
                () = self.stop.cancelled() => break "the server stops",
                Some(command) = self.mail.commands.recv() => self.obey(command, &mut state),
                Some(incoming) = self.mail.inbox.recv() => {
                    self.receive(&incoming, &mut state);
                    while let Ok(incoming) = self.mail.inbox.try_recv() {
                        self.receive(&incoming, &mut state);
                    }
                }
                () = tokio::time::sleep(next) => {}
            }
        };
        self.leave(why, state);
    }

    fn obey(&mut self, command: Command, state: &mut State) {
        match command {
            Command::Join(_) => {}
            Command::Amend(_, fragment, answer) => {
                let amended = self.peer.amend(&fragment);
                let told = amended.map(|told| told.map(|told| (self.peer.ufrag(), told)));
                // Whoever asked may have left.
                let _ = answer.send(told);
            }
            Command::Leave(_) => state.gone = Some("the publisher left"),
        }
    }

    fn receive(&mut self, incoming: &Incoming, state: &mut State) {
        let now = Instant::now();
        self.peer.receive(now, incoming, &self.entry.counters);
        let transport: &'static str = incoming.protocol.into();
        if state.reached == Reached::Answered {
            self.reach(state, Reached::Heard, Some(transport));
        }
        self.poll(now, state);
    }

    fn reach(&self, state: &mut State, reached: Reached, transport: Option<&'static str>) {
        state.reached = reached;
        self.attempts.tell(&self.entry.id, |attempt| {
            attempt.reached = reached;
            attempt.transport = transport.or(attempt.transport);
        });
    }

    fn serve(&mut self, state: &mut State) -> Option<&'static str> {
        let now = Instant::now();
        if let Some(why) = self.over(now, state) {
            return Some(why);
        }
        if self.peer.deadline <= now {
            self.poll(now, state);
        }
        let (mono, wall) = (SystemClock.mono(), SystemClock.wall());
        if self.sink.tick(mono, wall).is_err() {
            return Some("another source has taken the path");
        }
        self.ask_for_key_frame(now, state);
        if let Some((local, remote)) = self.peer.candidates_in_use() {
            self.entry.tell(|facts| {
                (facts.local_candidate, facts.remote_candidate) = (local, remote);
            });
        }
        state.gone
    }

    fn over(&self, now: Instant, state: &State) -> Option<&'static str> {
        let config = &self.shared.config;
        if self.entry.end.is_cancelled() {
            return Some("it was ended by hand");
        }
        if self.standing.as_ref().is_some_and(|standing| standing.ended().is_cancelled()) {
            return Some("the right to publish has ended");
        }
        let is_late = now.saturating_duration_since(self.born) > config.connect_timeout;
        if is_late && state.reached < Reached::Connected {
            return Some("the peer did not connect");
        }
        let silent = now.saturating_duration_since(self.peer.heard);
        (silent > config.silence_max).then_some("the peer is silent")
    }

    fn ask_for_key_frame(&mut self, now: Instant, state: &mut State) {
        let every = if self.sink.wants_key_frame() { KEY_FRAME_AGAIN } else { KEY_FRAME_EVERY };
        let is_due = state.asked.is_none_or(|at| now.saturating_duration_since(at) >= every);
        let video = self.media.iter().find(|medium| medium.is_video);
        if let Some(video) = video.filter(|_| is_due && state.reached >= Reached::Playing) {
            state.asked = Some(now);
            self.peer.ask_for_key_frame(video.mid);
        }
    }

    fn poll(&mut self, now: Instant, state: &mut State) {
        let mut happened = std::mem::take(&mut state.happened);
        self.peer.poll(now, (&mut state.outbox, &self.entry.counters), &mut happened);
        for one in happened.drain(..) {
            match one {
                Happened::Connected => {
                    self.reach(state, Reached::Connected, None);
                    self.entry.tell(|facts| facts.is_established = true);
                }
                Happened::Rtp(packet) => self.take(&packet, state),
                Happened::Gone(why) => state.gone = Some(why),
                Happened::KeyFrameWanted => {}
            }
        }
        state.happened = happened;
    }

    fn take(&mut self, packet: &RtpPacket, state: &mut State) {
        if state.reached < Reached::Playing {
            self.reach(state, Reached::Playing, None);
        }
        let payload_type = *packet.header.payload_type;
        let found = self.media.iter().position(|medium| medium.payload_type == payload_type);
        let Some(track) = found else {
            return Counters::add(&self.entry.counters.inbound_packets_in_error, 1);
        };
        self.report(packet, track, state);
        let rtp = Packet {
            payload_type,
            marker: packet.header.marker,
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            ssrc: *packet.header.ssrc,
            payload: Bytes::from_owner(Arc::clone(&packet.payload)),
        };
        if self.sink.rtp(SystemClock.mono(), SystemClock.wall(), track, rtp).is_err() {
            state.gone = Some("another source has taken the path");
        }
    }

    /// Hands on what the sender last reported of the packet's track, once.
    fn report(&mut self, packet: &RtpPacket, track: usize, state: &mut State) {
        let Some(said) = packet.last_sender_info else { return };
        let info = sender_info(&said);
        if state.reports.insert(track, info) != Some(info) {
            self.sink.sender_report(SystemClock.mono(), track, info);
        }
    }

    fn leave(mut self, why: &'static str, mut state: State) {
        if state.reached < Reached::Connected {
            self.shared.metrics.unconnected.inc();
        }
        self.attempts.tell(&self.entry.id, |attempt| attempt.ended = Some(why));
        self.peer.close(&mut state.outbox, &self.entry.counters);
        tracing::debug!(session = %self.entry.id, stream = %self.path, reason = why, "publisher left");
        self.shared.forget(self.session, &self.entry.id);
    }
}

/// A report as the sink reads it: seconds since 1900 and their 2^32nd parts (RFC 3550 section 4), and the
/// 32 bits of the track's own clock.
fn sender_info(said: &str0m::rtp::rtcp::SenderInfo) -> SenderInfo {
    const FROM_1900: u64 = 2_208_988_800;
    let since = said.ntp_time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let parts = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    let ntp = (since.as_secs().wrapping_add(FROM_1900) << 32) | parts;
    let timestamp = u32::try_from(said.rtp_time.numer() & 0xffff_ffff).unwrap_or_default();
    SenderInfo { ntp, timestamp }
}

/// The announcement of what the answer chose, as a description that the sink reads.
pub(super) fn announcement(media: &[(Medium, &str, u32)]) -> Result<media::sdp::Announced, Error> {
    let mut text = String::from("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
    for (medium, codec, clock) in media {
        let kind = if medium.is_video { "video" } else { "audio" };
        let number = medium.payload_type;
        let channels = if *codec == "opus" { "/2" } else { "" };
        text.push_str(&format!(
            "m={kind} 0 RTP/AVP {number}\r\na=rtpmap:{number} {codec}/{clock}{channels}\r\n"
        ));
        if medium.is_video {
            text.push_str(&format!("a=fmtp:{number} packetization-mode=1\r\n"));
        }
    }
    media::sdp::parse(text.as_bytes()).map_err(|error| Error::BadOffer(error.to_string()))
}
