//! The embedded engine: SQLite with one writer and several readers (WAL), on threads of sqlx's own.

mod audit;
mod cameras;
mod inspect;
mod ledger;
mod paths;
mod people;
mod removals;
mod segments;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

pub use inspect::{Inspection, inspect};

use crate::{Entry, Error, Page};

static MIGRATIONS: Migrator = sqlx::migrate!("src/sqlite/migrations");

/// How long a statement waits for another process that holds the file.
const BUSY: Duration = Duration::from_secs(10);
/// A reader that nobody needs for this long is closed, and its pages with it.
const IDLE: Duration = Duration::from_secs(30);
/// Pages that a connection keeps: a negative number is KiB.
const CACHE_KIB: &str = "-1024";

/// The catalogue. Cloning gives another handle to the same database.
#[derive(Clone)]
pub struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Rows of the audit trail that go with each change of rights by this handle.
    notes: Vec<Entry>,
}

impl Database {
    /// Opens the file at `path`, makes it when there is none, and brings its schema up to date; a
    /// file that is changed is copied to `<path>.before-<n>` first.
    ///
    /// # Errors
    /// [`Error::NewerSchema`] for a file of a newer program; [`Error::Engine`] for one that is damaged
    /// or cannot be opened.
    pub async fn open(path: &Path, readers: u32) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .pragma("cache_size", CACHE_KIB)
            .busy_timeout(BUSY);
        let writer =
            SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        migrate(&writer, path).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(readers.clamp(1, 16))
            .idle_timeout(IDLE)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self { writer, readers, notes: Vec::new() })
    }

    /// Ends all connections; the write-ahead log is merged into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The id that a volume's root should carry, if one is known.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub async fn volume_id(&self, root: &str) -> Result<Option<String>, Error> {
        let query =
            sqlx::query_scalar("SELECT id FROM volumes WHERE root = ?").bind(root.to_owned());
        Ok(query.fetch_optional(&self.readers).await?)
    }

    /// Remembers the id of a volume.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub async fn set_volume_id(&self, root: &str, id: &str) -> Result<(), Error> {
        sqlx::query("INSERT INTO volumes (root, id) VALUES (?, ?) ON CONFLICT (root) DO UPDATE SET id = excluded.id")
            .bind(root.to_owned())
            .bind(id.to_owned())
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

async fn migrate(writer: &SqlitePool, path: &Path) -> Result<(), Error> {
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let present = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    let found = match sqlx::query_scalar::<_, i64>(present).fetch_one(writer).await? {
        0 => 0,
        _ => {
            let newest = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations";
            sqlx::query_scalar::<_, i64>(newest).fetch_one(writer).await?
        }
    };
    if found > known {
        return Err(Error::NewerSchema { found, known });
    }
    if found > 0 && found < known {
        let mut copy = path.as_os_str().to_owned();
        copy.push(format!(".before-{known}"));
        let copy = PathBuf::from(copy).to_string_lossy().into_owned();
        sqlx::query("VACUUM INTO ?").bind(copy).execute(writer).await?;
    }
    MIGRATIONS.run(writer).await.map_err(|error| Error::Engine(error.to_string()))
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Engine(error.to_string())
    }
}

/// A transaction that may read before it writes: it waits for other writers at its beginning, since a
/// reader that becomes a writer cannot.
async fn begin(writer: &SqlitePool) -> Result<Transaction<'static, Sqlite>, Error> {
    Ok(writer.begin_with("BEGIN IMMEDIATE").await?)
}

/// The first `limit` of rows that were read with one more than that, which tells that there is a next
/// page; `key` is what that begins after.
fn page<T>(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Page<T> {
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| encode_cursor(&key(last)));
    Page { items, next_cursor, total: None }
}

/// The cursor of a list that is sorted by a time and something else.
fn decode_timed_cursor(cursor: &str) -> Result<(i64, String), Error> {
    let key = decode_cursor(cursor)?;
    key.split_once('/')
        .and_then(|(micros, rest)| Some((micros.parse().ok()?, rest.to_owned())))
        .ok_or_else(|| Error::Invalid("cursor: not one of this list".to_owned()))
}

/// A list's cursor is the sort key of its last row, in hexadecimal so that it needs no escaping.
fn encode_cursor(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decode_cursor(cursor: &str) -> Result<String, Error> {
    let bad =
        || Error::Invalid("cursor: give back the `next_cursor` of the page before".to_owned());
    if cursor.len() > 512 || !cursor.is_ascii() {
        return Err(bad());
    }
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = cursor.as_bytes().chunks(2).map(pair).collect();
    String::from_utf8(bytes.ok_or_else(bad)?).map_err(|_| bad())
}
