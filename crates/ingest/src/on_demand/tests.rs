//! Paths that are asked for, in a real hub.
#![allow(clippy::unwrap_used)]

use base::CameraId;
use base::task::Pool;
use hub::paths::{Hooks, Pull, Rule};
use hub::{Hub, Origin, RingLimits, Start};
use media::Tracks;
use prometheus::Registry;
use tokio::runtime::Handle;

use super::*;
use crate::source::tests::spec;
use crate::{Config, Metrics, Service};

const SOON: Duration = Duration::from_secs(20);

struct Bench {
    hub: Hub,
    service: Service,
    _pool: Arc<Pool>,
}

fn bench() -> Bench {
    let registry = Registry::new();
    let hub = Hub::new(RingLimits::default(), hub::Metrics::new(&registry).unwrap());
    let pool = Arc::new(Pool::start("media", NonZeroUsize::MIN).unwrap());
    let (scope, metrics) = (Scope::new(Handle::current()), Metrics::new(&registry).unwrap());
    let config = Config { close_after: Duration::from_millis(10), ..Config::default() };
    let service = Service::new(hub.clone(), Arc::clone(&pool), scope, config, metrics);
    Bench { hub, service, _pool: pool }
}

fn path(text: &str) -> StreamPath {
    StreamPath::new(text).unwrap()
}

fn pulled(name: &str, url: &str) -> Rule {
    let pull = Pull { url: url.to_owned(), ..Pull::default() };
    Rule { name: name.to_owned(), pull: Some(pull), on_demand: true, ..Rule::default() }
}

/// Waits until a path is no longer there.
async fn gone(hub: &Hub, path: &StreamPath) {
    let gone = async {
        while hub.state(path).is_some_and(|state| state.fed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_of_a_rule_begins_with_its_first_reader_and_is_forgotten_after_its_last() {
    let bench = bench();
    bench.hub.set_rules(Rules::new(vec![pulled("gate_*", "rtsp://127.0.0.1:9/{1}")]).unwrap());
    assert!(bench.hub.subscribe(&path("door_1"), Start::Group).is_none());
    assert!(bench.hub.state(&path("gate_1")).is_none());
    let reader = bench.hub.subscribe(&path("gate_1"), Start::Group).unwrap();
    assert!(bench.hub.state(&path("gate_1")).unwrap().fed);
    drop(reader);
    gone(&bench.hub, &path("gate_1")).await;
    assert!(bench.hub.subscribe(&path("gate_1"), Start::Group).is_some());
    assert!(bench.service.close(SOON).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_goes_takes_its_paths_along_and_no_others() {
    let bench = bench();
    let (gate, door) =
        (pulled("gate_*", "rtsp://127.0.0.1:9/{1}"), pulled("door_*", "rtsp://127.0.0.1:9/{1}"));
    let yard = Rule { on_demand: false, ..pulled("yard", "rtsp://127.0.0.1:9/yard") };
    bench.hub.set_rules(Rules::new(vec![gate, door.clone(), yard]).unwrap());
    let readers =
        ["gate_1", "door_1"].map(|name| bench.hub.subscribe(&path(name), Start::Group).unwrap());
    let held = async {
        while bench.hub.state(&path("yard")).is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, held).await.unwrap();
    bench.hub.set_rules(Rules::new(vec![door]).unwrap());
    gone(&bench.hub, &path("gate_1")).await;
    gone(&bench.hub, &path("yard")).await;
    assert!(bench.hub.state(&path("door_1")).unwrap().fed);
    drop(readers);
    assert!(bench.service.close(SOON).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_streams_are_made_at_once_than_the_machine_has_cores_for() {
    let mut bench = bench();
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let cameras = (0..=cores * 2).map(|number| {
        let id = CameraId::new(&format!("cam{number}")).unwrap();
        let path = id.main_path();
        let owner = Owner::Camera(id);
        SourceSpec { owner, path, enabled: false, ..spec("rtsp://127.0.0.1:9/x", Client::Auto) }
    });
    bench.service.reconcile(cameras.collect());
    let made = |number| bench.hub.admit(&path(&format!("cam{number}/h264")), Start::Group);
    let readers: Vec<_> = (0..cores * 2).map(|number| made(number).unwrap()).collect();
    assert_eq!(made(cores * 2).err(), Some(NotAdmitted::Busy));
    drop(readers);
    gone(&bench.hub, &path("cam0/h264")).await;
    assert!(made(cores * 2).is_ok());
    assert!(bench.service.close(SOON).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_of_who_asks_for_what_it_would_publish() {
    let bench = bench();
    let hooks = Hooks { run_on_demand: vec!["publish".into()], ..Hooks::default() };
    let rule = Rule { name: "gate_*".into(), publish: true, hooks, ..Rule::default() };
    bench.hub.set_rules(Rules::new(vec![rule]).unwrap());
    let mut changes = bench.hub.follow_changes();
    let reader = bench.hub.subscribe(&path("gate_1"), Start::Group).unwrap();
    assert_eq!(changes.recv().await.unwrap().what, What::Demanded);
    let tracks = Tracks::new(Vec::new());
    let publisher = bench.hub.publish_by_rule(&path("gate_1"), tracks, Origin::default()).unwrap();
    drop(publisher);
    drop(reader);
    let ends = async { while changes.recv().await.unwrap().what != What::Undemanded {} };
    tokio::time::timeout(SOON, ends).await.unwrap();
    gone(&bench.hub, &path("gate_1")).await;
    assert!(bench.service.close(SOON).await.is_empty());
}
