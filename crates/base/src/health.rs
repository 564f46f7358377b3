//! The health board: each part of the running server writes its own line, `/health` and `/ready` read all.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::Serialize;

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Works.
    Healthy,
    /// Works in part; somebody should look.
    Degraded,
    /// Does not work.
    Unhealthy,
}

/// One part's line on the board.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Component {
    /// How it is.
    pub status: Health,
    /// A stable code of why, empty when healthy.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub code: &'static str,
    /// More about it, where the part has something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// False until it has come up once: `/ready` waits for it.
    pub ready: bool,
}

/// A shared board. Cloning gives another handle to the same board.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<RwLock<BTreeMap<&'static str, Component>>>);

impl Board {
    /// Names a part that must come up before the server is ready.
    pub fn expect(&self, part: &'static str) {
        self.0.write().entry(part).or_insert(Component {
            status: Health::Healthy,
            code: "starting",
            detail: String::new(),
            ready: false,
        });
    }

    /// Writes a part's line. The part counts as up when it is not unhealthy.
    pub fn set(&self, part: &'static str, status: Health, code: &'static str) {
        self.explain(part, status, code, String::new());
    }

    /// Writes a part's line with a text for people: no secrets, and not longer than a page.
    pub fn explain(&self, part: &'static str, status: Health, code: &'static str, detail: String) {
        let ready = status != Health::Unhealthy;
        self.0.write().insert(part, Component { status, code, detail, ready });
    }

    /// All lines.
    #[must_use]
    pub fn components(&self) -> BTreeMap<&'static str, Component> {
        self.0.read().clone()
    }

    /// The worst line decides; an empty board is healthy.
    #[must_use]
    pub fn overall(&self) -> Health {
        self.0.read().values().map(|c| c.status).max().unwrap_or(Health::Healthy)
    }

    /// The parts that are not up, each with its code; empty when ready.
    #[must_use]
    pub fn not_ready(&self) -> Vec<(&'static str, &'static str)> {
        self.0.read().iter().filter(|(_, c)| !c.ready).map(|(part, c)| (*part, c.code)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_part_decides_and_readiness_waits_for_all_expected() {
        let board = Board::default();
        board.expect("database");
        assert_eq!(board.not_ready(), [("database", "starting")]);
        board.set("database", Health::Healthy, "");
        board.set("disk", Health::Degraded, "disk_nearly_full");
        assert!(board.not_ready().is_empty());
        assert_eq!(board.overall(), Health::Degraded);
    }
}
