//! What WebRTC is told.

use std::net::IpAddr;
use std::time::Duration;

use base::Secret;

/// Settings of all WebRTC sessions.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses told to peers instead of those of this machine: names are none.
    pub advertise: Vec<IpAddr>,
    /// STUN servers told to peers.
    pub stun: Vec<String>,
    /// TURN servers told to peers.
    pub turn: Vec<String>,
    /// Makes short-lived credentials for them; empty: they ask for none.
    pub turn_secret: Secret,
    /// How long readers stay when the source is lost.
    pub reader_grace: Duration,
    /// How long a peer may take to connect.
    pub connect_timeout: Duration,
    /// A peer that is silent for this long is gone.
    pub silence_max: Duration,
    /// Sessions at a time.
    pub sessions_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            advertise: Vec::new(),
            stun: Vec::new(),
            turn: Vec::new(),
            turn_secret: Secret::new(String::new()),
            reader_grace: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            silence_max: Duration::from_secs(20),
            sessions_max: 4_000,
        }
    }
}
