//! RTSP: readers and publishers over TCP, TLS and UDP.
//!
//! `server` accepts, `connection` is the shell of one peer around the pure conversation, `door` says who
//! may, `session` is what flows. A connection's task lives on the runtime of its stream.

mod answers;
mod clock;
mod config;
mod connection;
mod door;
mod ending;
mod guesses;
mod lane;
mod limits;
mod metrics;
mod permission;
mod publisher;
mod reader;
mod server;
mod session;
mod socket;
mod udp;

pub use config::{Bounds, Config, Patience};
pub use door::Parts;
pub use metrics::Metrics;
pub use server::{Error, Listeners, Server};
