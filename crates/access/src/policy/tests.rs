//! The policy, role by role.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::principal::{Identity, Link};

fn camera(id: &str, agency: &str, role: &str) -> Object {
    let id = CameraId::new(id).unwrap();
    Object::Camera(CameraObject { id, agency: agency.into(), role: role.into() })
}

fn of(role: Role, agencies: &[&str]) -> Principal {
    let agencies: Vec<String> = agencies.iter().map(|name| (*name).to_owned()).collect();
    let identity = Identity::User { id: "1".into(), name: "anna".into(), session: None };
    Principal::known(identity, Some(role), Agencies::from(agencies))
}

fn key(scopes: &[&str]) -> Principal {
    let identity = Identity::Key { id: "k".into(), name: "bus".into() };
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    Principal::known(identity, None, Agencies::none()).with_scopes(scopes)
}

#[test]
fn nobody_sees_a_camera_and_the_open_mode_sees_all() {
    let gate = camera("gate", "METRO", "");
    let ask = |who: &Principal| authorize(who, Action::WatchLive, &gate).map(|lease| lease.action);
    assert_eq!(ask(&Principal::nobody()), Err(Denied::Unauthenticated));
    assert_eq!(ask(&Principal::monitor()), Err(Denied::Unauthenticated));
    assert_eq!(ask(&Principal::open()), Ok(Action::WatchLive));
}

#[test]
fn a_role_may_what_the_lesser_may_and_no_more() {
    let gate = camera("gate", "METRO", "");
    for action in Action::ALL {
        for role in Role::ALL {
            let object = if action == Action::Publish { gate.clone() } else { Object::Server };
            let may = authorize(&of(role, &["*"]), action, &object).is_ok();
            let least = action.least_role();
            assert_eq!(may, least.is_none_or(|least| role >= least), "{action:?} {role}");
        }
    }
}

#[test]
fn what_lies_outside_ones_agencies_is_hidden() {
    let (own, other) = (camera("a", "METRO", ""), camera("b", "BUS", ""));
    let viewer = of(Role::Viewer, &["METRO"]);
    assert!(authorize(&viewer, Action::WatchLive, &own).is_ok());
    assert_eq!(authorize(&viewer, Action::WatchLive, &other), Err(Denied::Hidden));
    assert_eq!(authorize(&viewer, Action::MoveCamera, &other), Err(Denied::Forbidden));
    let nobody_s = Object::Stream(StreamPath::new("studio/1").unwrap());
    assert_eq!(authorize(&viewer, Action::WatchLive, &nobody_s), Err(Denied::Hidden));
    let (path, agency) = (StreamPath::new("metro_12").unwrap(), "METRO".to_owned());
    let metro_s = Object::AgencyStream { path, agency };
    assert!(authorize(&viewer, Action::WatchLive, &metro_s).is_ok());
    let bus = of(Role::Admin, &["BUS"]);
    assert_eq!(authorize(&bus, Action::WatchLive, &metro_s), Err(Denied::Hidden));
    assert_eq!(authorize(&bus, Action::Publish, &metro_s), Err(Denied::Forbidden));
    let public = Principal::public(Role::Viewer, ["public".to_owned()].into());
    assert_eq!(authorize(&public, Action::WatchLive, &metro_s), Err(Denied::Hidden));
    let admin = of(Role::Admin, &["METRO"]);
    assert_eq!(authorize(&admin, Action::ManageAccess, &Object::Server), Err(Denied::Forbidden));
    let audit = |agency: &str| authorize(&admin, Action::ReadAudit, &Object::Agency(agency.into()));
    assert!(audit("METRO").is_ok());
    assert_eq!(audit("BUS"), Err(Denied::Forbidden));
}

#[test]
fn the_public_looks_at_cameras_of_the_chosen_roles_only() {
    let public = Principal::public(Role::Viewer, ["public".to_owned()].into());
    let watch = |object| authorize(&public, Action::WatchLive, &object).map(|_| ());
    assert_eq!(watch(camera("a", "METRO", "public")), Ok(()));
    assert_eq!(watch(camera("a", "METRO", "perimeter")), Err(Denied::Hidden));
    let sign = authorize(&public, Action::SignAddress, &camera("a", "METRO", "public"));
    assert_eq!(sign, Err(Denied::Unauthenticated));
    let health = authorize(&public, Action::ReadHealth, &Object::Server);
    assert_eq!(health, Err(Denied::Unauthenticated));
}

#[test]
fn a_signed_address_opens_one_camera_for_one_purpose() {
    let link = |purpose| Link { camera: CameraId::new("a").unwrap(), purpose };
    let live = of(Role::Admin, &["*"]).narrowed(link(Purpose::Live));
    let ask = |action, id: &str| authorize(&live, action, &camera(id, "METRO", "")).map(|_| ());
    assert_eq!(ask(Action::WatchLive, "a"), Ok(()));
    assert_eq!(ask(Action::WatchLive, "b"), Err(Denied::Hidden));
    for action in Action::ALL {
        let expected = matches!(action, Action::WatchLive | Action::ReadPublic);
        assert_eq!(ask(action, "a").is_ok(), expected, "{action:?}");
    }
    let playback = of(Role::Viewer, &["METRO"]).narrowed(link(Purpose::Playback));
    let play = |agency| authorize(&playback, Action::PlayRecordings, &camera("a", agency, ""));
    assert!(play("METRO").is_ok() && play("BUS").is_err());
}

#[test]
fn publishing_needs_a_scope_of_the_path_or_an_administrator() {
    let path = |path: &str| Object::Stream(StreamPath::new(path).unwrap());
    let ask = |who: &Principal, at: &str| authorize(who, Action::Publish, &path(at)).map(|_| ());
    let bus = key(&["publish:bus_*"]);
    assert_eq!(ask(&bus, "bus_7"), Ok(()));
    assert_eq!(ask(&bus, "metro_7"), Err(Denied::Forbidden));
    assert_eq!(ask(&key(&[]), "bus_7"), Err(Denied::Forbidden));
    assert_eq!(ask(&of(Role::Supervisor, &["*"]), "bus_7"), Err(Denied::Forbidden));
    assert_eq!(ask(&of(Role::Admin, &["*"]), "bus_7"), Ok(()));
    assert!(authorize(&bus, Action::WatchLive, &path("bus_7")).is_err());
}

#[test]
fn a_pattern_is_anchored_at_both_ends() {
    for (pattern, path, fits) in [
        ("bus_*", "bus_7", true),
        ("bus_*", "xbus_7", false),
        ("*", "anything/at-all", true),
        ("bus_7", "bus_7", true),
        ("bus_7", "bus_77", false),
        ("a*b*c", "a1b2c", true),
        ("a*b*c", "a1c2b", false),
        ("a*a", "a", false),
        ("a**", "ab", true),
        ("", "a", false),
    ] {
        assert_eq!(matches_pattern(pattern, path), fits, "{pattern} {path}");
    }
}

proptest! {
    #[test]
    fn a_pattern_made_of_a_path_fits_it(path in "[a-c]{0,8}", cut in 0_usize..8, skip in 0_usize..8) {
        let cut = cut.min(path.len());
        let skip = (cut + skip).min(path.len());
        let pattern = format!("{}*{}", path.get(..cut).unwrap(), path.get(skip..).unwrap());
        prop_assert!(matches_pattern(&pattern, &path));
    }
}
