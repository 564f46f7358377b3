//! RTSP cameras: `rtsp://host:port/cam1` to `camN`, over TCP and UDP.

mod credentials;
mod lane;
mod session;
pub(crate) mod wire;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use ::rtsp::Nonces;
use anyhow::{Context, ensure};
pub use credentials::{Credentials, Scheme};
pub(crate) use lane::Lane;
use tokio::net::{TcpListener, UdpSocket, lookup_host};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::encoder::{Sound, VideoCodec};
use crate::fault::{Fault, Plan, State};
use crate::feed::Feed;
use crate::pattern::Pattern;

/// What the cameras are.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where they listen: `:8555`, `127.0.0.1:0`.
    pub address: String,
    /// How many.
    pub cameras: u16,
    /// What they show; `None`: all patterns in turn.
    pub pattern: Option<Pattern>,
    /// A clip that they repeat instead.
    pub file: Option<PathBuf>,
    /// Send the clip's own pictures and sound instead of encoding them anew.
    pub copy: bool,
    /// Encode a few groups once and repeat them: for hundreds of cameras.
    pub looped: bool,
    /// How pictures are encoded.
    pub codec: VideoCodec,
    /// How sound is encoded.
    pub sound: Sound,
    /// Pictures that are decoded out of order, between two that are not.
    pub b_frames: u8,
    /// Width in pixels, even.
    pub width: u32,
    /// Height in pixels, even.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// kbit/s.
    pub bitrate: u32,
    /// Seconds between key frames.
    pub gop: f64,
    /// Who may watch; `None`: everybody.
    pub credentials: Option<Credentials>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The same seed gives the same faults.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:0".to_owned(),
            cameras: 1,
            pattern: None,
            file: None,
            copy: false,
            looped: false,
            codec: VideoCodec::H264,
            sound: Sound::None,
            b_frames: 0,
            width: 640,
            height: 480,
            fps: 15,
            bitrate: 512,
            gop: 2.0,
            credentials: None,
            faults: Vec::new(),
            seed: 1,
        }
    }
}

/// Running cameras. Dropping it ends them.
pub struct Simulator {
    address: SocketAddr,
    tasks: JoinSet<anyhow::Result<()>>,
    stop: CancellationToken,
}

/// What sessions share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) feeds: Vec<Feed>,
    /// What they show after a change of codec; else empty.
    pub(crate) others: Vec<Feed>,
    pub(crate) plan: Plan,
    pub(crate) started: Instant,
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    pub(crate) nonces: Nonces,
}

impl Shared {
    /// The number of `cam<n>`.
    fn camera(&self, path: &str) -> Option<u16> {
        let number: u16 = path.strip_prefix("cam")?.parse().ok()?;
        (1..=self.options.cameras).contains(&number).then_some(number)
    }

    /// What is wrong with a camera now.
    fn state(&self, camera: u16) -> State {
        self.plan.state(camera, self.started.elapsed())
    }

    /// What it shows.
    fn feed(&self, camera: u16, is_changed: bool) -> Option<&Feed> {
        let feeds = if is_changed && !self.others.is_empty() { &self.others } else { &self.feeds };
        feeds.get(usize::from(camera.checked_sub(1)?) % feeds.len())
    }
}

impl Simulator {
    /// Starts the cameras: binds, and starts an encoder per pattern.
    ///
    /// # Errors
    /// When the address cannot be bound or a size is not one.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        check(&options)?;
        let host = if options.address.starts_with(':') { "127.0.0.1" } else { "" };
        let text = format!("{host}{}", options.address);
        let wanted = lookup_host(&text).await.with_context(|| format!("--rtsp {text}"))?.next();
        let wanted = wanted.with_context(|| format!("--rtsp {text}: no such address"))?;
        let listener =
            TcpListener::bind(wanted).await.with_context(|| format!("--rtsp {wanted}"))?;
        let address = listener.local_addr()?;
        let (rtp, rtcp) = bind_pair(address.ip()).await?;

        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let plan = Plan::new(&options.faults, options.seed);
        let feeds = start_feeds(&options, &mut tasks);
        let others = match plan.changes_codec() {
            true => start_feeds(&halved(&options), &mut tasks),
            false => Vec::new(),
        };
        let started = Instant::now();
        let nonces = nonces();
        let shared = Arc::new(Shared { options, feeds, others, plan, started, rtp, rtcp, nonces });
        tasks.spawn(accept(listener, shared, stop.clone()));
        Ok(Self { address, tasks, stop })
    }

    /// Where they listen.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until an encoder fails; cancel-safe.
    ///
    /// # Errors
    /// What the encoder said.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        match self.tasks.join_next().await {
            Some(ended) => ended.context("a task of the simulator")?,
            None => Ok(()),
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn check(options: &Options) -> anyhow::Result<()> {
    let even = |pixels: u32| (16..=8_192).contains(&pixels) && pixels.is_multiple_of(2);
    ensure!(
        even(options.width) && even(options.height),
        "width and height must be even, 16 to 8192"
    );
    ensure!((1..=120).contains(&options.fps), "fps must be 1 to 120");
    ensure!(options.cameras > 0, "at least one camera");
    ensure!(options.b_frames <= 8, "at most 8 B-frames");
    ensure!(options.file.is_some() || !options.copy, "--copy goes with --file");
    let changes = Plan::new(&options.faults, 0).changes_codec();
    ensure!(!(options.copy && changes), "a clip that is copied has no second form to change to");
    Ok(())
}

/// With a key that is new in each run; good enough for cameras that are none.
fn nonces() -> Nonces {
    let mut key = [0; 32];
    key.copy_from_slice(base::id::random_hex().as_bytes());
    Nonces::new(key)
}

/// A feed per pattern that is shown, or one of the clip.
fn start_feeds(options: &Options, tasks: &mut JoinSet<anyhow::Result<()>>) -> Vec<Feed> {
    let patterns = options.pattern.map_or(Pattern::ALL.to_vec(), |pattern| vec![pattern]);
    let count = match options.file {
        Some(_) => 1,
        None => patterns.len().min(usize::from(options.cameras)),
    };
    let feeds = patterns.into_iter().take(count).map(|pattern| {
        let (feed, run) = Feed::start(pattern, options);
        tasks.spawn(run);
        feed
    });
    feeds.collect()
}

/// The same in half the size.
fn halved(options: &Options) -> Options {
    let half = |pixels: u32| (pixels / 4 * 2).max(16);
    Options { width: half(options.width), height: half(options.height), ..options.clone() }
}

/// Two sockets on an even port and the next one, as RTP asks (RFC 3550 section 11) and strict clients
/// insist.
async fn bind_pair(ip: IpAddr) -> anyhow::Result<(UdpSocket, UdpSocket)> {
    for _ in 0..100 {
        let rtp = UdpSocket::bind((ip, 0)).await?;
        let port = rtp.local_addr()?.port();
        let next = port.checked_add(1).filter(|_| port.is_multiple_of(2));
        if let Some(next) = next
            && let Ok(rtcp) = UdpSocket::bind((ip, next)).await
        {
            return Ok((rtp, rtcp));
        }
    }
    anyhow::bail!("no two neighbouring UDP ports are free")
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut sessions = JoinSet::new();
    for number in 0_u64.. {
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // Out of files: wait for one to be closed.
                Err(error) => {
                    tracing::warn!(err = %error, "connection not accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            },
            Some(_) = sessions.join_next() => continue,
        };
        let shared = Arc::clone(&shared);
        sessions.spawn(async move {
            if let Err(error) = session::run(stream, peer, shared, number).await {
                tracing::debug!(%peer, err = %error, "session ended");
            }
        });
    }
    Ok(())
}
