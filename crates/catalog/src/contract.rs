//! What every engine must do: one function per rule, run by each engine's tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use base::{CameraId, Wall};

use crate::{
    Camera, CameraFilter, Cameras, Error, Gap, GapReason, Ledger, Location, NewSegment, Sealed,
    SegmentState, Segments,
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

pub(crate) async fn a_run_of_the_node_is_known_to_the_next(db: &impl Ledger) {
    assert_eq!(db.node_started(at(1)).await.unwrap(), None);
    db.node_alive(at(5)).await.unwrap();
    let crashed = db.node_started(at(9)).await.unwrap().unwrap();
    assert_eq!((crashed.alive_at, crashed.stopped_at), (at(5), None));
    db.node_stopped(at(11)).await.unwrap();
    assert_eq!(db.node_started(at(12)).await.unwrap().unwrap().stopped_at, Some(at(11)));
}
