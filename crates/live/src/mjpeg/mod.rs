//! M-JPEG: a stream as pictures one after the other, for what can do no better.
//!
//! Cameras of M-JPEG are given as they are. Others are decoded by an ffmpeg child, a few pictures a second,
//! one child for all who watch the same. Who is slow gets fewer pictures, and always the newest.

mod decode;
mod session;

pub use session::{Pictures, Service};

/// Pictures a second of decoded streams, at most.
pub const FPS_MAX: u8 = 5;

#[cfg(test)]
mod tests;
