//! Settings of the RTSP server.

use std::time::Duration;

use access::Principal;
use access::trust::Network;

/// Settings of the RTSP server.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long readers stay when their source is lost.
    pub reader_grace: Duration,
    /// How long a publisher may send nothing.
    pub source_timeout: Duration,
    /// Whoever connects from loopback or one of these networks is an administrator; `None`: nobody.
    pub open: Option<Vec<Network>>,
    /// Nobody in particular, as whom those come who say nothing, and from where; empty: everywhere.
    pub anonymous: Option<(Principal, Vec<Network>)>,
    /// Whether Digest can be proven: hashes for it are kept.
    pub digest: bool,
    /// Bounds of connections.
    pub bounds: Bounds,
    /// How long peers may take.
    pub patience: Patience,
}

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// In all.
    pub in_all: usize,
    /// From one address, of those that have not shown yet that they may have a stream.
    pub strangers: usize,
    /// The same from this machine.
    pub local_strangers: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { in_all: 8_192, strangers: 256, local_strangers: 1_024 }
    }
}

/// How long peers may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a TLS handshake and the first request.
    pub first: Duration,
    /// Between requests, while nothing flows.
    pub idle: Duration,
    /// Without taking a byte that waits for it.
    pub stall: Duration,
    /// Of media that a reader may be behind before it skips to a key frame.
    pub lag: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(10),
            lag: Duration::from_secs(2),
        }
    }
}
