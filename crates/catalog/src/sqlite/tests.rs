//! SQLite passes the contract, and keeps its own promises about files.
#![allow(clippy::unwrap_used)]

mod audit;

use base::{CameraId, Wall};

use super::{Database, MIGRATIONS, inspect};
use crate::{
    Candidates, Error, NewSegment, Place, Removal, Removals, Rule, Sealed, SegmentState, Segments,
    Which, contract,
};

async fn database() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(&dir.path().join("vedette.db"), 2).await.unwrap();
    (dir, database)
}

macro_rules! contract {
    ($($rule:ident)*) => {$(
        #[tokio::test]
        async fn $rule() {
            let (_dir, database) = database().await;
            contract::$rule(&database).await;
        }
    )*};
}

contract! {
    file_cameras_are_added_changed_and_marked_removed
    cameras_are_found_by_box_words_and_pages
    a_segment_lives_from_recording_to_created
    a_gap_opens_splits_and_closes
    what_lies_on_the_disk_is_known_by_camera_and_by_age
    a_removal_is_begun_before_the_file_goes_and_finished_after
    cameras_of_which_something_is_known_are_found
    a_run_of_the_node_is_known_to_the_next
    a_user_is_known_by_a_name_in_any_case
    users_are_listed_by_name_in_pages
    the_last_enabled_admin_stays
    a_user_that_goes_leaves_no_session
    a_key_is_known_by_its_hash_until_it_is_revoked
    a_session_is_known_by_its_hash_until_it_ends
    sessions_are_listed_and_ended_by_their_holder
    sessions_that_ended_long_ago_are_forgotten
    uses_are_noted_to_the_minute_and_never_back
    every_change_of_rights_is_another_revision
    sealed_values_are_sealed_anew_all_or_none
    what_is_too_long_is_refused
    rows_are_numbered_without_a_gap_and_chained
    rows_are_found_by_what_they_say
    rows_are_listed_newest_first_in_pages
    hostile_texts_come_back_bounded_and_whole
    a_chain_of_several_pages_is_walked
    a_kept_path_is_added_once_changed_and_removed
    a_kept_path_and_its_row_of_the_trail_are_there_together
    kept_sources_are_sealed_anew_with_all_others
    kept_settings_are_the_newest
    cameras_of_others_are_not_the_files
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused() {
    let (dir, database) = database().await;
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, '', 1, x'00', 0)")
        .execute(&database.writer)
        .await
        .unwrap();
    database.close().await;
    let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap();
    match Database::open(&dir.path().join("vedette.db"), 1).await.map(|_| ()) {
        Err(Error::NewerSchema { found: 999, known: k }) => assert_eq!(k, known),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vedette.db");
    std::fs::write(&path, vec![b'x'; 5_000]).unwrap();
    assert!(matches!(Database::open(&path, 1).await.map(|_| ()), Err(Error::Engine(_))));
}

#[tokio::test]
async fn an_archived_segment_leaves_the_disk_and_stays_in_the_archive() {
    let (_dir, database) = database().await;
    let camera = CameraId::new("a").unwrap();
    let new = NewSegment {
        stream: camera.main_path(),
        camera,
        path: "a/1.mp4".into(),
        start: Wall::from_micros(0),
        format: "fmp4".into(),
        codecs: String::new(),
    };
    let id = database.create_segment(&new).await.unwrap();
    let sealed = Sealed { end: Wall::from_micros(9), duration_us: 9, bytes: 1, sha256: [0; 32] };
    database.seal_segment(id, &sealed).await.unwrap();
    sqlx::query("UPDATE segments SET state = 'UPLOADED'").execute(&database.writer).await.unwrap();
    let removal = Removal { rule: Rule::MinFree, at: Wall::from_micros(10), by: None };
    assert_eq!(database.begin_removal(&[id], &removal).await.unwrap(), [id]);
    database.finish_removal(&[id]).await.unwrap();
    let row = database.segment(id).await.unwrap();
    assert_eq!((row.state, row.place), (SegmentState::Cleaned, Place::S3));
}

#[tokio::test]
async fn the_oldest_are_found_by_an_index_and_not_by_sorting() {
    let (_dir, database) = database().await;
    let camera = CameraId::new("a").unwrap();
    for (cameras, index) in [
        (Which::Only(vec![camera.clone()]), "segments_local_by_camera"),
        (Which::Except(vec![camera]), "segments_local_by_age"),
        (Which::All, "segments_local_by_age"),
    ] {
        let candidates = Candidates { states: vec![SegmentState::Created], cameras, limit: 5 };
        let sql = super::removals::oldest_query(&candidates).into_string();
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let rows = query.fetch_all(&database.readers).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, "detail")).collect();
        let plan = plan.join("; ");
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[tokio::test]
async fn a_look_from_outside_changes_nothing_and_finds_damage() {
    let (dir, database) = database().await;
    let path = dir.path().join("vedette.db");
    database.set_volume_id("/segments", "abc").await.unwrap();
    // Beside a running server, and after it.
    let running = inspect(&path).await.unwrap();
    database.close().await;
    let stopped = inspect(&path).await.unwrap();
    assert_eq!(running, stopped);
    assert_eq!(stopped.volumes, [("/segments".to_owned(), "abc".to_owned())]);
    assert!(stopped.damage.is_empty() && stopped.schema > 0);
    let mut bytes = std::fs::read(&path).unwrap();
    let len = bytes.len();
    bytes.iter_mut().skip(len / 2).take(3_000).for_each(|byte| *byte ^= 0x55);
    std::fs::write(&path, bytes).unwrap();
    let damaged = inspect(&path).await;
    assert!(damaged.is_err() || damaged.is_ok_and(|found| !found.damage.is_empty()));
    assert!(inspect(&dir.path().join("none.db")).await.is_err());
}
