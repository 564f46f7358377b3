//! One player's connection: the shell around the pure conversation.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::rtsp::{Conversation, Event, Status, Transport};
use anyhow::{anyhow, bail};
use base::{Clock, SystemClock};
use bytes::Bytes;
use media::rtp::{self, Sent};
use media::{Parameters, Timescale, Track, TrackId, Tracks, sdp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self};
use tokio::time::Instant;

use super::Shared;
use crate::encode::{Feed, Packed};

/// How long a player may take to make room for an access unit.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// A player's session.
struct Session {
    shared: Arc<Shared>,
    peer: SocketAddr,
    stream: TcpStream,
    conversation: Conversation,
    feed: Option<Feed>,
    transport: Option<Transport>,
    units: Option<broadcast::Receiver<Arc<Packed>>>,
    started: bool,
    ssrc: u32,
    sequence: u16,
    sent: Sent,
    next_report: Instant,
}

pub(super) async fn run(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    number: u64,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let credentials = shared.options.credentials.clone();
    let (nonce, id) = (base::id::random_hex(), base::id::random_hex());
    let ssrc = u32::try_from(number.wrapping_mul(2_654_435_761) & 0xffff_ffff).unwrap_or(1);
    let mut session = Session {
        shared,
        peer,
        stream,
        conversation: Conversation::new(credentials, nonce, id),
        feed: None,
        transport: None,
        units: None,
        started: false,
        ssrc,
        sequence: u16::try_from(ssrc & 0x7fff).unwrap_or(0),
        sent: Sent::default(),
        next_report: Instant::now(),
    };
    session.run().await
}

impl Session {
    async fn run(&mut self) -> anyhow::Result<()> {
        let mut buffer = vec![0; 4 << 10];
        loop {
            let deadline = self.conversation.deadline();
            // Over UDP a player need not speak: its reports go to another socket, which nobody reads.
            let silent =
                deadline.filter(|_| !matches!(self.transport, Some(Transport::Udp { .. })));
            let left = silent.map_or(Duration::from_secs(3_600), |at| at.since(SystemClock.mono()));
            // Reading from the socket and from the channel are both cancel-safe.
            tokio::select! {
                read = self.stream.read(&mut buffer) => {
                    let count = read?;
                    if count == 0 {
                        return Ok(());
                    }
                    let bytes = buffer.get(..count).unwrap_or_default();
                    let end = self.conversation.input(SystemClock.mono(), bytes);
                    self.answer().await?;
                    if end.is_err() {
                        bail!("not RTSP");
                    }
                }
                unit = next(&mut self.units) => { let unit = unit?; self.send(&unit).await?; }
                () = tokio::time::sleep(left) => bail!("silent"),
            }
        }
    }

    /// Carries out what the conversation asks for, and writes what it says.
    async fn answer(&mut self) -> anyhow::Result<()> {
        loop {
            while let Some(bytes) = self.conversation.poll_output() {
                write(&mut self.stream, &[bytes]).await?;
            }
            let Some(event) = self.conversation.poll_event() else { return Ok(()) };
            let now = SystemClock.mono();
            let fatal = |_| anyhow!("not RTSP");
            match event {
                Event::Describe { path } => match self.describe(&path).await {
                    Some(text) => self.conversation.describe(now, &text).map_err(fatal)?,
                    None => self.conversation.refuse(now, Status::NotFound).map_err(fatal)?,
                },
                Event::Setup { path, control, transport } => {
                    self.feed = self.shared.feed(&path).cloned();
                    if self.feed.is_none() || control != sdp::control(0) {
                        self.conversation.refuse(now, Status::NotFound).map_err(fatal)?;
                        continue;
                    }
                    self.transport = Some(transport);
                    let ports = (
                        self.shared.rtp.local_addr()?.port(),
                        self.shared.rtcp.local_addr()?.port(),
                    );
                    self.conversation.accept_setup(now, Some(ports), self.ssrc).map_err(fatal)?;
                }
                Event::Play => {
                    let Some(feed) = &self.feed else { continue };
                    self.units = Some(feed.units.subscribe());
                    self.started = false;
                    // The time of the first packet is not known yet: players take it from there.
                    self.conversation.accept_play(now, &[]).map_err(fatal)?;
                }
                Event::Pause => self.units = None,
                Event::Teardown => bail!("teardown"),
                Event::Data { .. } => {}
            }
        }
    }

    /// The stream's description; waits for the encoder's first words.
    async fn describe(&self, path: &str) -> Option<String> {
        let mut parameters = self.shared.feed(path)?.parameters.clone();
        let known =
            tokio::time::timeout(Duration::from_secs(5), parameters.wait_for(Option::is_some))
                .await;
        let parameters = known.ok()?.ok()?.clone()?;
        let parameters = Parameters::H264(parameters);
        let track = Track { id: TrackId(0), timescale: Timescale::VIDEO, parameters };
        Some(sdp::describe(path, &Tracks::new(vec![track])))
    }

    async fn send(&mut self, unit: &Packed) -> anyhow::Result<()> {
        if !self.started && !unit.key {
            return Ok(());
        }
        self.started = true;
        match self.transport {
            Some(Transport::Interleaved { rtp, rtcp }) => {
                self.send_interleaved(unit, rtp, rtcp).await?
            }
            Some(Transport::Udp { rtp, rtcp }) => self.send_datagrams(unit, rtp, rtcp).await?,
            None => {}
        }
        Ok(())
    }

    /// One write for the whole access unit.
    async fn send_interleaved(
        &mut self,
        unit: &Packed,
        rtp_channel: u8,
        rtcp_channel: u8,
    ) -> anyhow::Result<()> {
        let mut parts = Vec::with_capacity(unit.payloads.len() * 2 + 1);
        if let Some(report) = self.report(unit.time) {
            parts.push(interleaved(rtcp_channel, &[], report.len()));
            parts.push(report);
        }
        for payload in &unit.payloads {
            let header = self.header(unit.time, payload.marker, payload.data.len());
            parts.push(interleaved(rtp_channel, &header, payload.data.len()));
            parts.push(payload.data.clone());
        }
        tokio::time::timeout(WRITE_TIMEOUT, write(&mut self.stream, &parts)).await?
    }

    async fn send_datagrams(
        &mut self,
        unit: &Packed,
        rtp_port: u16,
        rtcp_port: u16,
    ) -> anyhow::Result<()> {
        let to = |port| SocketAddr::new(self.peer.ip(), port);
        let (rtp_to, rtcp_to) = (to(rtp_port), to(rtcp_port));
        let shared = Arc::clone(&self.shared);
        if let Some(report) = self.report(unit.time) {
            shared.rtcp.send_to(&report, rtcp_to).await?;
        }
        for payload in &unit.payloads {
            let header = self.header(unit.time, payload.marker, payload.data.len());
            let mut packet = header.to_vec();
            packet.extend_from_slice(&payload.data);
            // The player's port may be closed for a moment: its TEARDOWN ends the session.
            let _ = shared.rtp.send_to(&packet, rtp_to).await;
        }
        Ok(())
    }

    fn header(&mut self, time: u32, marker: bool, len: usize) -> [u8; 12] {
        let header = rtp::header(sdp::payload_type(0), marker, self.sequence, time, self.ssrc);
        self.sequence = self.sequence.wrapping_add(1);
        self.sent.packets = self.sent.packets.wrapping_add(1);
        self.sent.octets = self.sent.octets.wrapping_add(u32::try_from(len).unwrap_or(0));
        header
    }

    fn report(&mut self, time: u32) -> Option<Bytes> {
        let due = Instant::now() >= self.next_report;
        due.then(|| {
            self.next_report = Instant::now() + REPORT_EVERY;
            rtp::sender_report(self.ssrc, SystemClock.wall(), time, self.sent)
        })
    }
}

/// The next unit, or never while nothing plays.
async fn next(units: &mut Option<broadcast::Receiver<Arc<Packed>>>) -> anyhow::Result<Arc<Packed>> {
    match units {
        None => std::future::pending().await,
        Some(units) => match units.recv().await {
            Ok(unit) => Ok(unit),
            Err(RecvError::Lagged(missed)) => bail!("too slow by {missed} access units"),
            Err(RecvError::Closed) => bail!("the encoder ended"),
        },
    }
}

/// `$`, channel and length (RFC 2326 section 10.12), then `header`.
fn interleaved(channel: u8, header: &[u8], payload_len: usize) -> Bytes {
    let len = u16::try_from(header.len() + payload_len).unwrap_or(u16::MAX);
    let mut out = vec![b'$', channel];
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(header);
    out.into()
}

async fn write(stream: &mut TcpStream, parts: &[Bytes]) -> anyhow::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        let written = stream.write_vectored(rest).await?;
        if written == 0 {
            bail!("the player closed the connection");
        }
        IoSlice::advance_slices(&mut rest, written);
    }
    Ok(())
}
