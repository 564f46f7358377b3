//! MP4 files (ISO/IEC 14496-12): fragmented ones written and read back, progressive ones written.
//!
//! The boxes are few and are written and read here by hand: the sample data must never be copied,
//! and what is read must be bounded before anything is kept.

mod boxes;
mod entry;
pub mod progressive;
mod read;
mod stream;
mod write;

pub use read::{Fragment, Index, InitSegment, ReadAt, RunInfo, SampleInfo, Tail, samples};
pub use stream::{Event as StreamEvent, StreamReader, StreamSample};
pub use write::{FragmentBytes, Run, Sample, fragment, init_segment};

/// Why a file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing to write, or a size that the format cannot express.
    #[error("cannot be written as MP4: {0}")]
    Unwritable(&'static str),
    /// The file is damaged, or no fragmented MP4.
    #[error("damaged at byte {at}: {what}")]
    Damaged {
        /// Where.
        at: u64,
        /// What was found wrong.
        what: &'static str,
    },
    /// The bytes could not be had.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

#[cfg(test)]
mod tests;
