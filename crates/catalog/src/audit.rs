//! The audit trail: who did what, as rows that are only ever added and chained by hash.
//!
//! The chain is pure: its form in `canonical`, the walk that finds what somebody changed in `verify`.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::RangeFrom;

use base::Wall;

use crate::{Agencies, Error, Page};

mod canonical;
mod export;
#[cfg(test)]
mod tests;
mod verify;

pub use export::Format;
pub use verify::{Fault, Report, Walk, verify};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Wall,
    /// What kind of asker: `user`, `key`, `external`, `link`, `open`, `nobody`, `command`, `server`.
    pub kind: String,
    /// The asker's id; empty where there is none.
    pub id: String,
    /// The asker's name, or the name that was tried.
    pub name: String,
    /// What was done or tried: `login`, `watch_live`, `user_change`.
    pub action: String,
    /// On what: `camera:gate-1`, `user:anna`; empty: the server.
    pub object: String,
    /// Whose it is; empty: nobody's in particular.
    pub agency: String,
    /// From where: an IP address, or empty.
    pub address: String,
    /// The request's id.
    pub request: String,
    /// `ok`, or the code of the refusal or failure.
    pub result: String,
    /// More, by name; never a secret.
    pub detail: BTreeMap<String, String>,
}

/// A row of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// 1, 2, 3 without a gap.
    pub seq: i64,
    /// What happened.
    pub entry: Entry,
    /// Of the row before; zeros for the first.
    pub previous: [u8; 32],
    /// Of this one.
    pub hash: [u8; 32],
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// The newest row.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// Which rows. Empty: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailFilter {
    /// From this moment.
    pub start: Option<Wall>,
    /// Before this one.
    pub end: Option<Wall>,
    /// A name or id of who did it.
    pub who: Option<String>,
    /// This action.
    pub action: Option<String>,
    /// This object.
    pub object: Option<String>,
    /// This result; `refused`: all that are not `ok`.
    pub result: Option<String>,
    /// This agency.
    pub agency: Option<String>,
    /// Only rows of these agencies, none of no agency; `None`: all rows, those of no agency too.
    pub within: Option<Agencies>,
}

/// The audit trail of the catalogue.
pub trait Trail: Send + Sync {
    /// A handle each of whose changes of rights adds this row too, both or neither.
    #[must_use]
    fn noting(&self, entry: Entry) -> Self
    where
        Self: Sized;

    /// Adds entries in their order ([`Entry::bounded`]), all or none, and returns the chain's new end.
    /// When this returns they outlive a crash of this process, but not yet a loss of power.
    fn append(&self, entries: &[Entry])
    -> impl Future<Output = Result<Option<Head>, Error>> + Send;

    /// A page of rows, newest first by their time; [`crate::LIST_MAX`] at most.
    fn rows(
        &self,
        filter: &TrailFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page<Row>, Error>> + Send;

    /// Rows from this number on in the order of their numbers, for who walks the chain: as stored,
    /// whatever is wrong with them; [`crate::LIST_MAX`] at most. The first row is 1, a forger's may be less.
    fn chain(
        &self,
        from: RangeFrom<i64>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;

    /// The newest row's number and hash.
    fn head(&self) -> impl Future<Output = Result<Option<Head>, Error>> + Send;
}
