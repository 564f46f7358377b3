//! WebRTC: viewers (WHEP) and publishers (WHIP) behind one port for all peers.
//!
//! Signalling is the routes': they hand in an offer and give out the answer. All peers of a stream are
//! served by one task on the stream's thread; the library that speaks ICE, DTLS and SRTP is known to this
//! room only.

mod attempts;
mod config;
pub mod demux;
mod egress;
mod ingress;
mod lane;
mod metrics;
mod negotiate;
mod peer;
mod session;
mod socket;
mod trickle;
mod turn;
mod viewer;

pub use attempts::{Attempt, Attempts, Reached};
pub use config::Config;
pub use metrics::Metrics;
pub use negotiate::OFFER_LEN_MAX;
pub use session::{Codecs, Error, Facts, Offer, Restarted, Service, Started};
pub use socket::Sockets;
pub use turn::IceServer;
