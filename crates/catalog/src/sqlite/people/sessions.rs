//! Sessions in SQLite.

use base::Wall;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::super::segments::word;
use super::super::{decode_timed_cursor, page};
use super::{found, hash_of, json, list_of, missing, taken};
use crate::{Agencies, Error, Holder, Page, Role, Session};

/// How long a session that has ended is remembered.
const ENDED_KEPT_MICROS: i64 = 30 * 24 * 3_600 * 1_000_000;

pub(super) async fn list(
    db: &SqlitePool,
    user: Option<&str>,
    now: Wall,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Session>, Error> {
    let mut count = QueryBuilder::new("SELECT count(*) FROM sessions WHERE ");
    push_lasting(&mut count, user, now);
    let total: i64 = count.build_query_scalar().fetch_one(db).await?;
    let mut list = QueryBuilder::new("SELECT * FROM sessions WHERE ");
    push_lasting(&mut list, user, now);
    if let Some((micros, id)) = cursor.map(decode_timed_cursor).transpose()? {
        list.push(" AND (created_at, id) < (").push_bind(micros).push(", ").push_bind(id);
        list.push(")");
    }
    list.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    let rows = list.build().fetch_all(db).await?;
    let items = rows.iter().map(read).collect::<Result<_, _>>()?;
    let key = |session: &Session| format!("{}/{}", session.created_at.as_micros(), session.id);
    Ok(Page { total: u64::try_from(total).ok(), ..page(items, limit, key) })
}

fn push_lasting(query: &mut QueryBuilder<Sqlite>, user: Option<&str>, now: Wall) {
    query.push("ended_at IS NULL AND expires_at > ").push_bind(now.as_micros());
    if let Some(user) = user {
        query.push(" AND holder = ").push_bind(user.to_owned());
    }
}

pub(super) async fn by_id(db: &SqlitePool, id: &str) -> Result<Session, Error> {
    let row = sqlx::query("SELECT * FROM sessions WHERE id = ?").bind(id.to_owned());
    let row = row.fetch_optional(db).await?;
    row.as_ref().map_or_else(|| Err(missing("session", id)), read)
}

pub(super) async fn by_hash(db: &SqlitePool, hash: &[u8; 32]) -> Result<Option<Session>, Error> {
    let row = sqlx::query("SELECT * FROM sessions WHERE hash = ?").bind(hash.to_vec());
    row.fetch_optional(db).await?.as_ref().map(read).transpose()
}

pub(super) async fn forget_ended(tx: &mut SqliteConnection, now: Wall) -> Result<(), Error> {
    sqlx::query("DELETE FROM sessions WHERE min(expires_at, coalesce(ended_at, expires_at)) < ?")
        .bind(now.plus_micros(-ENDED_KEPT_MICROS).as_micros())
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn add(tx: &mut SqliteConnection, session: &Session) -> Result<(), Error> {
    let (holder, name, role, agencies) = match &session.holder {
        Holder::User(id) => (id, None, None, None),
        Holder::External { subject, name, role, agencies } => {
            (subject, Some(name.clone()), Some(role.as_str()), Some(json(agencies)))
        }
    };
    let done = sqlx::query(
        "INSERT INTO sessions (id, hash, holder, name, role, agencies, created_at, seen_at, expires_at, ended_at,
             address, agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(session.id.clone())
    .bind(session.hash.to_vec())
    .bind(holder.clone())
    .bind(name)
    .bind(role)
    .bind(agencies)
    .bind(session.created_at.as_micros())
    .bind(session.seen_at.as_micros())
    .bind(session.expires_at.as_micros())
    .bind(session.ended_at.map(Wall::as_micros))
    .bind(session.address.clone())
    .bind(session.agent.clone())
    .execute(tx)
    .await;
    done.map(|_| ()).map_err(|error| taken(error, "session", &session.id))
}

/// True when it was not ended before.
pub(super) async fn end(tx: &mut SqliteConnection, id: &str, now: Wall) -> Result<bool, Error> {
    let done = sqlx::query("UPDATE sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL")
        .bind(now.as_micros())
        .bind(id.to_owned())
        .execute(&mut *tx)
        .await?;
    let there = sqlx::query("SELECT 1 FROM sessions WHERE id = ?").bind(id.to_owned());
    found(there.fetch_optional(tx).await?.is_some(), "session", id)?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn end_all(
    tx: &mut SqliteConnection,
    holder: &str,
    but: Option<&str>,
    now: Wall,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "UPDATE sessions SET ended_at = ?1
         WHERE holder = ?2 AND ended_at IS NULL AND expires_at > ?1 AND id IS NOT ?3",
    )
    .bind(now.as_micros())
    .bind(holder.to_owned())
    .bind(but.map(ToOwned::to_owned))
    .execute(tx)
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn seen(
    tx: &mut SqliteConnection,
    ids: &[String],
    minute: Wall,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE sessions SET seen_at = max(seen_at, ?) WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(minute.as_micros())
    .bind(json(&ids))
    .execute(tx)
    .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Session, Error> {
    Ok(Session {
        id: row.try_get("id")?,
        hash: hash_of(row.try_get("hash")?)?,
        holder: read_holder(row)?,
        created_at: Wall::from_micros(row.try_get("created_at")?),
        seen_at: Wall::from_micros(row.try_get("seen_at")?),
        expires_at: Wall::from_micros(row.try_get("expires_at")?),
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Wall::from_micros),
        address: row.try_get("address")?,
        agent: row.try_get("agent")?,
    })
}

fn read_holder(row: &SqliteRow) -> Result<Holder, Error> {
    let subject: String = row.try_get("holder")?;
    let role: Option<String> = row.try_get("role")?;
    let Some(role) = role else { return Ok(Holder::User(subject)) };
    let name: Option<String> = row.try_get("name")?;
    let agencies: Option<String> = row.try_get("agencies")?;
    let agencies = agencies.map_or_else(|| Ok(Agencies::none()), |text| list_of(&text))?;
    let (name, role) = (name.unwrap_or_default(), word::<Role>(role)?);
    Ok(Holder::External { subject, name, role, agencies })
}
