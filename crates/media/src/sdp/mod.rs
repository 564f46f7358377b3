//! Session descriptions (RFC 8866, and the payload formats' own lines): ours, and those of others.

mod describe;

pub use describe::{control, describe, payload_type};
