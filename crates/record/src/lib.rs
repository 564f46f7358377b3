//! Hub to segments: what is cut where, written through the volume, and accounted for in the ledger.
//!
//! One task per recorded stream, on the stream's own media runtime; disk and database have threads
//! of their own and can stall without touching it. Never calls the uploader: the segment's row is
//! the hand-over. Designs: `docs/design/segments.md`, `docs/design/time.md`.

mod gaps;
mod metrics;
mod pack;
mod recorder;
pub mod rolling;
mod schedule;
mod seal;
mod segmenter;
mod service;
pub mod startup;
mod wallmap;

pub use metrics::Metrics;
pub use pack::Format;
pub use recorder::{LossReason, RecordSpec};
pub use schedule::{Schedule, ScheduleError};
pub use service::{Config, Parts, Service};
