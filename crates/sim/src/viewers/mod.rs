//! Many viewers in one process: RTSP over TCP, Low-Latency HLS, WHEP. They decode nothing; they count
//! pictures, and by the clock in them what was lost and how late it came.

mod histogram;
mod hls;
mod http;
mod order;
mod picture;
mod playlist;
mod rtsp;
mod tally;
mod target;
mod whep;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use base::{Clock, SystemClock, Wall};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use self::picture::Picture;
use self::tally::Sight;
pub use self::tally::Tally;
pub use self::target::Target;

/// How long viewers may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(5);
/// From an error to the next try.
const AGAIN: Duration = Duration::from_secs(1);
/// Pictures after which one misbehaves.
const GOOD_FRAMES: u64 = 10;
/// A viewer that is told to vanish does so after this, unless told when.
const VANISH_AFTER: Duration = Duration::from_secs(3);

/// What viewers speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RTSP, interleaved on its connection.
    Rtsp,
    /// Low-Latency HLS as players read it: blocking reloads, then the parts that are new.
    Hls,
    /// WebRTC by WHEP, over UDP.
    Whep,
}

/// What a viewer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// It takes what comes.
    #[default]
    Good,
    /// It stops reading and stays.
    Stall,
    /// It reads a tenth of what comes.
    Slow,
    /// It goes without a word.
    Vanish,
}

impl FromStr for Behaviour {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "good" => Ok(Self::Good),
            "stall" => Ok(Self::Stall),
            "slow" => Ok(Self::Slow),
            "vanish" => Ok(Self::Vanish),
            _ => bail!("good, stall, slow or vanish"),
        }
    }
}

/// A run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many.
    pub viewers: u32,
    /// What they speak.
    pub protocol: Protocol,
    /// Where they look.
    pub target: Target,
    /// How long they look, from the first on; `None`: without end.
    pub duration: Option<Duration>,
    /// In what time they come, one after the other.
    pub spread: Duration,
    /// Latency counts from so long after the last has come.
    pub settle: Duration,
    /// How long each stays; it does not come again. `None`: to the end.
    pub stay: Option<Duration>,
    /// What they do.
    pub behaviour: Behaviour,
}

/// Looks until the run's time is over or `stop` is cancelled; calls `each_second` with what was counted.
///
/// # Errors
/// When it cannot be begun. What happens to a viewer is in the tally.
pub async fn run(
    options: &Options,
    stop: CancellationToken,
    mut each_second: impl FnMut(&Tally),
) -> anyhow::Result<Tally> {
    let shared = Arc::new(Shared::new(options)?);
    let end = CancellationToken::new();
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..options.viewers {
        let share = f64::from(number) / f64::from(options.viewers);
        let viewer = Viewer { number, shared: Arc::clone(&shared), end: end.clone() };
        tasks.spawn(viewer.run(start + options.spread.mul_f64(share)));
    }
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let over = async {
        match options.duration {
            Some(duration) => sleep_until(start + duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over);
    loop {
        tokio::select! {
            _ = tick.tick() => each_second(&shared.tally()),
            () = &mut over => break,
            () = stop.cancelled() => break,
            joined = tasks.join_next() => if joined.is_none() { break },
        }
    }
    let tally = shared.tally();
    end.cancel();
    let _ = timeout(FAREWELL, async { while tasks.join_next().await.is_some() {} }).await;
    Ok(tally)
}

/// What the viewers of a run share: what they are told, and by one lock, never held over an await, what
/// they counted. Each viewer takes it for the moment of a picture, `run` once a second.
struct Shared {
    options: Options,
    settled: Wall,
    http: reqwest::Client,
    certificate: whep::Certificate,
    tally: Mutex<Tally>,
}

impl Shared {
    fn new(options: &Options) -> anyhow::Result<Self> {
        let settle = (options.spread + options.settle).as_micros();
        let settled = SystemClock.wall().plus_micros(i64::try_from(settle).unwrap_or(0));
        Ok(Self {
            options: options.clone(),
            settled,
            http: http::client()?,
            certificate: whep::Certificate::new()?,
            tally: Mutex::default(),
        })
    }

    fn tally(&self) -> Tally {
        let mut tally = self.tally.lock().clone();
        tally.without_picture = tally.viewers.saturating_sub(tally.first_picture.count());
        tally
    }
}

/// One of them.
struct Viewer {
    number: u32,
    shared: Arc<Shared>,
    end: CancellationToken,
}

impl Viewer {
    /// Comes at `from`, and again after errors.
    async fn run(self, from: Instant) {
        tokio::select! {
            () = sleep_until(from) => {}
            () = self.end.cancelled() => return,
        }
        self.shared.tally.lock().viewers += 1;
        let url = self.shared.options.target.of(self.number);
        let stay = self.stay().map(|stay| Instant::now() + stay);
        loop {
            let leave = Leave { end: self.end.clone(), at: stay };
            let mut visit = Visit::new(Arc::clone(&self.shared));
            let result = match self.shared.options.protocol {
                Protocol::Rtsp => rtsp::watch(&url, &mut visit, leave).await,
                Protocol::Hls => Box::pin(hls::watch(&url, &mut visit, leave)).await,
                Protocol::Whep => Box::pin(whep::watch(&url, &mut visit, leave)).await,
            };
            let Err(error) = result else { return };
            tracing::debug!(viewer = self.number, err = %format!("{error:#}"), "viewer begins anew");
            {
                let mut tally = self.shared.tally.lock();
                tally.reconnects += 1;
                tally.complain(format!("{error:#}"));
            }
            tokio::select! {
                () = sleep(AGAIN) => {}
                () = self.end.cancelled() => return,
            }
            // Its time has passed with tries.
            if stay.is_some_and(|stay| stay <= Instant::now()) {
                return;
            }
        }
    }

    fn stay(&self) -> Option<Duration> {
        let vanishes = self.shared.options.behaviour == Behaviour::Vanish;
        self.shared.options.stay.or_else(|| vanishes.then_some(VANISH_AFTER))
    }
}

/// When a visit is over.
struct Leave {
    end: CancellationToken,
    at: Option<Instant>,
}

impl Leave {
    /// Cancel-safe.
    async fn due(&self) {
        let at = async {
            match self.at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = at => {}
            () = self.end.cancelled() => {}
        }
    }
}

/// A viewer from one request to its end; counts for it, also when it is dropped.
struct Visit {
    shared: Arc<Shared>,
    sight: Sight,
}

impl Visit {
    fn new(shared: Arc<Shared>) -> Self {
        let sight = Sight::new(SystemClock.wall(), shared.settled);
        Self { shared, sight }
    }

    fn behaviour(&self) -> Behaviour {
        self.shared.options.behaviour
    }

    /// True when it no longer takes what comes as it should.
    fn misbehaves(&self) -> bool {
        let slowly = matches!(self.behaviour(), Behaviour::Stall | Behaviour::Slow);
        slowly && self.sight.frames() >= GOOD_FRAMES
    }

    fn bytes(&self, count: usize) {
        self.shared.tally.lock().bytes += u64::try_from(count).unwrap_or(0);
    }

    fn picture(&mut self, now: Wall, picture: Picture) {
        let mut tally = self.shared.tally.lock();
        self.sight.frame(now, picture.key, picture.stamp, &mut tally);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.sight.end(&mut self.shared.tally.lock());
    }
}
