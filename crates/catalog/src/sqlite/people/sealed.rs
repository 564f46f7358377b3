//! Sealed values in SQLite, wherever they lie.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use crate::Error;
use crate::people::{Sealed, bounds};

/// The place of values that lie beside a user.
const DIGESTS: &str = "users.digest";
/// The place of values with a name of their own.
const SECRETS: &str = "secrets";
/// The place of sources of paths that the control API keeps.
const SOURCES: &str = "kept_paths.source";

pub(super) async fn one(db: &SqlitePool, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let query = sqlx::query_scalar("SELECT bytes FROM secrets WHERE name = ?");
    Ok(query.bind(name.to_owned()).fetch_optional(db).await?)
}

pub(super) async fn put(db: &SqlitePool, name: &str, bytes: &[u8]) -> Result<(), Error> {
    bounds::label("secret's name", name)?;
    bounds::sealed(bytes)?;
    sqlx::query(
        "INSERT INTO secrets (name, bytes) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes",
    )
    .bind(name.to_owned())
    .bind(bytes.to_vec())
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Sealed>, Error> {
    let rows: Vec<(String, String, Vec<u8>)> = sqlx::query_as(
        "SELECT ?, id, digest FROM users WHERE digest IS NOT NULL
         UNION ALL SELECT ?, name, bytes FROM secrets
         UNION ALL SELECT ?, name, source FROM kept_paths WHERE source IS NOT NULL ORDER BY 1, 2",
    )
    .bind(DIGESTS)
    .bind(SECRETS)
    .bind(SOURCES)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(place, id, bytes)| Sealed { place, id, bytes }).collect())
}

pub(super) async fn replace(
    tx: &mut SqliteConnection,
    old: &Sealed,
    bytes: &[u8],
) -> Result<(), Error> {
    bounds::sealed(bytes)?;
    let update = match old.place.as_str() {
        DIGESTS => sqlx::query("UPDATE users SET digest = ? WHERE id = ?"),
        SOURCES => sqlx::query("UPDATE kept_paths SET source = ? WHERE name = ?"),
        _ => sqlx::query("UPDATE secrets SET bytes = ? WHERE name = ?"),
    };
    update.bind(bytes.to_vec()).bind(old.id.clone()).execute(tx).await?;
    Ok(())
}
