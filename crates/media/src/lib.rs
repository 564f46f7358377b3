//! Pure bytes: what a codec, a container or a playlist says, and how to write it.
//!
//! Refuses to know sockets, files, tasks or randomness, and reads no clock: time is an argument.
//! Everything that reads is total: any input gives a value or an error, never a panic, and no
//! allocation is sized by a claimed length.

pub mod audio;
pub mod h264;
pub mod h265;
pub mod jpeg;
pub mod m3u8;
pub mod mp4;
pub mod rtp;
pub mod sdp;
pub mod ticks;
pub mod timeline;
pub mod track;
pub mod ts;
pub mod unit;

pub use ticks::{Ticks, Timescale};
pub use track::{Parameters, Track, TrackId, Tracks};
pub use unit::AccessUnit;
