//! HTTP Live Streaming (RFC 8216): fMP4 playlists from memory.
//!
//! A muxer exists only while someone watches. It begins at the oldest key frame that the ring holds,
//! so that the first playlist has segments at once.

mod config;
mod egress;
mod session;

pub use config::Config;
pub use session::{Answer, Error, Service};

#[cfg(test)]
mod tests;
