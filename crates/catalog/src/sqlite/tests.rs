//! SQLite passes the contract, and keeps its own promises about files.
#![allow(clippy::unwrap_used)]

use super::{Database, MIGRATIONS};
use crate::{Error, contract};

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
    a_run_of_the_node_is_known_to_the_next
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
