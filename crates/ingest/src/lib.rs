//! Cameras into the hub: one supervised source per wanted camera.
//!
//! Refuses to know a database: the binary feeds it the list of wanted cameras and it reconciles;
//! only changed ones restart. Each source task is owned by this room's scope on a media runtime.

mod address;
mod arguments;
pub mod check;
mod copied;
pub mod failure;
mod guard;
mod measure;
mod metrics;
mod on_demand;
mod outlet;
mod proxy;
mod relay;
mod report;
mod rtsp;
mod service;
mod session;
mod source;
pub mod status;
mod supervisor;
mod task;
mod way;

pub use failure::Failure;
pub use metrics::Metrics;
pub use service::{Config, Service};
pub use source::{Client, Derived, Owner, SourceSpec, Transport};
pub use status::{CameraStatus, LastError, State, StatusBoard};

#[cfg(test)]
mod tests;
