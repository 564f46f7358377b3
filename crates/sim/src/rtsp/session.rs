//! One player's connection: the shell around the pure conversation.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::rtsp::{Conversation, Event, Fatal, Status, Transport};
use anyhow::{anyhow, bail};
use base::{Clock, SystemClock};
use media::rtp::Payload;
use media::{Tracks, sdp};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{self};

use super::Shared;
use super::lane::Lane;
use super::wire::{self, Packet};
use crate::fault::{Fate, Random, State};
use crate::feed::Packed;

/// How long a player may take to make room for an access unit.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// A player's session.
struct Session {
    shared: Arc<Shared>,
    peer: SocketAddr,
    stream: TcpStream,
    conversation: Conversation,
    /// Of the first track's SSRC; the others follow it.
    ssrc: u32,
    /// Known from the first SETUP on.
    camera: Option<u16>,
    lanes: Vec<Lane>,
    units: Option<broadcast::Receiver<Arc<Packed>>>,
    /// Of other pictures, until their first key frame.
    coming: Option<broadcast::Receiver<Arc<Packed>>>,
    /// False until a key frame comes.
    started: bool,
    /// As it was when last looked at.
    state: State,
    chances: Random,
}

pub(super) async fn run(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    number: u64,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let scheme = shared.options.credentials.as_ref().map(|credentials| credentials.scheme);
    let offer = scheme.unwrap_or_default().offer();
    let conversation = Conversation::new(offer, shared.nonces.clone(), base::id::random_hex());
    let mut session = Session {
        shared,
        peer,
        stream,
        conversation,
        ssrc: u32::try_from(number.wrapping_mul(2_654_435_761) & 0xffff_ffff).unwrap_or(1),
        camera: None,
        lanes: Vec::new(),
        units: None,
        coming: None,
        started: false,
        state: State::default(),
        chances: Random::new(0),
    };
    session.run().await
}

impl Session {
    async fn run(&mut self) -> anyhow::Result<()> {
        let mut buffer = vec![0; 4 << 10];
        loop {
            let deadline = self.conversation.deadline();
            // Over UDP a player need not speak: its reports go to another socket, which nobody reads.
            let is_udp =
                self.lanes.iter().any(|lane| matches!(lane.transport, Transport::Udp { .. }));
            let silent = deadline.filter(|_| !is_udp);
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
        self.write().await?;
        while let Some(event) = self.conversation.poll_event() {
            let answered = self.answer_one(event).await?;
            self.write().await?;
            answered.map_err(|_| anyhow!("not RTSP, or wrong credentials again"))?;
        }
        Ok(())
    }

    async fn write(&mut self) -> anyhow::Result<()> {
        while let Some(bytes) = self.conversation.poll_output() {
            wire::write(&mut self.stream, &[bytes]).await?;
        }
        Ok(())
    }

    async fn answer_one(&mut self, event: Event) -> anyhow::Result<Result<(), Fatal>> {
        let now = SystemClock.mono();
        let answered = match event {
            Event::Authorize { authorization, method, .. } => {
                let credentials = self.shared.options.credentials.as_ref();
                match credentials.is_none_or(|known| known.admit(authorization.as_ref(), method)) {
                    true => self.conversation.permit(now),
                    false => self.conversation.refuse(now, Status::Unauthorized),
                }
            }
            Event::Describe { path } => match self.tracks(&path).await {
                Ok((_, tracks)) => self.conversation.describe(now, &sdp::describe(&path, &tracks)),
                Err(status) => self.conversation.refuse(now, status),
            },
            Event::Setup { path, control, transport } => {
                match self.set_up(&path, &control, transport).await {
                    Ok(ssrc) => {
                        let (rtp, rtcp) = (&self.shared.rtp, &self.shared.rtcp);
                        let ports = (rtp.local_addr()?.port(), rtcp.local_addr()?.port());
                        self.conversation.accept_setup(now, Some(ports), ssrc)
                    }
                    Err(status) => self.conversation.refuse(now, status),
                }
            }
            Event::Play => {
                self.listen();
                // The time of the first packet is not known yet: players take it from there.
                self.conversation.accept_play(now, &[])
            }
            Event::Pause => {
                self.units = None;
                Ok(())
            }
            // Only of those who may publish, which nobody may here.
            Event::Announce { .. } | Event::Record => {
                self.conversation.refuse(now, Status::NotImplemented)
            }
            // The connection is the player's to close: GStreamer may still speak on it.
            Event::Teardown => {
                self.units = None;
                self.lanes.clear();
                Ok(())
            }
            Event::Data { .. } => Ok(()),
        };
        Ok(answered)
    }

    /// The camera of a path and what it shows; waits for the encoder's first words.
    async fn tracks(&self, path: &str) -> Result<(u16, Tracks), Status> {
        let camera = self.shared.camera(path).ok_or(Status::NotFound)?;
        let state = self.shared.state(camera);
        if state.refuses {
            return Err(Status::Unauthorized);
        }
        let feed = self.shared.feed(camera, state.is_changed).ok_or(Status::NotFound)?;
        let mut tracks = feed.tracks.clone();
        let known =
            tokio::time::timeout(Duration::from_secs(5), tracks.wait_for(Option::is_some)).await;
        let tracks = known.ok().and_then(|known| known.ok()?.clone());
        Ok((camera, tracks.ok_or(Status::ServiceUnavailable)?))
    }

    /// Adds a track, and says its source.
    async fn set_up(
        &mut self,
        path: &str,
        control: &str,
        transport: Transport,
    ) -> Result<u32, Status> {
        let (camera, tracks) = self.tracks(path).await?;
        let found =
            tracks.all().iter().enumerate().find(|(index, _)| sdp::control(*index) == control);
        let (index, track) = found.ok_or(Status::NotFound)?;
        if self.camera.is_none() {
            self.camera = Some(camera);
            self.state = self.shared.state(camera);
            self.chances = self.shared.plan.chances(camera);
        }
        let offset = u32::try_from(index).unwrap_or(0);
        let ssrc = self.ssrc.wrapping_add(offset);
        self.lanes.retain(|lane| lane.track != index);
        self.lanes.push(Lane::new(index, track, transport, ssrc));
        Ok(ssrc)
    }

    /// Takes the units of what the camera shows now, from the next key frame on.
    fn listen(&mut self) {
        let Some(camera) = self.camera else { return };
        let feed = self.shared.feed(camera, self.state.is_changed);
        self.units = feed.map(|feed| feed.units.subscribe());
        self.started = false;
    }

    async fn send(&mut self, unit: &Packed) -> anyhow::Result<()> {
        let Some(camera) = self.camera else { return Ok(()) };
        let before = std::mem::replace(&mut self.state, self.shared.state(camera));
        if self.state.closures != before.closures {
            self.stream.set_zero_linger()?;
            bail!("closed by a fault");
        }
        if self.state.is_changed != before.is_changed {
            let feed = self.shared.feed(camera, self.state.is_changed);
            self.coming = feed.map(|feed| feed.units.subscribe());
        }
        // As encoders do, the change comes with a key frame; what was shown goes on until then.
        if let Some(key) = self.coming_key() {
            self.lanes.iter_mut().for_each(Lane::rebase);
            self.units = self.coming.take();
            return self.forward(&key).await;
        }
        self.forward(unit).await
    }

    /// The next key frame of the pictures that are to come, if it is there.
    fn coming_key(&mut self) -> Option<Arc<Packed>> {
        let coming = self.coming.as_mut()?;
        loop {
            match coming.try_recv() {
                Ok(unit) if unit.key => return Some(unit),
                Ok(_) | Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }

    async fn forward(&mut self, unit: &Packed) -> anyhow::Result<()> {
        if self.state.is_stalled {
            self.started = false;
            return Ok(());
        }
        let with_pictures = self.lanes.iter().any(|lane| lane.track == 0);
        self.started |= unit.key || !with_pictures;
        if !self.started {
            return Ok(());
        }
        let Some(at) = self.lanes.iter().position(|lane| lane.track == unit.track) else {
            return Ok(());
        };
        let Some(lane) = self.lanes.get_mut(at) else { return Ok(()) };
        let time = lane.time(unit, self.state.is_ahead);
        let (report, transport) = (lane.report(time, unit.wall), lane.transport);
        let packets = self.packets(at, time, &unit.payloads);
        match transport {
            Transport::Interleaved { rtp, rtcp } => {
                let parts = wire::interleave(report, &packets, rtp, rtcp);
                tokio::time::timeout(WRITE_TIMEOUT, wire::write(&mut self.stream, &parts)).await?
            }
            Transport::Udp { rtp, rtcp } => {
                let to = |port| SocketAddr::new(self.peer.ip(), port);
                if let Some(report) = report {
                    self.shared.rtcp.send_to(&report, to(rtcp)).await?;
                }
                wire::send(&self.shared.rtp, to(rtp), &packets).await;
                Ok(())
            }
        }
    }

    /// The headers and shared payloads of an access unit, less what a fault takes; only what it changes
    /// is copied.
    fn packets(&mut self, at: usize, time: u32, payloads: &[Payload]) -> Vec<Packet> {
        let Self { shared, lanes, chances, .. } = self;
        let Some(lane) = lanes.get_mut(at) else { return Vec::new() };
        let packets = payloads.iter().filter_map(|payload| {
            let header = lane.header(time, payload);
            match shared.plan.fate(chances) {
                Fate::Sent => Some((header, payload.data.clone())),
                Fate::Lost => None,
                Fate::Corrupted => {
                    let mut data = payload.data.to_vec();
                    chances.corrupt(&mut data);
                    Some((header, data.into()))
                }
            }
        });
        packets.collect()
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
