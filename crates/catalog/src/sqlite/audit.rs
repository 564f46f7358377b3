//! The audit trail in SQLite.
//!
//! The writer syncs at checkpoints only (WAL, `synchronous = NORMAL`): a power loss may take the newest
//! rows, always from the end, so that what is left is a whole chain. A killed process loses nothing.

use std::ops::RangeFrom;

use base::Wall;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::{Database, begin, decode_timed_cursor, page};
use crate::{Agencies, Entry, Error, Head, LIST_MAX, Page, Row, Trail, TrailFilter};

/// Columns of a row. A text that is longer than any that is written reads as none: nobody but a forger
/// put it there, and it should not fill the memory of who looks.
const SELECT: &str = "SELECT seq, at, previous, hash,
    iif(octet_length(kind) <= 512, kind, NULL) AS kind, iif(octet_length(id) <= 512, id, NULL) AS id,
    iif(octet_length(name) <= 512, name, NULL) AS name, iif(octet_length(action) <= 512, action, NULL) AS action,
    iif(octet_length(object) <= 512, object, NULL) AS object, iif(octet_length(agency) <= 512, agency, NULL) AS agency,
    iif(octet_length(address) <= 512, address, NULL) AS address,
    iif(octet_length(request) <= 512, request, NULL) AS request,
    iif(octet_length(result) <= 512, result, NULL) AS result,
    iif(octet_length(detail) <= 65536, detail, NULL) AS detail FROM audit";

/// The hash of a row whose column holds none: SHA-256 does not make it.
const NO_HASH: [u8; 32] = [0xff; 32];

impl Trail for Database {
    fn noting(&self, entry: Entry) -> Self {
        Self { notes: vec![entry], ..self.clone() }
    }

    async fn append(&self, entries: &[Entry]) -> Result<Option<Head>, Error> {
        let mut tx = begin(&self.writer).await?;
        let end = add(&mut tx, entries).await?;
        tx.commit().await?;
        Ok(end)
    }

    async fn rows(
        &self,
        filter: &TrailFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Row>, Error> {
        let limit = limit.min(LIST_MAX);
        let before = cursor.map(decode_cursor).transpose()?;
        let rows = rows_query(filter, limit, before).build().fetch_all(&self.readers).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        let key = |row: &Row| format!("{}/{}", row.entry.at.as_micros(), row.seq);
        Ok(page(items, limit, key))
    }

    async fn chain(&self, from: RangeFrom<i64>, limit: u32) -> Result<Vec<Row>, Error> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push(" WHERE seq >= ").push_bind(from.start).push(" ORDER BY seq LIMIT ");
        query.push_bind(i64::from(limit.min(LIST_MAX)));
        query.build().fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn head(&self) -> Result<Option<Head>, Error> {
        let mut connection = self.readers.acquire().await?;
        head(&mut connection).await
    }
}

/// Adds rows after the newest, in the transaction of what they tell of.
pub(super) async fn add(
    tx: &mut SqliteConnection,
    entries: &[Entry],
) -> Result<Option<Head>, Error> {
    let mut end = head(tx).await?;
    for entry in entries {
        let row = Row::after(end, entry.bounded());
        let row = row.ok_or_else(|| Error::Engine("the audit trail is full".to_owned()))?;
        insert(tx, &row).await?;
        end = Some(row.head());
    }
    Ok(end)
}

async fn head(connection: &mut SqliteConnection) -> Result<Option<Head>, Error> {
    let newest: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
            .fetch_optional(connection)
            .await?;
    let head = |(seq, hash): (i64, Vec<u8>)| Head { seq, hash: hash.try_into().unwrap_or(NO_HASH) };
    Ok(newest.map(head))
}

async fn insert(tx: &mut SqliteConnection, row: &Row) -> Result<(), Error> {
    let entry = &row.entry;
    sqlx::query(
        "INSERT INTO audit (seq, at, kind, id, name, action, object, agency, address, request, result,
             detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(row.seq)
    .bind(entry.at.as_micros())
    .bind(entry.kind.clone())
    .bind(entry.id.clone())
    .bind(entry.name.clone())
    .bind(entry.action.clone())
    .bind(entry.object.clone())
    .bind(entry.agency.clone())
    .bind(entry.address.clone())
    .bind(entry.request.clone())
    .bind(entry.result.clone())
    .bind(json(&entry.detail))
    .bind(row.previous.to_vec())
    .bind(row.hash.to_vec())
    .execute(tx)
    .await?;
    Ok(())
}

fn decode_cursor(cursor: &str) -> Result<(i64, i64), Error> {
    let (at, seq) = decode_timed_cursor(cursor)?;
    let bad = |_| Error::Invalid("cursor: not one of this list".to_owned());
    Ok((at, seq.parse().map_err(bad)?))
}

/// Sorted by time, as the indexes are: a page costs what it holds, however long the trail.
pub(super) fn rows_query(
    filter: &TrailFilter,
    limit: u32,
    before: Option<(i64, i64)>,
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(" WHERE at >= ").push_bind(filter.start.map_or(i64::MIN, Wall::as_micros));
    if let Some(end) = filter.end {
        query.push(" AND at < ").push_bind(end.as_micros());
    }
    if let Some((at, seq)) = before {
        query.push(" AND (at, seq) < (").push_bind(at).push(", ").push_bind(seq).push(")");
    }
    if let Some(who) = &filter.who {
        query.push(" AND (name = ").push_bind(who.clone());
        query.push(" OR id = ").push_bind(who.clone()).push(")");
    }
    let equal =
        [("action", &filter.action), ("object", &filter.object), ("agency", &filter.agency)];
    for (column, value) in equal {
        if let Some(value) = value {
            query.push(format!(" AND {column} = ")).push_bind(value.clone());
        }
    }
    match filter.result.as_deref() {
        None => {}
        Some("refused") => {
            query.push(" AND result <> 'ok'");
        }
        Some(result) => {
            query.push(" AND result = ").push_bind(result.to_owned());
        }
    }
    push_within(&mut query, filter.within.as_ref());
    query.push(" ORDER BY at DESC, seq DESC LIMIT ").push_bind(i64::from(limit) + 1);
    query
}

fn push_within(query: &mut QueryBuilder<Sqlite>, within: Option<&Agencies>) {
    let Some(within) = within else { return };
    query.push(" AND agency <> ''");
    if let Agencies::Only(names) = within {
        query.push(" AND agency IN (SELECT value FROM json_each(").push_bind(json(names));
        query.push("))");
    }
}

/// A row as it lies. What cannot be read is replaced by what no hash fits, so that who walks the chain
/// finds it and goes on.
fn read(row: &SqliteRow) -> Result<Row, Error> {
    let hash = |column: &str| {
        let bytes = row.try_get::<Vec<u8>, _>(column).unwrap_or_default();
        bytes.try_into().unwrap_or(NO_HASH)
    };
    Ok(Row {
        seq: row.try_get("seq")?,
        entry: read_entry(row).unwrap_or_else(|_| unreadable(row)),
        previous: hash("previous"),
        hash: hash("hash"),
    })
}

fn read_entry(row: &SqliteRow) -> Result<Entry, Error> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let detail_text = text("detail")?;
    let detail = serde_json::from_str(&detail_text).unwrap_or_default();
    if json(&detail) != detail_text {
        return Err(Error::Engine("details that were not written here".to_owned()));
    }
    Ok(Entry {
        at: Wall::from_micros(row.try_get("at")?),
        kind: text("kind")?,
        id: text("id")?,
        name: text("name")?,
        action: text("action")?,
        object: text("object")?,
        agency: text("agency")?,
        address: text("address")?,
        request: text("request")?,
        result: text("result")?,
        detail,
    })
}

fn unreadable(row: &SqliteRow) -> Entry {
    let text = String::new;
    Entry {
        at: Wall::from_micros(row.try_get("at").unwrap_or(0)),
        kind: text(),
        id: text(),
        name: text(),
        action: text(),
        object: text(),
        agency: text(),
        address: text(),
        request: text(),
        result: "unreadable".to_owned(),
        detail: std::collections::BTreeMap::default(),
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("texts are always JSON")
}
