//! What every room needs and no room owns: clocks, ids, back-off, secrets that cannot be printed by
//! accident, kinds of errors, the health board, networks and where we may connect to, and (feature
//! `tasks`) scopes that own tasks.
//!
//! To enter, a thing has three users; nothing here knows HTTP or a codec.

pub mod backoff;
pub mod clock;
pub mod error;
pub mod health;
pub mod id;
pub mod net;
pub mod outgoing;
pub mod secret;
#[cfg(feature = "tasks")]
pub mod task;

pub use backoff::Backoff;
pub use clock::{Clock, ManualClock, Mono, SystemClock, Wall};
pub use error::ErrorKind;
pub use id::{CameraId, StreamPath};
pub use secret::Secret;
