//! RTP packets (RFC 3550), made once per stream and shared by all who send them.
//!
//! Refuses to know sockets, sessions and loss: what is the same for every receiver is made here, the
//! 12 bytes before it are written for each.

mod audio;
pub mod depacket;
mod jpeg;
pub mod packet;
pub mod reception;
pub mod reorder;
mod report;
pub mod rtcp;
mod video;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::Parameters;
pub use audio::{aac, g711, opus};
pub use jpeg::jpeg;
pub use report::{Sent, sender_report};
pub use video::{h264, h265};

/// A packet without its header: what is the same for every receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The bytes after the header.
    pub data: Bytes,
    /// The header's marker: for pictures and AAC, true for the last packet of an access unit.
    pub marker: bool,
    /// How much later than its access unit the packet's time is, in the track's timescale: not 0 only
    /// where an access unit of samples takes several packets.
    pub later: u32,
}

impl Payload {
    const fn new(data: Bytes) -> Self {
        Self { data, marker: false, later: 0 }
    }
}

/// The payloads of one access unit, made once, by whoever needs them first, and shared by all clones of
/// the unit. Says nothing of the unit itself: all are equal.
#[derive(Clone, Default)]
pub struct Packets(Arc<OnceLock<Box<[Payload]>>>);

impl Packets {
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Vec<Payload>) -> &[Payload] {
        self.0.get_or_init(|| make().into())
    }
}

impl std::fmt::Debug for Packets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} packets", self.0.get().map(|packets| packets.len()))
    }
}

impl PartialEq for Packets {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Packets {}

/// Bytes of a packet that its payload may fill. A packet passes a path whose MTU is 1,280, the least
/// that IPv6 has (RFC 8200 section 5), as tunnels and mobile networks do: datagrams are sent with
/// don't-fragment, and one that is too large never arrives. What stands around it is 40 bytes of IP, 8 of
/// UDP, 12 of RTP and up to 40 of header extensions and SRTP's tag.
pub const PAYLOAD_LEN_MAX: usize = 1_180;

/// An access unit of a track with these parameters as payloads. With `key`, the parameter sets are
/// sent before it. Empty for a picture of M-JPEG that RTP cannot carry (see [`jpeg()`]).
#[must_use]
pub fn payloads(parameters: &Parameters, access_unit: &Bytes, key: bool) -> Vec<Payload> {
    let sets = if key { parameters.sets() } else { Vec::new() };
    match parameters {
        Parameters::H264(_) => h264(access_unit, &sets),
        Parameters::H265(_) => h265(access_unit, &sets),
        Parameters::Mjpeg(_) => jpeg(access_unit),
        Parameters::Aac(_) => aac(access_unit),
        Parameters::Opus(_) => opus(access_unit),
        Parameters::G711(parameters) => g711(access_unit, parameters.channels),
    }
}

/// Whether access units of a track with these parameters are carried: all but M-JPEG of a size that
/// RFC 2435 has no number for.
#[must_use]
pub fn carries(parameters: &Parameters) -> bool {
    match parameters {
        Parameters::Mjpeg(parameters) => jpeg::blocks(parameters).is_some(),
        _ => true,
    }
}

/// The 12 bytes before a payload.
#[must_use]
pub fn header(
    payload_type: u8,
    marker: bool,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) -> [u8; 12] {
    let [s0, s1] = sequence.to_be_bytes();
    let [t0, t1, t2, t3] = timestamp.to_be_bytes();
    let [r0, r1, r2, r3] = ssrc.to_be_bytes();
    let second = payload_type & 0x7f | if marker { 0x80 } else { 0 };
    [0x80, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3]
}
