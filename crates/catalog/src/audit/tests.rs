//! Whatever somebody does to the rows of a chain, a walk finds it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use base::Wall;
use proptest::prelude::*;

use super::{Entry, Fault, Format, Head, Report, Row, Walk};
use crate::contract::entry;

const DESIGN: &str = include_str!("../../../../docs/design/audit.md");

fn chain(len: i64) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for n in 1..=len {
        rows.push(Row::after(rows.last().map(Row::head), entry(n)).unwrap());
    }
    rows
}

fn head(rows: &[Row]) -> Option<Head> {
    rows.last().map(Row::head)
}

fn walk(rows: &[Row], remembered: Option<Head>) -> Report {
    let mut walk = Walk::new(remembered);
    rows.iter().for_each(|row| walk.step(row));
    walk.finish()
}

fn rehash(row: &mut Row) {
    row.hash = row.computed_hash();
}

/// Another value in one field of the row.
fn edit(row: &mut Row, field: usize, text: &str) {
    let entry = &mut row.entry;
    let texts = [
        &mut entry.kind,
        &mut entry.id,
        &mut entry.name,
        &mut entry.action,
        &mut entry.object,
        &mut entry.agency,
        &mut entry.address,
        &mut entry.request,
        &mut entry.result,
    ];
    match texts.into_iter().nth(field) {
        Some(value) => value.push_str(text),
        None if field == 9 => entry.at = entry.at.plus_micros(1),
        None if field == 10 => row.previous[7] ^= 1,
        None if field == 11 => row.hash[31] ^= 0x80,
        None if field == 12 => drop(entry.detail.remove("protocol")),
        None => drop(entry.detail.insert(text.to_owned(), String::new())),
    }
}

#[test]
fn an_untouched_chain_is_whole_also_when_it_grew() {
    let rows = chain(20);
    assert!(walk(&[], None).is_whole());
    for known in 1..=rows.len() {
        let report = walk(&rows, head(&rows[..known]));
        assert_eq!((report.rows, report.head, report.faults), (20, head(&rows), vec![]));
    }
}

#[test]
fn a_walk_goes_on_after_a_fault_and_names_a_hundred() {
    let mut rows = chain(300);
    rows.iter_mut().for_each(|row| row.entry.name.push('x'));
    let report = walk(&rows, None);
    assert_eq!((report.faults.len(), report.faults_total, report.rows), (100, 300, 300));
    let mut rows = chain(30);
    edit(&mut rows[4], 2, "x");
    rows.drain(9..12);
    edit(&mut rows[24], 2, "x");
    rehash(&mut rows[24]);
    let expected = [
        Fault::Edited { seq: 5 },
        Fault::Missing { first: 10, last: 12 },
        Fault::Unlinked { seq: 29 },
    ];
    assert_eq!(walk(&rows, None).faults, expected);
}

#[test]
fn a_tail_that_was_cut_off_needs_the_remembered_end_to_be_found() {
    let rows = chain(9);
    assert!(walk(&rows[..6], None).is_whole());
    assert_eq!(walk(&rows[..6], head(&rows)).faults, [Fault::CutOff { first: 7, last: 9 }]);
    assert_eq!(walk(&[], head(&rows)).faults, [Fault::CutOff { first: 1, last: 9 }]);
}

#[test]
fn numbers_at_their_ends_are_faults_and_no_panics() {
    let mut rows = chain(3);
    rows[0].seq = i64::MIN;
    rows[2].seq = i64::MAX;
    let unending = Row { seq: i64::MAX, ..rows[1].clone() };
    rows.push(unending);
    assert!(!walk(&rows, Some(Head { seq: i64::MAX, hash: [0; 32] })).is_whole());
    assert_eq!(Row::after(Some(Head { seq: i64::MAX, hash: [0; 32] }), entry(1)), None);
}

proptest! {
    #[test]
    fn an_edit_is_found_at_its_row(
        len in 1..40_i64, at in any::<prop::sample::Index>(), field in 0..14_usize, text in ".{1,9}",
    ) {
        let mut rows = chain(len);
        let (at, remembered) = (at.index(rows.len()), head(&rows));
        edit(&mut rows[at], field, &text);
        let seq = rows[at].seq;
        let edited = Fault::Edited { seq };
        prop_assert!(walk(&rows, remembered).faults.contains(&edited));
        rehash(&mut rows[at]);
        let report = walk(&rows, remembered);
        // What else is wrong with a row of the right hash: the link to it, or from it.
        let unlinked = |seq| report.faults.contains(&Fault::Unlinked { seq });
        let replaced = report.faults.contains(&Fault::Replaced { seq });
        let untouched = field == 11;
        prop_assert!(untouched || unlinked(seq) || unlinked(seq + 1) || replaced, "{report:?}");
    }

    #[test]
    fn a_deletion_is_found_and_its_numbers_named(
        len in 1..40_i64, first in any::<prop::sample::Index>(), count in 1..5_usize,
    ) {
        let mut rows = chain(len);
        let (from, remembered) = (first.index(rows.len()), head(&rows));
        let to = (from + count).min(rows.len());
        let gone = (rows[from].seq, rows[to - 1].seq);
        rows.drain(from..to);
        let (first, last) = gone;
        let expected =
            if last == len { Fault::CutOff { first, last } } else { Fault::Missing { first, last } };
        prop_assert_eq!(walk(&rows, remembered).faults, [expected]);
    }

    #[test]
    fn a_deletion_that_renumbers_the_rest_is_found(
        len in 1..40_i64, at in any::<prop::sample::Index>(), anew in 0..3_u8,
    ) {
        let mut rows = chain(len);
        let (at, remembered) = (at.index(rows.len()), head(&rows));
        rows.remove(at);
        let mut before = head(&rows[..at]);
        for row in &mut rows[at..] {
            row.seq -= 1;
            if anew > 0 {
                row.previous = before.map_or([0; 32], |head| head.hash);
            }
            if anew > 1 {
                rehash(row);
            }
            before = Some(row.head());
        }
        prop_assert!(!walk(&rows, remembered).is_whole());
    }

    #[test]
    fn a_swap_is_found(
        len in 2..40_i64, one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
        how in 0..3_u8,
    ) {
        let mut rows = chain(len);
        let (one, remembered) = (one.index(rows.len()), head(&rows));
        let other = other.index(rows.len());
        prop_assume!(one != other);
        rows.swap(one, other);
        if how > 0 {
            let seq = rows[one].seq;
            rows[one].seq = rows[other].seq;
            rows[other].seq = seq;
        }
        if how > 1 {
            rehash(&mut rows[one]);
            rehash(&mut rows[other]);
        }
        prop_assert!(!walk(&rows, remembered).is_whole());
    }

    #[test]
    fn an_insertion_is_found(
        len in 1..40_i64, at in any::<prop::sample::Index>(), name in ".{0,9}", shift in any::<bool>(),
    ) {
        let mut rows = chain(len);
        let (at, remembered) = (at.index(rows.len()), head(&rows));
        let forged = Entry { name, at: Wall::from_micros(7), ..rows[at].entry.clone() };
        rows.insert(at, Row::after(head(&rows[..at]), forged).unwrap());
        if shift {
            rows[at + 1..].iter_mut().for_each(|row| row.seq += 1);
        }
        prop_assert!(!walk(&rows, remembered).is_whole());
        prop_assert!(!walk(&rows, None).is_whole());
    }

    #[test]
    fn two_rows_never_have_the_same_bytes(
        a in prop::collection::vec("[a-c]{0,3}", 3), b in prop::collection::vec("[a-c]{0,3}", 3),
    ) {
        let row = |texts: &[String]| {
            let detail = [(texts[2].clone(), texts[1].clone())].into();
            let (kind, id) = (texts[0].clone(), texts[1].clone());
            Row::after(None, Entry { kind, id, detail, ..entry(1) }).unwrap()
        };
        prop_assert_eq!(a == b, row(&a).canonical_bytes() == row(&b).canonical_bytes());
    }
}

fn example() -> Row {
    let login = Entry {
        at: Wall::from_micros(1_736_949_600_000_000),
        id: "7".into(),
        action: "login".into(),
        object: String::new(),
        agency: String::new(),
        detail: [("agent".to_owned(), "متصفح".to_owned())].into(),
        ..entry(1)
    };
    Row::after(None, login).unwrap()
}

#[test]
fn the_example_of_the_design_is_what_is_hashed() {
    let row = example();
    let hex: String = row.canonical_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let page: String = DESIGN.split_whitespace().collect();
    assert!(page.contains(&hex), "the page lacks {hex}");
    let line = Format::Jsonl.line(&row);
    assert!(DESIGN.contains(line.trim_end()), "the page lacks {line}");
}

#[test]
fn a_table_of_the_trail_holds_no_formula() {
    let entry = Entry { name: "=HYPERLINK(\"x\")".into(), object: "a\"b,c".into(), ..entry(1) };
    let line = Format::Csv.line(&Row::after(None, entry).unwrap());
    assert!(line.contains(r#","'=HYPERLINK(""x"")","#) && line.contains(r#","a""b,c","#), "{line}");
    assert!(line.contains(r#","{""protocol"":""hls""}","#) && line.ends_with("\r\n"));
    let columns = Format::Csv.header().split(',').count();
    assert_eq!(columns, 15);
    assert_eq!(Format::Jsonl.header(), "");
}
