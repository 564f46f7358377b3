//! What every engine must do: one function per rule, run by each engine's tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod audit;
mod paths;
mod people;

use base::{CameraId, Wall};

pub(crate) use audit::*;
pub(crate) use paths::*;
pub(crate) use people::*;

use crate::{
    Camera, CameraFilter, Cameras, Candidates, Error, Gap, GapReason, Ledger, Location, NewSegment,
    Place, Removal, Removals, Rule, Sealed, SegmentId, SegmentState, Segments, Which,
};

fn at(seconds: i64) -> Wall {
    Wall::from_micros(seconds * 1_000_000)
}

fn id(text: &str) -> CameraId {
    CameraId::new(text).unwrap()
}

fn camera(name: &str, lng: f64, lat: f64) -> Camera {
    Camera {
        id: id(name),
        name: format!("Camera {name}"),
        source: "OTHER".into(),
        role: "perimeter".into(),
        location: Some(Location {
            lng,
            lat,
            direction: None,
            field_of_view: Some(90.0),
            range_m: None,
        }),
        enabled: true,
        tags: vec!["indoor".into()],
        managed_by: "file".into(),
        removed_at: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) async fn file_cameras_are_added_changed_and_marked_removed(db: &impl Cameras) {
    let (a, b) = (camera("a", 55.0, 25.0), camera("b", 179.5, 0.0));
    db.upsert_file_cameras(&[a.clone(), b.clone()], at(1)).await.unwrap();
    let changed = Camera { name: "Renamed".into(), ..a.clone() };
    db.upsert_file_cameras(&[changed], at(2)).await.unwrap();
    let read = db.camera(&id("a")).await.unwrap();
    assert_eq!((read.name.as_str(), read.created_at, read.updated_at), ("Renamed", at(1), at(2)));
    assert_eq!(db.camera(&id("b")).await.unwrap().removed_at, Some(at(2)));
    let page = db.cameras(&CameraFilter::default(), 10, None).await.unwrap();
    assert_eq!((page.items.len(), page.total), (1, Some(1)));
    assert!(matches!(db.camera(&id("zz")).await, Err(Error::NotFound { .. })));
    db.upsert_file_cameras(&[a, b], at(3)).await.unwrap();
    assert_eq!(db.camera(&id("b")).await.unwrap().removed_at, None);
}

pub(crate) async fn cameras_are_found_by_box_words_and_pages(db: &impl Cameras) {
    let all = [camera("a", 55.0, 25.0), camera("b", 179.5, 0.0), camera("c", -179.5, 0.0)];
    db.upsert_file_cameras(&all, at(1)).await.unwrap();
    let ids = async |filter: CameraFilter| {
        let page = db.cameras(&filter, 10, None).await.unwrap();
        page.items.iter().map(|camera| camera.id.to_string()).collect::<Vec<_>>()
    };
    let bbox = |bbox| CameraFilter { bbox: Some(bbox), ..CameraFilter::default() };
    assert_eq!(ids(bbox([54.0, 24.0, 56.0, 26.0])).await, ["a"]);
    assert_eq!(ids(bbox([179.0, -1.0, -179.0, 1.0])).await, ["b", "c"]);
    assert_eq!(
        ids(CameraFilter { q: Some("CAMERA B".into()), ..CameraFilter::default() }).await,
        ["b"]
    );
    assert!(ids(CameraFilter { q: Some("%".into()), ..CameraFilter::default() }).await.is_empty());
    assert_eq!(
        ids(CameraFilter { tag: Some("indoor".into()), ..CameraFilter::default() }).await.len(),
        3
    );
    assert!(
        ids(CameraFilter { role: Some("x".into()), ..CameraFilter::default() }).await.is_empty()
    );
    let first = db.cameras(&CameraFilter::default(), 2, None).await.unwrap();
    let rest = db.cameras(&CameraFilter::default(), 2, first.next_cursor.as_deref()).await.unwrap();
    assert_eq!((rest.items[0].id.as_str(), rest.next_cursor), ("c", None));
    assert!(matches!(
        db.cameras(&CameraFilter::default(), 2, Some("zz")).await,
        Err(Error::Invalid(_))
    ));
}

pub(crate) async fn a_segment_lives_from_recording_to_created(db: &impl Segments) {
    let new = |start: i64| NewSegment {
        camera: id("a"),
        stream: id("a").main_path(),
        path: format!("a/{start}.mp4"),
        start: at(start),
        format: "fmp4".into(),
        codecs: "avc1.42c01e".into(),
    };
    let sealed = Sealed { end: at(160), duration_us: 60_000_000, bytes: 5, sha256: [7; 32] };
    let first = db.create_segment(&new(100)).await.unwrap();
    assert!(matches!(db.create_segment(&new(100)).await, Err(Error::Invalid(_))));
    assert_eq!(db.open_segments().await.unwrap().len(), 1);
    db.seal_segment(first, &sealed).await.unwrap();
    assert!(matches!(db.seal_segment(first, &sealed).await, Err(Error::NotFound { .. })));
    let read = db.segment(first).await.unwrap();
    assert_eq!((read.state, read.sealed.as_ref()), (SegmentState::Created, Some(&sealed)));
    let second = db.create_segment(&new(160)).await.unwrap();
    let page = db.segments(&id("a"), at(159), at(161), 1, None).await.unwrap();
    assert_eq!(page.items[0].id, first);
    let page =
        db.segments(&id("a"), at(159), at(161), 1, page.next_cursor.as_deref()).await.unwrap();
    assert_eq!((page.items[0].id, page.next_cursor), (second, None));
    assert!(db.segments(&id("a"), at(0), at(100), 9, None).await.unwrap().items.is_empty());
    db.discard_segment(second).await.unwrap();
    assert!(db.segment_by_path("a/160.mp4").await.unwrap().is_none());
}

pub(crate) async fn a_gap_opens_splits_and_closes(db: &impl Ledger) {
    let a = id("a");
    db.open_gap(&a, at(10), GapReason::CameraDown).await.unwrap();
    db.open_gap(&a, at(12), GapReason::CameraDown).await.unwrap();
    db.open_gap(&a, at(20), GapReason::Authentication).await.unwrap();
    assert_eq!(db.known_until(&a).await.unwrap(), Some(at(20)));
    db.close_gap(&a, at(30)).await.unwrap();
    db.close_gap(&a, at(40)).await.unwrap();
    let gap = |start, end, reason| Gap {
        camera: a.clone(),
        start: at(start),
        end: Some(at(end)),
        reason,
    };
    let expected = [gap(10, 20, GapReason::CameraDown), gap(20, 30, GapReason::Authentication)];
    assert_eq!(db.gaps(&a, at(0), at(100)).await.unwrap(), expected);
    db.open_gap(&a, at(50), GapReason::Disk).await.unwrap();
    db.close_gap(&a, at(50)).await.unwrap();
    assert!(db.open_gaps().await.unwrap().is_empty());
    assert_eq!(db.gaps(&a, at(0), at(100)).await.unwrap().len(), 2);
    assert_eq!(db.known_until(&id("never")).await.unwrap(), None);
}

pub(crate) async fn cameras_of_which_something_is_known_are_found(
    db: &(impl Cameras + Segments + Ledger),
) {
    let all = ["a", "b", "c"].map(|name| camera(name, 0.0, 0.0));
    db.upsert_file_cameras(&all, at(1)).await.unwrap();
    let new = NewSegment {
        camera: id("a"),
        stream: id("a").main_path(),
        path: "a/1.mp4".to_owned(),
        start: at(1),
        format: "fmp4".to_owned(),
        codecs: String::new(),
    };
    db.create_segment(&new).await.unwrap();
    db.open_gap(&id("b"), at(5), GapReason::Disk).await.unwrap();
    assert_eq!(db.recorded_cameras().await.unwrap(), [id("a"), id("b")]);
    db.upsert_file_cameras(&[], at(9)).await.unwrap();
    assert_eq!(db.recorded_cameras().await.unwrap(), [id("a"), id("b")]);
}

pub(crate) async fn a_run_of_the_node_is_known_to_the_next(db: &impl Ledger) {
    assert_eq!(db.node_started(at(1)).await.unwrap(), None);
    db.node_alive(at(5)).await.unwrap();
    let crashed = db.node_started(at(9)).await.unwrap().unwrap();
    assert_eq!((crashed.alive_at, crashed.stopped_at), (at(5), None));
    db.node_stopped(at(11)).await.unwrap();
    assert_eq!(db.node_started(at(12)).await.unwrap().unwrap().stopped_at, Some(at(11)));
}

const REMOVABLE: [SegmentState; 4] =
    [SegmentState::Created, SegmentState::Uploaded, SegmentState::Retry, SegmentState::Failed];

/// A sealed segment of a minute and 100 bytes.
async fn sealed_segment(db: &impl Segments, camera: &str, start: i64) -> SegmentId {
    let new = NewSegment {
        camera: id(camera),
        stream: id(camera).main_path(),
        path: format!("{camera}/{start}.mp4"),
        start: at(start),
        format: "fmp4".into(),
        codecs: "avc1.42c01e".into(),
    };
    let made = db.create_segment(&new).await.unwrap();
    let sealed =
        Sealed { end: at(start + 60), duration_us: 60_000_000, bytes: 100, sha256: [7; 32] };
    db.seal_segment(made, &sealed).await.unwrap();
    made
}

pub(crate) async fn what_lies_on_the_disk_is_known_by_camera_and_by_age(
    db: &(impl Segments + Removals),
) {
    let (b, a2) = (sealed_segment(db, "b", 50).await, sealed_segment(db, "a", 200).await);
    let a1 = sealed_segment(db, "a", 100).await;
    let open = NewSegment { path: "a/open.mp4".into(), ..db.segment(a1).await.unwrap().new };
    db.create_segment(&open).await.unwrap();
    let usage = db.usage().await.unwrap();
    let short: Vec<_> = usage.iter().map(|u| (u.camera.as_str(), u.segments, u.bytes)).collect();
    assert_eq!(short, [("a", 2, 200), ("b", 1, 100)]);
    let oldest = async |cameras: Which, limit: u32| {
        let found = db.oldest(&Candidates { states: REMOVABLE.into(), cameras, limit }).await;
        found.unwrap().iter().map(|segment| segment.id).collect::<Vec<_>>()
    };
    assert_eq!(oldest(Which::All, 9).await, [b, a1, a2]);
    assert_eq!(oldest(Which::All, 2).await, [b, a1]);
    assert_eq!(oldest(Which::Only(vec![id("a")]), 9).await, [a1, a2]);
    assert_eq!(oldest(Which::Only(vec![id("a"), id("b")]), 9).await, [b, a1, a2]);
    assert_eq!(oldest(Which::Only(Vec::new()), 9).await, []);
    assert_eq!(oldest(Which::Except(vec![id("a")]), 9).await, [b]);
    let uploaded = Candidates {
        states: vec![SegmentState::Uploaded, SegmentState::Recording],
        cameras: Which::All,
        limit: 9,
    };
    assert_eq!(db.oldest(&uploaded).await.unwrap(), []);
    let stored = db.stored(Some(&id("a")), SegmentId(0), 9).await.unwrap();
    assert_eq!(stored.len(), 3, "what is being recorded is stored too");
    assert_eq!(db.stored(None, a1, 9).await.unwrap().len(), 1);
}

pub(crate) async fn a_removal_is_begun_before_the_file_goes_and_finished_after(
    db: &(impl Segments + Removals),
) {
    let first = sealed_segment(db, "a", 100).await;
    let open = NewSegment { path: "a/open.mp4".into(), ..db.segment(first).await.unwrap().new };
    let open = db.create_segment(&open).await.unwrap();
    let removal = Removal { rule: Rule::Person, at: at(500), by: Some("amal".into()) };
    let begun = db.begin_removal(&[first, open, SegmentId(999)], &removal).await.unwrap();
    assert_eq!(begun, [first], "what is being recorded stays");
    assert_eq!(db.begin_removal(&[first], &removal).await.unwrap(), [], "begun once");
    let ids = |found: Vec<crate::Segment>| found.iter().map(|s| s.id).collect::<Vec<_>>();
    assert_eq!(ids(db.begun_removals(9).await.unwrap()), [first]);
    db.cancel_removal(&[first]).await.unwrap();
    assert_eq!(db.segment(first).await.unwrap().removal, None);
    db.begin_removal(&[first], &removal).await.unwrap();
    db.finish_removal(&[first, open]).await.unwrap();
    let row = db.segment(first).await.unwrap();
    assert_eq!(
        (row.state, row.place, row.removal),
        (SegmentState::Removed, Place::None, Some(removal))
    );
    assert_eq!(db.segment(open).await.unwrap().state, SegmentState::Recording);
    assert_eq!(ids(db.begun_removals(9).await.unwrap()), []);
    assert!(db.usage().await.unwrap().is_empty());
    let again = Sealed { end: at(120), duration_us: 20_000_000, bytes: 9, sha256: [1; 32] };
    assert!(matches!(db.reseal_segment(first, &again).await, Err(Error::NotFound { .. })));
    let short = sealed_segment(db, "a", 300).await;
    db.reseal_segment(short, &again).await.unwrap();
    assert_eq!(db.segment(short).await.unwrap().sealed, Some(again));
}
