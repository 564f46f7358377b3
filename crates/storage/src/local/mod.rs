//! The local volume: segments written by one thread and brought to the disk by another.
//!
//! Nobody who records ever waits for the disk: what is handed over is counted, and refused past a
//! bound. The two threads are the volume's; they end when its last handle goes.

mod volume;
mod writer;

pub use volume::{Volume, VolumeOptions, probe};
pub use writer::{SealedFile, SegmentWriter};

#[cfg(test)]
mod tests;
