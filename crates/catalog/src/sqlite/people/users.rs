//! Users in SQLite.

use base::Wall;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::super::segments::word;
use super::super::{decode_cursor, page};
use super::{found, json, list_of, missing, taken};
use crate::people::name_key;
use crate::{Error, Page, Role, User};

pub(super) async fn list(
    db: &SqlitePool,
    q: Option<&str>,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<User>, Error> {
    let after = cursor.map(decode_cursor).transpose()?.unwrap_or_default();
    let part = name_key(q.unwrap_or_default());
    let total: i64 = sqlx::query_scalar("SELECT count(*) FROM users WHERE instr(name_key, ?) > 0")
        .bind(part.clone())
        .fetch_one(db)
        .await?;
    let rows = sqlx::query(
        "SELECT * FROM users WHERE instr(name_key, ?) > 0 AND name_key > ? ORDER BY name_key LIMIT ?",
    )
    .bind(part)
    .bind(after)
    .bind(i64::from(limit) + 1)
    .fetch_all(db)
    .await?;
    let items = rows.iter().map(read).collect::<Result<_, _>>()?;
    let page = page(items, limit, |user: &User| name_key(&user.name));
    Ok(Page { total: u64::try_from(total).ok(), ..page })
}

pub(super) async fn by_id(db: &SqlitePool, id: &str) -> Result<User, Error> {
    let row = sqlx::query("SELECT * FROM users WHERE id = ?").bind(id.to_owned());
    let row = row.fetch_optional(db).await?;
    row.as_ref().map_or_else(|| Err(missing("user", id)), read)
}

pub(super) async fn by_name(db: &SqlitePool, name: &str) -> Result<Option<User>, Error> {
    let row = sqlx::query("SELECT * FROM users WHERE name_key = ?").bind(name_key(name));
    row.fetch_optional(db).await?.as_ref().map(read).transpose()
}

pub(super) async fn add(tx: &mut SqliteConnection, user: &User) -> Result<(), Error> {
    let mut insert = QueryBuilder::<Sqlite>::new(
        "INSERT INTO users (id, created_at, login_at, name, name_key, role, agencies, password, digest,
             must_change, enabled, updated_at) VALUES (",
    );
    insert.push_bind(user.id.clone()).push(", ").push_bind(user.created_at.as_micros());
    insert.push(", ").push_bind(user.login_at.map(Wall::as_micros)).push(", ");
    push_changeable(&mut insert, user);
    insert.push(")");
    let done = insert.build().execute(tx).await;
    done.map(|_| ()).map_err(|error| taken(error, "user", &user.name))
}

pub(super) async fn change(tx: &mut SqliteConnection, user: &User) -> Result<(), Error> {
    if !(user.enabled && user.role == Role::Admin) {
        refuse_last_admin(tx, &user.id).await?;
    }
    let mut update = QueryBuilder::<Sqlite>::new(
        "UPDATE users SET (name, name_key, role, agencies, password, digest, must_change, enabled, updated_at) = (",
    );
    push_changeable(&mut update, user);
    update.push(") WHERE id = ").push_bind(user.id.clone());
    let done = update.build().execute(tx).await;
    let done = done.map_err(|error| taken(error, "user", &user.name))?;
    found(done.rows_affected() > 0, "user", &user.id)
}

pub(super) async fn remove(tx: &mut SqliteConnection, id: &str) -> Result<(), Error> {
    refuse_last_admin(tx, id).await?;
    let delete = sqlx::query("DELETE FROM users WHERE id = ?").bind(id.to_owned());
    found(delete.execute(tx).await?.rows_affected() > 0, "user", id)
}

pub(super) async fn signed_in(db: &SqlitePool, id: &str, now: Wall) -> Result<(), Error> {
    sqlx::query("UPDATE users SET login_at = ? WHERE id = ?")
        .bind(now.as_micros())
        .bind(id.to_owned())
        .execute(db)
        .await?;
    Ok(())
}

/// Name, role and all that follows in the statements of [`add`] and [`change`].
fn push_changeable(query: &mut QueryBuilder<Sqlite>, user: &User) {
    let mut values = query.separated(", ");
    values.push_bind(user.name.clone());
    values.push_bind(name_key(&user.name));
    values.push_bind(user.role.as_str());
    values.push_bind(json(&user.agencies));
    values.push_bind(user.password.clone());
    values.push_bind(user.digest.clone());
    values.push_bind(user.must_change);
    values.push_bind(user.enabled);
    values.push_bind(user.updated_at.as_micros());
}

/// Fails when `id` is the one enabled admin.
async fn refuse_last_admin(tx: &mut SqliteConnection, id: &str) -> Result<(), Error> {
    let admins: Vec<String> =
        sqlx::query_scalar("SELECT id FROM users WHERE enabled AND role = 'admin' LIMIT 2")
            .fetch_all(tx)
            .await?;
    if admins == [id] { Err(Error::LastAdmin) } else { Ok(()) }
}

fn read(row: &SqliteRow) -> Result<User, Error> {
    Ok(User {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        role: word(row.try_get("role")?)?,
        agencies: list_of(row.try_get("agencies")?)?,
        password: row.try_get("password")?,
        digest: row.try_get("digest")?,
        must_change: row.try_get("must_change")?,
        enabled: row.try_get("enabled")?,
        created_at: Wall::from_micros(row.try_get("created_at")?),
        updated_at: Wall::from_micros(row.try_get("updated_at")?),
        login_at: row.try_get::<Option<i64>, _>("login_at")?.map(Wall::from_micros),
    })
}
