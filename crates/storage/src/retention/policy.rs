//! Which segments go, by which rule, in which order. Pure: rows, sizes and the time come in.
//!
//! Rows are offered some at a time, the oldest first, one call per rule in the order of the rules: what an
//! earlier rule takes counts for the later ones.

use std::collections::{BTreeMap, BTreeSet};

use base::{CameraId, Wall};
use catalog::{Rule, Segment, SegmentId};

use super::config::Config;

/// A segment that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The segment.
    pub segment: Segment,
    /// By which rule.
    pub rule: Rule,
}

/// What is to go, as far as it is known.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    config: &'a Config,
    now: Wall,
    usage: BTreeMap<CameraId, u64>,
    short: u64,
    taken: BTreeSet<SegmentId>,
    planned: Vec<Planned>,
    len_max: usize,
}

impl<'a> Plan<'a> {
    /// A plan of at most `len_max` segments. `usage` is what each camera holds on the disk; `short` the
    /// bytes by which free space falls short.
    #[must_use]
    pub fn new(
        config: &'a Config,
        now: Wall,
        usage: BTreeMap<CameraId, u64>,
        short: u64,
        len_max: usize,
    ) -> Self {
        let taken = BTreeSet::new();
        Self { config, now, usage, short, taken, planned: Vec::new(), len_max }
    }

    /// Takes rows older than their camera's recordings may be.
    pub fn by_age(&mut self, rows: &[Segment]) {
        for row in rows {
            if self.is_expired(row) {
                self.take(row, Rule::MaxAge);
            }
        }
    }

    /// Takes rows that ended at `cutoff` or before.
    pub fn by_cleanup(&mut self, rows: &[Segment], cutoff: Wall) {
        for row in rows {
            if row.sealed.as_ref().is_some_and(|sealed| sealed.end <= cutoff) {
                self.take(row, Rule::Cleanup);
            }
        }
    }

    /// Takes rows of `camera` while it holds more than it may.
    pub fn by_camera_bytes(&mut self, camera: &CameraId, rows: &[Segment]) {
        for row in rows.iter().filter(|row| &row.new.camera == camera) {
            if self.over_camera(camera) == 0 {
                return;
            }
            self.take(row, Rule::MaxDiskUsage);
        }
    }

    /// Takes rows while all cameras hold more than they may.
    pub fn by_total_bytes(&mut self, rows: &[Segment]) {
        for row in rows {
            if self.over_total() == 0 {
                return;
            }
            self.take(row, Rule::MaxDiskUsage);
        }
    }

    /// Takes rows while free space falls short: archived ones first, then those that no archive waits for,
    /// then, if the configuration gives them up, those owed to it; of each the oldest first.
    pub fn by_space(&mut self, rows: &[Segment], rule: Rule) {
        let mut order: Vec<&Segment> = rows.iter().collect();
        order.sort_by_key(|row| (self.config.standing(row), row.new.start, row.id));
        for row in order {
            if self.short == 0 {
                return;
            }
            self.take(row, rule);
        }
    }

    /// Bytes by which a camera holds more than it may.
    #[must_use]
    pub fn over_camera(&self, camera: &CameraId) -> u64 {
        let held = self.usage.get(camera).copied().unwrap_or(0);
        over(held, self.config.limits(camera).max_bytes)
    }

    /// Bytes by which all cameras hold more than they may.
    #[must_use]
    pub fn over_total(&self) -> u64 {
        let held = self.usage.values().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
        over(held, self.config.max_bytes)
    }

    /// Bytes that free space still falls short of, with all that is planned gone.
    #[must_use]
    pub const fn short(&self) -> u64 {
        self.short
    }

    /// Whether no more can be planned: remove these, then plan again.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.planned.len() >= self.len_max
    }

    /// What goes, in order.
    #[must_use]
    pub fn into_planned(self) -> Vec<Planned> {
        self.planned
    }

    fn is_expired(&self, row: &Segment) -> bool {
        let max_age = self.config.limits(&row.new.camera).max_age;
        let max_age_us = i64::try_from(max_age.as_micros()).unwrap_or(i64::MAX);
        let end = row.sealed.as_ref().map(|sealed| sealed.end);
        max_age_us > 0 && end.is_some_and(|end| self.now.micros_since(end) >= max_age_us)
    }

    fn take(&mut self, row: &Segment, rule: Rule) {
        if self.is_full() || !self.config.may_go(row) || !self.taken.insert(row.id) {
            return;
        }
        let bytes = row.sealed.as_ref().map_or(0, |sealed| sealed.bytes);
        self.short = self.short.saturating_sub(bytes);
        if let Some(held) = self.usage.get_mut(&row.new.camera) {
            *held = held.saturating_sub(bytes);
        }
        self.planned.push(Planned { segment: row.clone(), rule });
    }
}

const fn over(held: u64, max: u64) -> u64 {
    if max == 0 { 0 } else { held.saturating_sub(max) }
}
