//! Walks the chain and names what was edited, deleted, inserted, put elsewhere or cut off.
//!
//! [`Walk`] is pure: rows in, a report out. A fault does not end it, so that all are found.

use std::fmt;

use super::{Head, Row, Trail};
use crate::Error;

/// Rows that are looked at at once.
const PAGE_LEN: u32 = 1_000;
/// Faults that a report names; more are counted.
const FAULTS_MAX: usize = 100;

/// What is wrong with the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The row's hash is not that of what it says.
    Edited {
        /// The row.
        seq: i64,
    },
    /// The row does not carry the hash of the one before it: one of them is not what was written.
    Unlinked {
        /// The row.
        seq: i64,
    },
    /// Rows are gone.
    Missing {
        /// The first.
        first: i64,
        /// The last.
        last: i64,
    },
    /// A row whose number was there before, or is less than 1.
    Stray {
        /// Its number.
        seq: i64,
    },
    /// The newest rows are gone: the chain reached further once.
    CutOff {
        /// The first that is gone.
        first: i64,
        /// The last that was known.
        last: i64,
    },
    /// The row is whole, and another than the one that was remembered: from somewhere before it on, the
    /// chain was written anew.
    Replaced {
        /// The row.
        seq: i64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited { seq } => write!(f, "row {seq} was edited"),
            Self::Unlinked { seq } => write!(f, "row {seq} does not follow the row before it"),
            Self::Missing { first, last } if first == last => write!(f, "row {first} is missing"),
            Self::Missing { first, last } => write!(f, "rows {first} to {last} are missing"),
            Self::Stray { seq } => write!(f, "row {seq} is where no row belongs"),
            Self::CutOff { first, last } => write!(f, "rows {first} to {last} were cut off"),
            Self::Replaced { seq } => write!(f, "row {seq} is another than the remembered one"),
        }
    }
}

/// What a walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows that were looked at.
    pub rows: u64,
    /// The end of the chain: keep it elsewhere, and give it to the next walk.
    pub head: Option<Head>,
    /// The first hundred faults, in the order of the walk.
    pub faults: Vec<Fault>,
    /// Faults in all.
    pub faults_total: u64,
}

impl Report {
    /// True when nothing is wrong.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.faults_total == 0
    }
}

/// Walks the whole chain of `db`, a thousand rows at a time. `remembered`: its end at an earlier moment,
/// kept where who writes the database cannot write; without it a chain that was cut off or written anew
/// looks whole. Rows may be added meanwhile.
///
/// # Errors
/// [`Error::Engine`] when the database cannot be read; what can be read and is wrong is in the report.
pub async fn verify(db: &impl Trail, remembered: Option<Head>) -> Result<Report, Error> {
    let mut walk = Walk::new(remembered);
    let mut from = Some(i64::MIN);
    while let Some(first) = from {
        let rows = db.chain(first.., PAGE_LEN).await?;
        rows.iter().for_each(|row| walk.step(row));
        from = rows.last().and_then(|row| row.seq.checked_add(1));
    }
    Ok(walk.finish())
}

/// A walk along rows, from the first to the newest.
#[derive(Debug)]
pub struct Walk {
    remembered: Option<Head>,
    report: Report,
}

impl Walk {
    /// Before the first row.
    #[must_use]
    pub fn new(remembered: Option<Head>) -> Self {
        Self { remembered, report: Report::default() }
    }

    /// Looks at the next row.
    pub fn step(&mut self, row: &Row) {
        self.report.rows += 1;
        let last = self.report.head;
        let expected = last.map_or(1, |head| head.seq.saturating_add(1));
        if row.computed_hash() != row.hash {
            self.fault(Fault::Edited { seq: row.seq });
        }
        if row.seq < expected {
            return self.fault(Fault::Stray { seq: row.seq });
        }
        if row.seq > expected {
            self.fault(Fault::Missing { first: expected, last: row.seq - 1 });
        } else if row.previous != last.map_or([0; 32], |head| head.hash) {
            self.fault(Fault::Unlinked { seq: row.seq });
        }
        if self.remembered.is_some_and(|head| head.seq == row.seq && head.hash != row.hash) {
            self.fault(Fault::Replaced { seq: row.seq });
        }
        self.report.head = Some(row.head());
    }

    /// The report, after the newest row.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let reached = self.report.head.map_or(0, |head| head.seq);
        if let Some(head) = self.remembered.filter(|head| head.seq > reached) {
            self.fault(Fault::CutOff { first: reached.saturating_add(1), last: head.seq });
        }
        self.report
    }

    fn fault(&mut self, fault: Fault) {
        self.report.faults_total += 1;
        if self.report.faults.len() < FAULTS_MAX {
            self.report.faults.push(fault);
        }
    }
}
