//! The rules, as properties of plans.

use std::collections::BTreeMap;
use std::time::Duration;

use catalog::{Rule, SegmentState};
use proptest::prelude::*;

use super::super::policy::{Plan, Planned};
use super::*;

fn state() -> impl Strategy<Value = SegmentState> {
    prop::sample::select(vec![
        SegmentState::Recording,
        SegmentState::Created,
        SegmentState::Uploading,
        SegmentState::Uploaded,
        SegmentState::Retry,
        SegmentState::Failed,
    ])
}

prop_compose! {
    fn rows()(parts in prop::collection::vec((0..3_usize, 0_i64..1_000, 1_u64..100, state()), 0..40)) -> Vec<Segment> {
        let names = ["a", "b", "c"];
        let made = parts.into_iter().enumerate().map(|(number, (camera, start, bytes, state))| {
            row(i64::try_from(number).unwrap(), names[camera], start, bytes, state)
        });
        let mut rows: Vec<Segment> = made.collect();
        rows.sort_by_key(|row| (row.new.start, row.id));
        rows
    }
}

prop_compose! {
    fn config()(
        limits in prop::collection::vec((0_u64..800, 0_u64..500, any::<bool>()), 3..=3),
        max_bytes in 0_u64..1_500,
        drop_unarchived in any::<bool>(),
    ) -> Config {
        let limit = |(max_age, max_bytes, archived): (u64, u64, bool)| CameraLimits {
            max_age: Duration::from_secs(max_age),
            max_bytes,
            archived,
        };
        let cameras = BTreeMap::from([(id("a"), limit(limits[0])), (id("b"), limit(limits[1]))]);
        let default = limit(limits[2]);
        Config { default, cameras, max_bytes, drop_unarchived, ..Config::default() }
    }
}

fn usage(rows: &[Segment]) -> BTreeMap<CameraId, u64> {
    let mut usage = BTreeMap::new();
    for row in rows {
        *usage.entry(row.new.camera.clone()).or_default() += bytes(row);
    }
    usage
}

fn bytes(row: &Segment) -> u64 {
    row.sealed.as_ref().map_or(0, |sealed| sealed.bytes)
}

/// All rules over all rows, as the shell does with pages of them.
fn planned(config: &Config, rows: &[Segment], short: u64, now: Wall) -> Vec<Planned> {
    let mut plan = Plan::new(config, now, usage(rows), short, usize::MAX);
    for camera in ["a", "b", "c"] {
        let of_camera: Vec<Segment> =
            rows.iter().filter(|row| row.new.camera == id(camera)).cloned().collect();
        plan.by_age(&of_camera);
        plan.by_camera_bytes(&id(camera), &of_camera);
    }
    plan.by_total_bytes(rows);
    plan.by_space(rows, Rule::MinFree);
    plan.into_planned()
}

proptest! {
    #[test]
    fn what_must_stay_is_in_no_plan(rows in rows(), config in config(), short in 0_u64..5_000) {
        for Planned { segment, .. } in planned(&config, &rows, short, at(1_000)) {
            prop_assert!(!matches!(segment.state, SegmentState::Recording | SegmentState::Uploading));
            let is_owed = config.limits(&segment.new.camera).archived && segment.state != SegmentState::Uploaded;
            prop_assert!(!is_owed || config.drop_unarchived, "{segment:?} is owed to the archive");
        }
    }

    #[test]
    fn nothing_is_planned_twice_and_nothing_without_a_reason(rows in rows(), config in config(), short in 0_u64..5_000) {
        let plan = planned(&config, &rows, short, at(1_000));
        let mut ids: Vec<_> = plan.iter().map(|planned| planned.segment.id).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), plan.len());
        for planned in &plan {
            let limits = config.limits(&planned.segment.new.camera);
            let age = at(1_000).micros_since(planned.segment.sealed.as_ref().unwrap().end);
            match planned.rule {
                Rule::MaxAge => prop_assert!(age >= i64::try_from(limits.max_age.as_micros()).unwrap() && !limits.max_age.is_zero()),
                Rule::MaxDiskUsage => prop_assert!(limits.max_bytes > 0 || config.max_bytes > 0),
                Rule::MinFree => prop_assert!(short > 0),
                other => prop_assert!(false, "{other:?} was not asked for"),
            }
        }
    }

    #[test]
    fn after_a_plan_every_limit_holds_or_nothing_that_may_go_is_left(rows in rows(), config in config(), short in 0_u64..5_000) {
        let plan = planned(&config, &rows, short, at(1_000));
        let gone: Vec<_> = plan.iter().map(|planned| planned.segment.id).collect();
        let left: Vec<Segment> = rows.iter().filter(|row| !gone.contains(&row.id)).cloned().collect();
        let may_go = |row: &&Segment| config.may_go(row);
        let held = usage(&left);
        for camera in ["a", "b", "c"].map(id) {
            let limit = config.limits(&camera).max_bytes;
            let over = limit > 0 && held.get(&camera).copied().unwrap_or(0) > limit;
            prop_assert!(!over || !left.iter().filter(may_go).any(|row| row.new.camera == camera));
        }
        let over = config.max_bytes > 0 && held.values().sum::<u64>() > config.max_bytes;
        prop_assert!(!over || !left.iter().any(|row| config.may_go(row)));
        let freed: u64 = plan.iter().map(|planned| bytes(&planned.segment)).sum();
        prop_assert!(freed >= short || !left.iter().any(|row| config.may_go(row)));
    }

    #[test]
    fn for_space_archived_go_first_and_the_oldest_of_each_before_younger(rows in rows(), short in 1_u64..3_000) {
        let archived = CameraLimits { archived: true, ..CameraLimits::default() };
        let cameras = BTreeMap::from([(id("a"), archived)]);
        let config = Config { cameras, drop_unarchived: true, ..Config::default() };
        let plan = planned(&config, &rows, short, at(1_000));
        let keys: Vec<_> = plan.iter().map(|planned| (config.standing(&planned.segment), planned.segment.new.start)).collect();
        prop_assert!(keys.is_sorted(), "{keys:?}");
        if let Some(last) = keys.last() {
            for row in rows.iter().filter(|row| config.may_go(row)) {
                let stays = !plan.iter().any(|planned| planned.segment.id == row.id);
                prop_assert!(!stays || (config.standing(row), row.new.start) >= *last, "{row:?} should have gone before");
            }
        }
        let needed: u64 = plan.iter().rev().skip(1).map(|planned| bytes(&planned.segment)).sum();
        prop_assert!(needed < short, "one segment less would have been enough");
    }
}

#[test]
fn what_age_takes_counts_for_size_and_space() {
    let limits = CameraLimits {
        max_age: Duration::from_secs(500),
        max_bytes: 100,
        ..CameraLimits::default()
    };
    let config = Config { default: limits, ..Config::default() };
    let rows: Vec<Segment> =
        (0..4).map(|number| row(number, "a", number * 200, 50, SegmentState::Created)).collect();
    let plan = planned(&config, &rows, 60, at(700));
    let short: Vec<_> = plan.iter().map(|p| (p.segment.id.0, p.rule)).collect();
    assert_eq!(short, [(0, Rule::MaxAge), (1, Rule::MaxDiskUsage)]);
}

#[test]
fn of_a_small_volume_one_twentieth_stays_free() {
    let config = Config { min_free: 2_000_000_000, ..Config::default() };
    assert_eq!(config.reserve(32 << 20), (32 << 20) / 20);
    assert_eq!(config.reserve(4_000_000_000_000), 2_000_000_000);
}
