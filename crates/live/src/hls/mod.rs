//! HTTP Live Streaming (RFC 8216 and its second edition) from memory: fMP4 with parts for low latency,
//! and MPEG-TS for older players.
//!
//! A muxer exists only while someone watches. It begins at the oldest key frame that the ring holds,
//! so that the first playlist has segments at once.

mod blocking;
mod config;
mod egress;
pub(crate) mod generation;
mod muxing;
mod package;
mod session;
mod sets;
mod viewers;

pub use blocking::Awaited;
pub use config::Config;
pub use package::Format;
pub(crate) use package::fragment;
pub use session::{Answer, Asked, Error, Service};
pub use viewers::Player;

#[cfg(test)]
mod tests;
