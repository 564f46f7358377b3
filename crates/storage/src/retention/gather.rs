//! Brings the rows that the rules ask for, the oldest first and some at a time.

use std::collections::{BTreeMap, BTreeSet};

use base::{CameraId, Wall};
use catalog::{Candidates, Database, Removals, Rule, Segment, SegmentId, SegmentState, Which};

use super::config::{Config, NOT_ARCHIVED, OnFull};
use super::policy::{Plan, Planned};

/// Rows that are asked for at once.
const PAGE_LEN: u32 = 512;
/// Segments of one plan, no more than a page: what follows is planned again after these are removed.
pub(super) const PLAN_LEN_MAX: usize = 512;

/// What a plan is to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only this camera; the limits of all cameras together and of free space then do not count.
    pub camera: Option<CameraId>,
    /// What ended before goes too, by rule `cleanup`.
    pub older_than: Option<Wall>,
    /// Bytes by which free space falls short.
    pub short: u64,
    /// Age and sizes are looked at too, not free space alone.
    pub all_rules: bool,
    /// The rule that is named for what goes for free space.
    pub space_rule: Option<Rule>,
}

/// Plans what goes now.
///
/// # Errors
/// The catalogue's.
pub async fn plan(
    database: &Database,
    config: &Config,
    scope: &Scope,
    now: Wall,
) -> Result<Vec<Planned>, catalog::Error> {
    let usage = if scope.all_rules { usage(database).await? } else { BTreeMap::new() };
    let cameras: Vec<CameraId> = usage.keys().cloned().collect();
    let mut plan = Plan::new(config, now, usage, scope.short, PLAN_LEN_MAX);
    let gather = Gather { database, config };
    let is_asked = |camera: &CameraId| scope.camera.as_ref().is_none_or(|only| only == camera);
    for camera in cameras.iter().filter(|camera| is_asked(camera)) {
        gather.of_camera(&mut plan, camera, scope.older_than).await?;
    }
    if scope.camera.is_none() {
        if plan.over_total() > 0 {
            plan.by_total_bytes(&gather.oldest_of_all().await?);
        }
        let rule = scope.space_rule.unwrap_or(Rule::MinFree);
        gather.for_space(&mut plan, rule).await?;
    }
    Ok(plan.into_planned())
}

async fn usage(database: &Database) -> Result<BTreeMap<CameraId, u64>, catalog::Error> {
    let usage = database.usage().await?;
    Ok(usage.into_iter().map(|usage| (usage.camera, usage.bytes)).collect())
}

struct Gather<'a> {
    database: &'a Database,
    config: &'a Config,
}

impl Gather<'_> {
    async fn oldest(
        &self,
        states: Vec<SegmentState>,
        cameras: Which,
    ) -> Result<Vec<Segment>, catalog::Error> {
        self.database.oldest(&Candidates { states, cameras, limit: PAGE_LEN }).await
    }

    /// The rules about one camera.
    async fn of_camera(
        &self,
        plan: &mut Plan<'_>,
        camera: &CameraId,
        older_than: Option<Wall>,
    ) -> Result<(), catalog::Error> {
        let limits = self.config.limits(camera);
        let over = plan.over_camera(camera) > 0;
        if limits.max_age.is_zero() && !over && older_than.is_none() {
            return Ok(());
        }
        let rows =
            self.oldest(self.may_go(limits.archived), Which::Only(vec![camera.clone()])).await?;
        plan.by_age(&rows);
        if let Some(cutoff) = older_than {
            plan.by_cleanup(&rows, cutoff);
        }
        if over {
            plan.by_camera_bytes(camera, &rows);
        }
        Ok(())
    }

    /// States of segments that may go, for cameras with or without an archive.
    fn may_go(&self, archived: bool) -> Vec<SegmentState> {
        let mut states = vec![SegmentState::Uploaded];
        if !archived || self.config.drop_unarchived {
            states.extend(NOT_ARCHIVED);
        }
        states
    }

    /// The oldest that may go, of all cameras.
    async fn oldest_of_all(&self) -> Result<Vec<Segment>, catalog::Error> {
        let own = if self.config.drop_unarchived { Which::All } else { self.without_archive() };
        let mut rows = self.oldest(vec![SegmentState::Uploaded], Which::All).await?;
        rows.extend(self.oldest(NOT_ARCHIVED.into(), own).await?);
        rows.sort_by_key(|row| (row.new.start, row.id));
        // Past the end of a page that was full, the other page is not the oldest any more.
        rows.truncate(usize::try_from(PAGE_LEN).unwrap_or(usize::MAX));
        Ok(rows)
    }

    /// What goes for space, one standing after the other, as far as it is needed. A page that is taken
    /// whole fills the plan, so that no standing is begun before the one before is used up.
    async fn for_space(&self, plan: &mut Plan<'_>, rule: Rule) -> Result<(), catalog::Error> {
        if self.config.on_full == OnFull::Stop {
            return Ok(());
        }
        let mut steps = vec![
            (vec![SegmentState::Uploaded], Which::All),
            (NOT_ARCHIVED.into(), self.without_archive()),
        ];
        if self.config.drop_unarchived {
            steps.push((NOT_ARCHIVED.into(), Which::All));
        }
        for (states, cameras) in steps {
            if plan.short() == 0 || plan.is_full() {
                break;
            }
            plan.by_space(&self.oldest(states, cameras).await?, rule);
        }
        Ok(())
    }

    /// The cameras for whose segments no archive waits.
    fn without_archive(&self) -> Which {
        let with = |archived: bool| {
            let cameras = self.config.cameras.iter();
            let with = cameras.filter(move |(_, limits)| limits.archived == archived);
            with.map(|(camera, _)| camera.clone()).collect()
        };
        if self.config.default.archived {
            Which::Only(with(false))
        } else {
            Which::Except(with(true))
        }
    }
}

/// A segment that goes now or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The segment.
    pub segment: Segment,
    /// By which rule.
    pub rule: Rule,
    /// It goes now.
    pub is_due: bool,
    /// When it goes at the latest, where its age decides.
    pub at: Option<Wall>,
}

/// What goes next: all that goes now (some hundred at most), then up to `len` of those after, the oldest
/// first.
///
/// # Errors
/// The catalogue's.
pub async fn next(
    database: &Database,
    config: &Config,
    short: u64,
    now: Wall,
    len: usize,
) -> Result<Vec<Next>, catalog::Error> {
    let scope = Scope { short, all_rules: true, ..Scope::default() };
    let due = plan(database, config, &scope, now).await?.into_iter();
    let due = due.map(|Planned { segment, rule }| Next { segment, rule, is_due: true, at: None });
    let mut all: Vec<Next> = due.collect();
    let taken: BTreeSet<SegmentId> = all.iter().map(|next| next.segment.id).collect();
    let rows = Gather { database, config }.oldest_of_all().await?;
    let later = rows.into_iter().filter(|row| !taken.contains(&row.id));
    all.extend(later.filter_map(|row| later_by(config, row)).take(len));
    Ok(all)
}

/// The first rule that will take a segment some day.
fn later_by(config: &Config, segment: Segment) -> Option<Next> {
    let limits = config.limits(&segment.new.camera);
    let end = segment.sealed.as_ref()?.end;
    let max_age_us = i64::try_from(limits.max_age.as_micros()).unwrap_or(i64::MAX);
    let (rule, at) = match () {
        () if max_age_us > 0 => (Rule::MaxAge, Some(end.plus_micros(max_age_us))),
        () if limits.max_bytes > 0 || config.max_bytes > 0 => (Rule::MaxDiskUsage, None),
        () if config.on_full == OnFull::OverwriteOldest => (Rule::MinFree, None),
        () => return None,
    };
    Some(Next { segment, rule, is_due: false, at })
}
