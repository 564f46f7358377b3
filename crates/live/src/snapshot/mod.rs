//! Snapshots: the newest key frame of a stream as a JPEG picture.
//!
//! Decoding is an ffmpeg child's work: one per core at once, a few requests wait, and a picture younger
//! than a second is given again. M-JPEG cameras' pictures are given as they are.

mod decode;
mod service;

pub use service::{Error, Service};

#[cfg(test)]
mod tests;
