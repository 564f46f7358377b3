//! Every stream once in memory: one bounded ring per path, one publisher, any number of readers.
//!
//! Knows no protocol, and of codecs only where a reader may start. Runs no task of its own. The
//! design and its bounds are in `docs/design/hub.md`.

mod admit;
mod change;
mod demand;
mod metrics;
pub mod paths;
mod publisher;
mod reservation;
mod ring;
mod stream;
mod subscriber;

pub use admit::NotAdmitted;
pub use change::{Change, What};
pub use demand::Demand;
pub use metrics::Metrics;
pub use publisher::Publisher;
pub use reservation::Reservation;
pub use ring::RingLimits;
pub use stream::{Event, Hub, Origin, PathTaken, Start, StreamState};
pub use subscriber::Subscriber;

#[cfg(test)]
mod tests;
