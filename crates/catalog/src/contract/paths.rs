//! What the control API keeps.

use super::{at, camera, id};
use crate::{Cameras, Error, KeptPath, KeptPaths, People, Trail, TrailFilter};

fn path(name: &str, settings: &str) -> KeptPath {
    KeptPath { name: name.into(), settings: settings.into(), source: None }
}

pub(crate) async fn a_kept_path_is_added_once_changed_and_removed(db: &impl KeptPaths) {
    let (b, a) = (path("Metro/12", "{}"), path("a", "{}"));
    db.add_path(&b, at(1)).await.unwrap();
    db.add_path(&a, at(1)).await.unwrap();
    assert!(matches!(db.add_path(&a, at(2)).await, Err(Error::Exists { .. })));
    assert_eq!(db.kept_paths().await.unwrap(), [b.clone(), a.clone()]);
    let changed = KeptPath { source: Some(vec![1, 2]), ..path("a", "{\"record\":true}") };
    db.change_path(&changed, at(3)).await.unwrap();
    assert_eq!(db.kept_paths().await.unwrap(), [b, changed]);
    db.remove_path("a").await.unwrap();
    assert!(matches!(db.remove_path("a").await, Err(Error::NotFound { .. })));
    assert!(matches!(db.change_path(&a, at(4)).await, Err(Error::NotFound { .. })));
    let long = path(&"x".repeat(256), "{}");
    for bad in [long, path("", "{}"), path("b", &"x".repeat(70_000))] {
        assert!(matches!(db.add_path(&bad, at(5)).await, Err(Error::Invalid(_))));
    }
    assert_eq!(db.kept_paths().await.unwrap().len(), 1);
}

pub(crate) async fn a_kept_path_and_its_row_of_the_trail_are_there_together(db: &crate::Database) {
    let entry = || crate::Entry { action: "path_add".into(), ..super::audit::entry(1) };
    db.noting(entry()).add_path(&path("a", "{}"), at(1)).await.unwrap();
    assert!(db.noting(entry()).add_path(&path("a", "{}"), at(1)).await.is_err());
    let rows = db.rows(&TrailFilter::default(), 10, None).await.unwrap();
    assert_eq!(rows.items.len(), 1);
}

pub(crate) async fn kept_sources_are_sealed_anew_with_all_others(db: &(impl KeptPaths + People)) {
    let sealed = KeptPath { source: Some(vec![1]), ..path("a", "{}") };
    db.add_path(&sealed, at(1)).await.unwrap();
    let all = db.all_sealed().await.unwrap();
    let found = all.iter().find(|one| one.place == "kept_paths.source").unwrap();
    assert_eq!(format!("{}/{}", found.place, found.id), KeptPath::place("a"));
    db.reseal(|_| Ok(vec![9])).await.unwrap();
    assert_eq!(db.kept_paths().await.unwrap()[0].source, Some(vec![9]));
}

pub(crate) async fn kept_settings_are_the_newest(db: &impl KeptPaths) {
    assert_eq!(db.kept_settings("global").await.unwrap(), None);
    for text in ["{}", "{\"logLevel\":\"debug\"}"] {
        db.keep_settings("global", text).await.unwrap();
        assert_eq!(db.kept_settings("global").await.unwrap().as_deref(), Some(text));
    }
    assert_eq!(db.kept_settings("defaults").await.unwrap(), None);
}

pub(crate) async fn cameras_of_others_are_not_the_files(db: &impl Cameras) {
    let mut of_api = camera("a", 1.0, 1.0);
    of_api.managed_by = "api".into();
    db.upsert_cameras("api", &[of_api], at(1)).await.unwrap();
    db.upsert_file_cameras(&[camera("b", 1.0, 1.0)], at(2)).await.unwrap();
    assert_eq!(db.camera(&id("a")).await.unwrap().removed_at, None);
    db.upsert_cameras("api", &[], at(3)).await.unwrap();
    assert_eq!(db.camera(&id("a")).await.unwrap().removed_at, Some(at(3)));
    assert_eq!(db.camera(&id("b")).await.unwrap().removed_at, None);
}
