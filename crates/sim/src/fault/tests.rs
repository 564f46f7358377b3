//! When faults begin and end, and what they change.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use proptest::prelude::*;

fn plan(faults: &[&str], seed: u64) -> Plan {
    Plan::new(&faults.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>(), seed)
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// States of camera 1, ten times a second.
fn states(plan: &Plan, count: u32) -> Vec<State> {
    (0..count * 10).map(|step| plan.state(1, Duration::from_millis(100) * step)).collect()
}

#[test]
fn faults_are_read_and_mistakes_are_refused() {
    let read = |text: &str| text.parse::<Fault>().ok().map(|fault| (fault.every, fault.rate));
    assert_eq!(read("stall"), Some((seconds(20), 0.01)));
    assert_eq!(read("reset:every=7"), Some((seconds(7), 0.01)));
    assert_eq!(read("drop:rate=0.5"), Some((seconds(20), 0.5)));
    for wrong in ["", "x", "drop:rate=2", "drop:every=3", "stall:rate=1", "stall:every=0", "stall:"]
    {
        assert_eq!(read(wrong), None, "{wrong}");
    }
    assert_eq!(read("reset:every=NaN"), None);
}

#[test]
fn a_stall_comes_within_its_period_and_ends() {
    let states = states(&plan(&["stall:every=60"], 3), 240);
    let starts = states.windows(2).filter(|pair| !pair[0].is_stalled && pair[1].is_stalled).count();
    assert!((3..=4).contains(&starts), "{starts}");
    let stalled = states.iter().filter(|state| state.is_stalled).count();
    assert!((starts - 1) * 150 <= stalled && stalled <= starts * 151, "{stalled}");
}

#[test]
fn a_refusal_ends_what_is_connected_once() {
    let states = states(&plan(&["auth:every=10"], 1), 40);
    let entries = states.windows(2).filter(|pair| !pair[0].refuses && pair[1].refuses).count();
    let closures = states.windows(2).filter(|pair| pair[0].closures < pair[1].closures).count();
    assert!(entries == 4 && closures == 4, "{entries} {closures}");
    assert!(states.iter().any(|state| !state.refuses && state.closures > 0));
}

#[test]
fn a_clock_and_a_codec_change_and_change_back() {
    let states = states(&plan(&["clock-jump:every=5", "codec-change:every=7"], 9), 60);
    let changes = |of: fn(&State) -> bool| {
        states.windows(2).filter(|pair| of(&pair[0]) != of(&pair[1])).count()
    };
    assert_eq!(changes(|state| state.is_ahead), 12);
    assert!((8..=9).contains(&changes(|state| state.is_changed)));
    assert!(plan(&["codec-change"], 0).changes_codec() && !plan(&["reset"], 0).changes_codec());
}

#[test]
fn cameras_have_phases_of_their_own() {
    let plan = plan(&["reset:every=100"], 5);
    let first = |camera| (0..101).find(|at| plan.state(camera, seconds(*at)).closures > 0).unwrap();
    let mut phases: Vec<u64> = (1..=20).map(first).collect();
    phases.sort_unstable();
    phases.dedup();
    assert!(phases.len() > 10, "{phases:?}");
}

#[test]
fn packets_are_lost_at_the_rate_asked_for() {
    let plan = plan(&["drop:rate=0.1", "corrupt:rate=0.2"], 11);
    let mut chances = plan.chances(4);
    let fates: Vec<Fate> = (0..10_000).map(|_| plan.fate(&mut chances)).collect();
    let count = |fate| fates.iter().filter(|found| **found == fate).count();
    assert!((900..1_100).contains(&count(Fate::Lost)), "{}", count(Fate::Lost));
    assert!((1_650..1_950).contains(&count(Fate::Corrupted)), "{}", count(Fate::Corrupted));
}

proptest! {
    #[test]
    fn the_same_seed_does_the_same(seed: u64, camera: u16, millis in 0_u64..10_000_000) {
        let faults = ["stall:every=3", "reset:every=4", "auth:every=5", "drop"];
        let (first, second) = (plan(&faults, seed), plan(&faults, seed));
        let at = Duration::from_millis(millis);
        prop_assert_eq!(first.state(camera, at), second.state(camera, at));
        let (mut one, mut other) = (first.chances(camera), second.chances(camera));
        prop_assert_eq!(first.fate(&mut one), second.fate(&mut other));
    }

    #[test]
    fn corruption_changes_at_most_three_bits_and_keeps_the_kind(seed: u64, len in 0_usize..50) {
        let mut data = vec![0; len];
        Random::new(seed).corrupt(&mut data);
        let bits: u32 = data.iter().map(|byte| byte.count_ones()).sum();
        prop_assert!(bits <= 3 && data.iter().take(2).all(|byte| *byte == 0));
    }

    #[test]
    fn any_text_is_a_fault_or_refused(text in "[a-z:=0-9.-]{0,20}") {
        let _ = text.parse::<Fault>();
    }
}
