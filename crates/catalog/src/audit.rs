//! The audit trail: who did what, as rows that are only ever added and chained by hash.

use std::collections::BTreeMap;
use std::future::Future;

use base::Wall;

use crate::{Agencies, Error, Page};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Only rows of these agencies; `None`: all rows, those of no agency too.
    pub within: Option<Agencies>,
}

/// The audit trail of the catalogue.
pub trait Trail: Send + Sync {
    /// Adds entries in their order, all or none, and returns the chain's new end.
    fn append(&self, entries: &[Entry])
    -> impl Future<Output = Result<Option<Head>, Error>> + Send;

    /// A page of rows, newest first.
    fn rows(
        &self,
        filter: &TrailFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page<Row>, Error>> + Send;

    /// Rows after `seq` in the order in which they lie, for who walks the chain: as stored, whatever
    /// is wrong with them.
    fn chain(&self, after: i64, limit: u32)
    -> impl Future<Output = Result<Vec<Row>, Error>> + Send;

    /// The newest row's number and hash.
    fn head(&self) -> impl Future<Output = Result<Option<Head>, Error>> + Send;
}
