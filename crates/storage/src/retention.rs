//! What goes when: age, size and free space decide, the row says so first, then the file is deleted.
//!
//! `policy` is pure; `gather` brings it the oldest rows, some at a time; `remover` deletes; `service` does
//! all that on its own schedule and tells recorders whether there is room. Never removed: what is being
//! recorded or uploaded, and what is owed to the archive unless the configuration gives it up. Refuses to
//! do anything on a volume that is not the one the database knows. The task is the caller's.

mod config;
mod gather;
mod policy;
mod remover;
mod room;
mod service;
mod volume;

pub(crate) use remover::file_of;

pub use config::{CameraLimits, Config, OnFull};
pub use gather::{Next, Scope, next, plan};
pub use policy::{Plan, Planned};
pub use remover::{Removed, Remover};
pub use room::{Handle, Room};
pub use service::Service;
pub use volume::{Space, VolumeRoot};

#[cfg(test)]
mod tests;

/// Why retention could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The catalogue.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The volume is away, or another.
    #[error(transparent)]
    Volume(#[from] crate::Error),
    /// A file could not be deleted.
    #[error("{path}: {source}")]
    Disk {
        /// Which.
        path: String,
        /// What the disk said.
        source: std::io::Error,
    },
    /// The thread that used the disk ended.
    #[error("the removal was interrupted")]
    Interrupted,
}
