//! MPEG-TS (ISO/IEC 13818-1): one program of access units, written and read back.
//!
//! Carries H.264, H.265, AAC (as ADTS) and Opus. Packets are 188 bytes; the longer ones of discs and
//! tapes, scrambled packets and second programs are left alone.

mod adts;
mod demux;
mod index;
mod lane;
mod mux;
mod opus;
mod packet;
mod pes;
mod psi;
mod sink;

pub use demux::{Demuxer, Stats};
pub use index::{Index, KeyFrame, Tail, scan};
pub use mux::Muxer;
pub use sink::{Event, Unit};

/// Bytes of a packet.
pub const PACKET_LEN: usize = 188;
/// The first byte of every packet.
const SYNC: u8 = 0x47;
/// Times have 33 bits.
const TIME_BITS: u32 = 33;

/// A stream that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// None of the tracks can be carried.
    #[error("MPEG-TS can carry none of these tracks")]
    NothingToCarry,
}

#[cfg(test)]
mod tests;
