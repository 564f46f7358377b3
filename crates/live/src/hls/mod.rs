//! HTTP Live Streaming (RFC 8216) from memory: fMP4, and MPEG-TS for older players.
//!
//! A muxer exists only while someone watches. It begins at the oldest key frame that the ring holds,
//! so that the first playlist has segments at once.

mod config;
mod egress;
mod generation;
mod package;
mod session;

pub use config::Config;
pub use package::Format;
pub use session::{Answer, Error, Service};

#[cfg(test)]
mod tests;
