//! Cost of the audit trail, per row.
//!
//! Budget: a node that is asked 100 times a second writes 100 rows; in batches they should cost under
//! 1 % of a core, 100 µs a row. A walk should do 20,000 rows a second, a million in under a minute.

use std::collections::BTreeMap;

use base::Wall;
use catalog::audit::verify;
use catalog::{Database, Entry, Trail};
use divan::Bencher;
use divan::counter::ItemsCount;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

fn entry(n: i64) -> Entry {
    Entry {
        at: Wall::from_micros(n),
        kind: "user".into(),
        id: "01947a3c-7d2b-7000-8000-000000000001".into(),
        name: "anna".into(),
        action: "watch_live".into(),
        object: format!("camera:gate-{}", n % 200),
        agency: "METRO".into(),
        address: "192.0.2.1".into(),
        request: "01947a3c-7d2b-7000-8000-0000000000ff".into(),
        result: "ok".into(),
        detail: BTreeMap::from([("protocol".to_owned(), "hls".to_owned())]),
    }
}

fn database(runtime: &Runtime, folder: &tempfile::TempDir) -> Database {
    let path = folder.path().join("vedette.db");
    runtime.block_on(Database::open(&path, 1)).expect("an empty folder takes a database")
}

#[divan::bench(args = [1, 100])]
fn append(bencher: Bencher<'_, '_>, batch: i64) {
    let runtime = Runtime::new().expect("threads");
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(&runtime, &folder);
    let entries: Vec<Entry> = (0..batch).map(entry).collect();
    let added = || runtime.block_on(database.append(&entries)).expect("room on the disk");
    bencher.counter(ItemsCount::new(entries.len())).bench_local(added);
}

#[divan::bench(sample_count = 20)]
fn walk(bencher: Bencher<'_, '_>) {
    const ROWS: i64 = 5_000;
    let runtime = Runtime::new().expect("threads");
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(&runtime, &folder);
    let entries: Vec<Entry> = (0..ROWS).map(entry).collect();
    let head = runtime.block_on(database.append(&entries)).expect("room on the disk");
    let walked = || runtime.block_on(verify(&database, head)).expect("it can be read");
    bencher.counter(ItemsCount::new(entries.len())).bench_local(walked);
}
