//! The audit trail as a file: what our own SQL cannot do to it, what a forger's does, and what a crash leaves.

use std::path::Path;

use super::{Database, database};
use crate::audit::{Fault, verify};
use crate::contract::entry;
use crate::{Head, Trail, TrailFilter};

async fn run(database: &Database, sql: &str) -> Result<(), sqlx::Error> {
    let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
    sql.execute(&database.writer).await.map(|_| ())
}

/// A chain of `len` rows.
async fn chain(database: &Database, len: i64) -> Option<Head> {
    let entries: Vec<_> = (1..=len).map(entry).collect();
    database.append(&entries).await.unwrap()
}

#[tokio::test]
async fn no_statement_changes_deletes_or_replaces_a_row() {
    let (_dir, database) = database().await;
    let head = chain(&database, 5).await;
    let columns = "at, kind, id, name, action, object, agency, address, request, result, detail, previous, hash";
    for (sql, reason) in [
        ("UPDATE audit SET name = 'x' WHERE seq = 3".to_owned(), "never changed"),
        ("UPDATE OR REPLACE audit SET seq = 9 WHERE seq = 3".to_owned(), "never changed"),
        ("DELETE FROM audit WHERE seq = 5".to_owned(), "never deleted"),
        ("DELETE FROM audit".to_owned(), "never deleted"),
        (format!("REPLACE INTO audit SELECT 3, {columns} FROM audit WHERE seq = 4"), "follows"),
        (format!("INSERT INTO audit SELECT 7, {columns} FROM audit WHERE seq = 4"), "follows"),
        (format!("INSERT INTO audit SELECT 0, {columns} FROM audit WHERE seq = 4"), "follows"),
    ] {
        let error = run(&database, &sql).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{sql}: {error}");
    }
    let report = verify(&database, head).await.unwrap();
    assert!(report.is_whole() && report.rows == 5);
}

#[tokio::test]
async fn what_a_forger_does_to_the_file_is_found() {
    let columns = "at, kind, id, name, action, object, agency, address, request, result, detail, previous, hash";
    let edited = [Fault::Edited { seq: 3 }];
    let lost_hash = [Fault::Edited { seq: 3 }, Fault::Unlinked { seq: 4 }];
    for (sql, expected) in [
        ("UPDATE audit SET name = 'x' WHERE seq = 3".to_owned(), edited.to_vec()),
        ("UPDATE audit SET at = at + 1 WHERE seq = 3".to_owned(), edited.to_vec()),
        (
            r#"UPDATE audit SET detail = '{"protocol": "hls"}' WHERE seq = 3"#.to_owned(),
            edited.to_vec(),
        ),
        ("UPDATE audit SET detail = 'x' WHERE seq = 3".to_owned(), edited.to_vec()),
        ("UPDATE audit SET name = CAST(x'ff' AS TEXT) WHERE seq = 3".to_owned(), edited.to_vec()),
        (
            "UPDATE audit SET detail = hex(zeroblob(1000000)) WHERE seq = 3".to_owned(),
            edited.to_vec(),
        ),
        ("UPDATE audit SET hash = x'00' WHERE seq = 3".to_owned(), lost_hash.to_vec()),
        ("DELETE FROM audit WHERE seq = 3".to_owned(), vec![Fault::Missing { first: 3, last: 3 }]),
        ("DELETE FROM audit WHERE seq > 3".to_owned(), vec![Fault::CutOff { first: 4, last: 5 }]),
        ("DELETE FROM audit".to_owned(), vec![Fault::CutOff { first: 1, last: 5 }]),
        (
            format!("INSERT INTO audit SELECT {}, {columns} FROM audit WHERE seq = 4", i64::MIN),
            vec![Fault::Edited { seq: i64::MIN }, Fault::Stray { seq: i64::MIN }],
        ),
    ] {
        let (_dir, database) = database().await;
        let head = chain(&database, 5).await;
        let triggers = "DROP TRIGGER audit_never_changed; DROP TRIGGER audit_never_deleted; DROP TRIGGER audit_only_continued;";
        run(&database, triggers).await.unwrap();
        run(&database, &sql).await.unwrap();
        let report = verify(&database, head).await.unwrap();
        assert_eq!(report.faults, expected, "{sql}");
        database.append(&[entry(6)]).await.unwrap();
        let listed = database.rows(&TrailFilter::default(), 9, None).await;
        assert!(listed.is_ok(), "a forged row hides no other: {sql}");
    }
}

/// The chain of a copy, as the next start finds it: how many rows. Panics when it is broken.
async fn rows_of(file: &[u8], wal: &[u8], remembered: Option<Head>) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vedette.db");
    std::fs::write(&path, file).unwrap();
    std::fs::write(dir.path().join("vedette.db-wal"), wal).unwrap();
    let copy = Database::open(&path, 1).await.unwrap();
    let report = verify(&copy, remembered).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    let grown = copy.append(&[entry(9)]).await.unwrap();
    assert!(verify(&copy, grown).await.unwrap().is_whole());
    copy.close().await;
    report.rows
}

fn files(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    (read("vedette.db"), read("vedette.db-wal"))
}

#[tokio::test]
async fn a_copy_made_at_any_moment_holds_every_row_that_was_confirmed() {
    let (dir, database) = database().await;
    let mut rows = 0;
    for batch in [1_u64, 1, 7, 100, 1, 256, 30, 256, 256, 2] {
        let entries: Vec<_> = (0..batch).map(|_| entry(5)).collect();
        let head = database.append(&entries).await.unwrap();
        rows += batch;
        let (file, wal) = files(dir.path());
        assert_eq!(rows_of(&file, &wal, head).await, rows);
    }
}

#[tokio::test]
async fn a_log_that_ends_anywhere_leaves_a_whole_chain() {
    let (dir, database) = database().await;
    run(&database, "PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    for n in 1..=12 {
        chain(&database, n).await;
    }
    let (file, wal) = files(dir.path());
    let mut known = 0;
    for end in (0..=wal.len()).step_by(3_001).chain([wal.len() - 1, wal.len()]) {
        let rows = rows_of(&file, wal.get(..end).unwrap(), None).await;
        assert!(rows >= known && rows <= 78, "more of the log holds more rows");
        known = rows;
    }
    assert_eq!(known, 78);
}

#[tokio::test]
async fn a_merge_of_the_log_that_ends_anywhere_loses_no_row() {
    const PAGE: usize = 4_096;
    let (dir, database) = database().await;
    run(&database, "PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    let head = chain(&database, 60).await;
    let (before, wal) = files(dir.path());
    run(&database, "PRAGMA wal_checkpoint(PASSIVE)").await.unwrap();
    let (after, _) = files(dir.path());
    assert!(before != after && after.len() >= before.len());
    for seed in 0..24_usize {
        // Any of the pages may have been written when it ended.
        let mut file = before.clone();
        file.resize(after.len(), 0);
        for (n, (old, new)) in file.chunks_mut(PAGE).zip(after.chunks(PAGE)).enumerate() {
            if (n * 7 + seed * 13) % 5 < seed % 6 {
                old.copy_from_slice(new);
            }
        }
        assert_eq!(rows_of(&file, &wal, head).await, 60);
    }
}

#[tokio::test]
async fn two_writers_of_one_file_add_to_one_chain() {
    let (dir, one) = database().await;
    let other = Database::open(&dir.path().join("vedette.db"), 1).await.unwrap();
    let add = async |database: &Database| {
        for n in 1..=40 {
            database.append(&[entry(n), entry(n)]).await.unwrap();
        }
    };
    tokio::join!(add(&one), add(&other));
    let report = verify(&one, None).await.unwrap();
    assert!(report.is_whole() && report.rows == 160, "{report:?}");
}

#[tokio::test]
async fn pages_of_the_trail_are_found_by_an_index() {
    let (_dir, database) = database().await;
    let all = TrailFilter::default;
    let word = || Some("x".to_owned());
    for (filter, index, sorted) in [
        (all(), "audit_by_time", true),
        (TrailFilter { object: word(), ..all() }, "audit_by_object", true),
        (TrailFilter { result: Some("refused".to_owned()), ..all() }, "audit_refused", true),
        (TrailFilter { who: word(), ..all() }, "MULTI-INDEX OR", false),
    ] {
        let query = super::super::audit::rows_query(&filter, 5, Some((9, 9))).into_string();
        let sql = format!("EXPLAIN QUERY PLAN {query}");
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&database.readers).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, "detail")).collect();
        let plan = plan.join("; ");
        assert!(plan.contains(index) && plan.contains("TEMP B-TREE") != sorted, "{plan}");
    }
}
