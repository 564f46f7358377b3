//! What HLS is told.

use std::time::Duration;

/// Settings of all HLS muxers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Segments last at least this long, and are cut at key frames.
    pub segment: Duration,
    /// Parts of segments last about this long: so many pictures as come nearest.
    pub part: Duration,
    /// Segments in a playlist.
    pub segments: usize,
    /// A muxer that nobody has asked for this long ends, as does a player's session.
    pub idle_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            segment: Duration::from_secs(1),
            part: Duration::from_millis(200),
            segments: 7,
            idle_after: Duration::from_secs(10),
        }
    }
}
