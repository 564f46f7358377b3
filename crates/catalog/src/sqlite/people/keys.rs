//! Keys in SQLite.

use base::Wall;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row, SqliteConnection};

use super::super::segments::word;
use super::super::{decode_timed_cursor, page};
use super::{found, hash_of, json, list_of, missing, taken};
use crate::{Error, Key, Page, Role};

pub(super) async fn list(
    db: &SqlitePool,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Key>, Error> {
    let total: i64 = sqlx::query_scalar("SELECT count(*) FROM keys").fetch_one(db).await?;
    let mut list = QueryBuilder::new("SELECT * FROM keys");
    if let Some((micros, id)) = cursor.map(decode_timed_cursor).transpose()? {
        list.push(" WHERE (created_at, id) < (").push_bind(micros).push(", ").push_bind(id);
        list.push(")");
    }
    list.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    let rows = list.build().fetch_all(db).await?;
    let items = rows.iter().map(read).collect::<Result<_, _>>()?;
    let page = page(items, limit, |key: &Key| format!("{}/{}", key.created_at.as_micros(), key.id));
    Ok(Page { total: u64::try_from(total).ok(), ..page })
}

pub(super) async fn by_id(db: &SqlitePool, id: &str) -> Result<Key, Error> {
    let row = sqlx::query("SELECT * FROM keys WHERE id = ?").bind(id.to_owned());
    let row = row.fetch_optional(db).await?;
    row.map_or_else(|| Err(missing("key", id)), |row| read(&row))
}

pub(super) async fn by_hash(db: &SqlitePool, hash: &[u8; 32]) -> Result<Option<Key>, Error> {
    let row = sqlx::query("SELECT * FROM keys WHERE hash = ?").bind(hash.to_vec());
    row.fetch_optional(db).await?.as_ref().map(read).transpose()
}

pub(super) async fn add(tx: &mut SqliteConnection, key: &Key) -> Result<(), Error> {
    let done = sqlx::query(
        "INSERT INTO keys (id, name, hash, role, agencies, scopes, created_by, created_at, expires_at,
             revoked_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(key.id.clone())
    .bind(key.name.clone())
    .bind(key.hash.to_vec())
    .bind(key.role.map(Role::as_str))
    .bind(json(&key.agencies))
    .bind(json(&key.scopes))
    .bind(key.created_by.clone())
    .bind(key.created_at.as_micros())
    .bind(key.expires_at.map(Wall::as_micros))
    .bind(key.revoked_at.map(Wall::as_micros))
    .bind(key.used_at.map(Wall::as_micros))
    .execute(tx)
    .await;
    done.map(|_| ()).map_err(|error| taken(error, "key", &key.id))
}

/// True when it was not ended before.
pub(super) async fn revoke(tx: &mut SqliteConnection, id: &str, now: Wall) -> Result<bool, Error> {
    let done = sqlx::query("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
        .bind(now.as_micros())
        .bind(id.to_owned())
        .execute(&mut *tx)
        .await?;
    let there = sqlx::query("SELECT 1 FROM keys WHERE id = ?").bind(id.to_owned());
    found(there.fetch_optional(tx).await?.is_some(), "key", id)?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn used(
    tx: &mut SqliteConnection,
    ids: &[String],
    minute: Wall,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE keys SET used_at = max(coalesce(used_at, ?1), ?1)
         WHERE id IN (SELECT value FROM json_each(?2))",
    )
    .bind(minute.as_micros())
    .bind(json(&ids))
    .execute(tx)
    .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Key, Error> {
    let time = |column: &str| -> Result<Option<Wall>, Error> {
        Ok(row.try_get::<Option<i64>, _>(column)?.map(Wall::from_micros))
    };
    let role: Option<String> = row.try_get("role")?;
    Ok(Key {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        hash: hash_of(row.try_get("hash")?)?,
        role: role.map(word).transpose()?,
        agencies: list_of(row.try_get("agencies")?)?,
        scopes: list_of(row.try_get("scopes")?)?,
        created_by: row.try_get("created_by")?,
        created_at: Wall::from_micros(row.try_get("created_at")?),
        expires_at: time("expires_at")?,
        revoked_at: time("revoked_at")?,
        used_at: time("used_at")?,
    })
}
