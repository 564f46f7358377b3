//! Hub to viewers: one folder per protocol, each with the same three files (egress, session, config).
//!
//! Mounts no routes: it takes a lease and gives bytes.

pub mod hls;
pub mod snapshot;
