//! Publishers by RTP: packets in, a stream like any other out.
//!
//! Pure but for the hub that it publishes to: packets and moments come in from the protocol's own task,
//! which owns the [`Sink`] and asks it for the next deadline. Whether somebody may publish, and for how
//! long a silent publisher is kept, is the protocol's to decide.

mod clock;
mod error;
mod flow;
mod lane;
mod sink;

pub use error::PublishError;
pub use sink::{Order, Sink};

#[cfg(test)]
mod tests;
