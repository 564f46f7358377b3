//! Session descriptions (RFC 8866, and the payload formats' own lines): ours, and those of others.

mod describe;
mod format;
mod lines;
mod parse;

pub use describe::{control, describe, payload_type};
pub use parse::{Announced, Direction, Medium, SdpError, parse};
