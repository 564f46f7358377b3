//! Every stream once in memory: one bounded ring per path, one publisher, any number of readers.
//!
//! Knows no protocol, and of codecs only where a reader may start. Runs no task of its own. The
//! design and its bounds are in `docs/design/hub.md`.

mod demand;
mod metrics;
mod ring;
mod stream;

pub use demand::Demand;
pub use metrics::Metrics;
pub use ring::RingLimits;
pub use stream::{Event, Hub, Origin, PathTaken, Publisher, Start, StreamState, Subscriber};

#[cfg(test)]
mod tests;
