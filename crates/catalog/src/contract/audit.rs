//! What every engine must do for the audit trail.

use std::collections::BTreeMap;

use super::at;
use crate::audit::verify;
use crate::{Agencies, Entry, Error, Row, Trail, TrailFilter};

/// What happened `n` seconds after the beginning.
pub(crate) fn entry(n: i64) -> Entry {
    Entry {
        at: at(n),
        kind: "user".into(),
        id: "u1".into(),
        name: "anna".into(),
        action: "watch_live".into(),
        object: "camera:gate-1".into(),
        agency: "METRO".into(),
        address: "192.0.2.1".into(),
        request: format!("r{n}"),
        result: "ok".into(),
        detail: BTreeMap::from([("protocol".to_owned(), "hls".to_owned())]),
    }
}

async fn seqs(db: &impl Trail, filter: TrailFilter) -> Vec<i64> {
    let page = db.rows(&filter, 100, None).await.unwrap();
    page.items.into_iter().map(|row| row.seq).collect()
}

pub(crate) async fn rows_are_numbered_without_a_gap_and_chained(db: &impl Trail) {
    assert_eq!(db.head().await.unwrap(), None);
    assert_eq!(db.append(&[]).await.unwrap(), None);
    let first = db.append(&[entry(1)]).await.unwrap().unwrap();
    let third = db.append(&[entry(2), entry(3)]).await.unwrap();
    assert_eq!(db.append(&[]).await.unwrap(), third);
    assert_eq!(db.head().await.unwrap(), third);
    let rows = db.chain(i64::MIN.., 9).await.unwrap();
    let mut end = None;
    for (row, n) in rows.iter().zip(1..) {
        assert_eq!(row, &Row::after(end, entry(n)).unwrap());
        end = Some(row.head());
    }
    assert_eq!((rows.len(), end), (3, third));
    assert_eq!(rows[0].head(), first);
    assert_eq!(db.chain(2.., 1).await.unwrap(), [rows[1].clone()]);
    let report = verify(db, third).await.unwrap();
    assert!(report.is_whole() && report.rows == 3 && report.head == third);
}

pub(crate) async fn rows_are_found_by_what_they_say(db: &impl Trail) {
    let server = Entry { agency: String::new(), name: "server".into(), ..entry(4) };
    let entries = [
        entry(1),
        Entry { agency: "POLICE".into(), id: "u2".into(), name: "bo".into(), ..entry(2) },
        Entry { action: "login".into(), result: "wrong_password".into(), ..entry(3) },
        Entry { object: "user:bo".into(), ..server },
    ];
    db.append(&entries).await.unwrap();
    let all = TrailFilter::default;
    let word = |word: &str| Some(word.to_owned());
    assert_eq!(seqs(db, all()).await, [4, 3, 2, 1]);
    assert_eq!(seqs(db, TrailFilter { who: word("bo"), ..all() }).await, [2]);
    assert_eq!(seqs(db, TrailFilter { who: word("u2"), ..all() }).await, [2]);
    assert_eq!(seqs(db, TrailFilter { action: word("login"), ..all() }).await, [3]);
    assert_eq!(seqs(db, TrailFilter { object: word("user:bo"), ..all() }).await, [4]);
    assert_eq!(seqs(db, TrailFilter { result: word("refused"), ..all() }).await, [3]);
    assert_eq!(seqs(db, TrailFilter { result: word("wrong_password"), ..all() }).await, [3]);
    assert_eq!(seqs(db, TrailFilter { agency: word("METRO"), ..all() }).await, [3, 1]);
    let span = TrailFilter { start: Some(at(2)), end: Some(at(4)), ..all() };
    assert_eq!(seqs(db, span).await, [3, 2]);
    let within = |agencies| TrailFilter { within: Some(agencies), ..all() };
    let police = Agencies::from(vec!["POLICE".to_owned(), String::new()]);
    assert_eq!(seqs(db, within(police.clone())).await, [2], "of no agency is nobody's");
    assert_eq!(seqs(db, within(Agencies::All)).await, [3, 2, 1]);
    assert_eq!(seqs(db, within(Agencies::none())).await, [0_i64; 0]);
    let others = TrailFilter { agency: word("METRO"), ..within(police) };
    assert_eq!(seqs(db, others).await, [0_i64; 0], "asking for another agency opens nothing");
}

pub(crate) async fn rows_are_listed_newest_first_in_pages(db: &impl Trail) {
    // The clock was set back between the second and the third; two happened at once.
    db.append(&[entry(1), entry(9), entry(5), entry(5)]).await.unwrap();
    let (mut cursor, mut found) = (None::<String>, Vec::new());
    loop {
        let page = db.rows(&TrailFilter::default(), 1, cursor.as_deref()).await.unwrap();
        found.extend(page.items.iter().map(|row| row.seq));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, [2, 4, 3, 1]);
    let bad = db.rows(&TrailFilter::default(), 1, Some("6161")).await;
    assert!(matches!(bad, Err(Error::Invalid(_))));
}

pub(crate) async fn hostile_texts_come_back_bounded_and_whole(db: &impl Trail) {
    let controls = (0..80_u8).map(|byte| char::from(byte % 32)).collect::<String>();
    let detail = (0..40).map(|n| (format!("{n:02}{controls}"), controls.repeat(9))).collect();
    let hostile = Entry {
        name: "ع".repeat(100_000),
        object: "'; DROP TABLE audit; --\0\u{202e}".into(),
        address: String::new(),
        detail,
        ..entry(1)
    };
    let head = db.append(std::slice::from_ref(&hostile)).await.unwrap();
    let row = db.chain(1.., 1).await.unwrap().remove(0);
    assert_eq!(row.entry, hostile.bounded());
    assert_eq!(row.entry.bounded(), row.entry, "cut once");
    assert!(row.entry.name.len() <= 512 && row.entry.name.ends_with("ع…"));
    assert_eq!((row.entry.object.as_str(), row.entry.detail.len()), (hostile.object.as_str(), 16));
    assert!(verify(db, head).await.unwrap().is_whole());
}

pub(crate) async fn a_chain_of_several_pages_is_walked(db: &impl Trail) {
    let entries: Vec<Entry> = (1..=2_000).map(entry).collect();
    let head = db.append(&entries).await.unwrap();
    let report = verify(db, head).await.unwrap();
    assert_eq!((report.rows, report.head, report.is_whole()), (2_000, head, true));
    assert_eq!(db.chain(1.., 5_000).await.unwrap().len(), 1_000);
}
