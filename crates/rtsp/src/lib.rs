//! RTSP server conversations (RFC 2326), pure: bytes and time in; bytes, events and a deadline out.
//!
//! Knows no socket and no stream: the shell answers [`Event`]s and writes what comes out.

mod auth;
mod conversation;
mod event;
mod status;
mod transport;

pub use auth::{Algorithm, Authorization, Counted, DigestAnswer, DigestSecret, Nonces, Offer};
pub use conversation::{Conversation, Fatal};
pub use event::{Event, Purpose};
pub use status::Status;
pub use transport::Transport;
