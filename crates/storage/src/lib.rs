//! Where bytes rest: names of files, the local volume that segments are written to, and what is done
//! about files that a crash left.
//!
//! Knows rows of the catalogue but decides nothing about what is recorded. The volume owns two
//! threads; repair borrows blocking ones.

pub mod check;
pub mod error;
pub mod file;
pub mod keys;
pub mod ledger;
pub mod local;
mod metrics;
pub mod repair;
pub mod retention;

pub use error::Error;
pub use metrics::{LedgerMetrics, Metrics, RetentionMetrics};
