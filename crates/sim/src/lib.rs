//! Cameras for people without one, and the load of the benchmarks.
//!
//! Pictures are drawn here and encoded once by an ffmpeg child per pattern; all cameras of a pattern
//! share its packets. Viewers count what comes of them. Links none of the servers it is tried against.

mod client;
mod encoder;
mod fault;
mod feed;
mod pattern;
pub mod publish;
pub mod rtsp;
pub mod viewers;

pub use encoder::{Sound, VideoCodec};
pub use fault::Fault;
pub use pattern::Pattern;
