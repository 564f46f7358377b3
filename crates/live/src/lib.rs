//! Hub to viewers: one folder per protocol, each with the same three files (egress, session, config).
//!
//! Mounts no routes: it takes a lease and gives bytes.

pub mod edge;
pub mod hls;
pub mod mjpeg;
pub mod open;
pub mod publish;
pub mod rtsp;
pub mod sessions;
pub mod snapshot;
pub mod socket;
pub mod webrtc;

use std::sync::Arc;
use std::time::Duration;

use base::task::{Pool, Scope};
use hub::Hub;

/// What every protocol needs. Cloning shares it.
#[derive(Clone)]
pub struct Context {
    /// The streams.
    pub hub: Hub,
    /// Where they live: a stream's readers belong on `pool.for_key(path)`.
    pub pool: Arc<Pool>,
    /// Owns the protocol's tasks.
    pub scope: Scope,
    /// Who watches and publishes.
    pub sessions: sessions::Sessions,
    /// How long a first reader waits for the first key frame.
    pub start_timeout: Duration,
    /// How long what is made of a stream for many viewers outlives its source.
    pub reader_grace: Duration,
}
