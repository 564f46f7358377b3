//! The rules, one by one.
#![allow(clippy::unwrap_used)]

use base::StreamPath;
use proptest::prelude::*;

use super::*;

fn path(text: &str) -> StreamPath {
    StreamPath::new(text).unwrap()
}

fn pulled(name: &str, url: &str, agency: &str) -> Rule {
    Rule {
        name: name.to_owned(),
        agency: Some(agency.to_owned()),
        pull: Some(Pull { url: url.to_owned(), ..Pull::default() }),
        on_demand: true,
        ..Rule::default()
    }
}

fn published(name: &str) -> Rule {
    Rule { name: name.to_owned(), publish: true, ..Rule::default() }
}

fn rules(rules: Vec<Rule>) -> Rules {
    Rules::new(rules).unwrap()
}

fn rule_of(rules: &Rules, asked: &str) -> Option<String> {
    rules.find(&path(asked)).map(|found| found.rule().name.clone())
}

fn address(rules: &Rules, asked: &str) -> Option<String> {
    rules.find(&path(asked))?.address().map(|address| address.url)
}

#[test]
fn the_most_exact_rule_wins_then_the_first_that_was_written() {
    let rules = rules(vec![
        published("all_others"),
        pulled("metro_*", "rtsp://h/{1}", "METRO"),
        pulled("~^metro_([0-9]+)$", "rtsp://other/$G1", "OTHER"),
        pulled("metro_7", "rtsp://seven/x", "SEVEN"),
    ]);
    assert_eq!(rule_of(&rules, "metro_7").as_deref(), Some("metro_7"));
    assert_eq!(rule_of(&rules, "metro_8").as_deref(), Some("metro_*"));
    assert_eq!(rule_of(&rules, "metro_8/x").as_deref(), Some("all_others"));
    assert_eq!(rule_of(&rules, "metro_").as_deref(), Some("all_others"));
    assert_eq!(address(&rules, "metro_8").as_deref(), Some("rtsp://h/8"));
    assert_eq!(address(&rules, "metro_7").as_deref(), Some("rtsp://seven/x"));
}

#[test]
fn what_is_made_of_a_path_is_under_the_rule_of_that_path() {
    let rules = rules(vec![
        pulled("metro_*", "rtsp://h/{1}", "METRO"),
        pulled("~^.*$", "rtsp://any/{0}", "ANY"),
    ]);
    let found = rules.find(&path("metro_1/h264")).unwrap();
    assert_eq!(found.derivation(), Some(Derivation::H264));
    assert_eq!(rules.agency(&path("metro_1/h264")).as_deref(), Some("METRO"));
    assert!(found.address().is_none());
    assert!(rules.find(&path("metro_1/h264/opus")).is_none());
    assert_eq!(rules.publishable(&path("metro_1/opus")), Err(NotPublishable::Made));
}

#[test]
fn a_second_stream_is_under_the_rule_of_its_path_where_that_has_one() {
    let mut with_sub = pulled("bus_*", "rtsp://h/{1}/main", "BUS");
    with_sub.pull.as_mut().unwrap().sub_url = Some("rtsp://h/{1}/sub".to_owned());
    let rules = rules(vec![with_sub, pulled("metro_*", "rtsp://h/{1}", "METRO")]);
    assert_eq!(address(&rules, "bus_4/sub").as_deref(), Some("rtsp://h/4/sub"));
    assert_eq!(rules.agency(&path("bus_4/sub")).as_deref(), Some("BUS"));
    assert!(rules.find(&path("metro_4/sub")).is_none());
}

#[test]
fn a_path_is_published_only_where_its_rule_says_so() {
    let mut replaced = published("~^gate[0-9]$");
    replaced.override_publisher = true;
    let rules = rules(vec![pulled("metro_*", "rtsp://h/{1}", "METRO"), replaced]);
    assert_eq!(rules.publishable(&path("metro_1")), Err(NotPublishable::Pulled));
    assert_eq!(rules.publishable(&path("door")), Err(NotPublishable::NoRule));
    assert!(rules.publishable(&path("gate1")).unwrap().replaces);
}

#[test]
fn what_a_reader_asks_for_climbs_out_of_no_folder() {
    let rules = rules(vec![pulled("~^x(.*)$", "rtsp://h/cams/{1}/live", "A")]);
    assert_eq!(address(&rules, "x1").as_deref(), Some("rtsp://h/cams/1/live"));
    assert_eq!(address(&rules, "x../secret"), None);
    assert_eq!(address(&rules, "x."), None);
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let fault = |rule: Rule| Rules::new(vec![rule]).unwrap_err().1;
    assert_eq!(fault(pulled("a*", "rtsp://h/x", "A")), RuleFault::NoGroup);
    assert_eq!(fault(pulled("a*", "rtsp://h/{2}", "A")), RuleFault::NoSuchGroup(2));
    for url in ["rtsp://{1}/x", "rtsp://h:{1}/x", "rtsp://u:{1}@h/x", "{1}://h/x", "rtsp:///{1}"] {
        assert_eq!(fault(pulled("a*", url, "A")), RuleFault::GroupInHost, "{url}");
    }
    assert_eq!(fault(Rule { name: "a".into(), ..Rule::default() }), RuleFault::NoSource);
    let both = Rule { publish: true, ..pulled("a", "rtsp://h/x", "A") };
    assert_eq!(fault(both), RuleFault::TwoSources);
    let held = Rule { on_demand: false, ..pulled("a*", "rtsp://h/{1}", "A") };
    assert_eq!(fault(held), RuleFault::HeldPattern);
    for name in ["~(", "~(a{1000}){1000}", &format!("~{}", "(".repeat(100)), "", "a b", "../x"] {
        assert!(Rules::new(vec![published(name)]).is_err(), "{name}");
    }
    let twice = vec![published("a"), published("a")];
    assert_eq!(Rules::new(twice).unwrap_err().1, RuleFault::Twice);
}

#[test]
fn only_exact_rules_are_held() {
    let held = Rule { on_demand: false, ..pulled("yard", "rtsp://h/yard", "A") };
    let rules = rules(vec![held, pulled("gate", "rtsp://h/gate", "A"), published("x")]);
    assert_eq!(rules.held(), [path("yard")]);
}

proptest! {
    #[test]
    fn whatever_is_asked_for_the_host_stays(asked in "[a-zA-Z0-9._~/-]{1,80}") {
        let rules = rules(vec![pulled("~^(.*)$", "rtsp://user@host:554/in/{1}?c=$G1", "A")]);
        let Ok(asked) = StreamPath::new(&asked) else { return Ok(()) };
        if let Some(address) = rules.find(&asked).and_then(|found| found.address()) {
            prop_assert!(address.url.starts_with("rtsp://user@host:554/in/"));
            prop_assert!(!address.url.split(['/', '?']).any(|part| part == ".."));
        }
    }

    #[test]
    fn a_glob_takes_what_begins_like_it_and_is_one_part(
        prefix in "[a-z_]{1,8}", rest in "[a-z0-9._~-]{1,8}", more in "[a-z0-9]{1,8}",
    ) {
        let rules = rules(vec![pulled(&format!("{prefix}*"), "rtsp://h/{1}", "A")]);
        let asked = format!("{prefix}{rest}");
        prop_assert!(rules.find(&path(&asked)).is_some());
        let derived = ["h264", "opus", "aac"].contains(&more.as_str());
        prop_assert_eq!(rules.find(&path(&format!("{asked}/{more}"))).is_some(), derived);
    }

    #[test]
    fn no_name_or_address_panics(name in ".{0,40}", url in ".{0,60}") {
        let rule = Rule { name, ..pulled("", &url, "A") };
        if let Ok(rules) = Rules::new(vec![rule]) {
            let _ = rules.find(&path("a/b")).and_then(|found| found.address());
        }
    }
}
