//! What the control API keeps, in SQLite.

use base::Wall;

use super::{Database, begin};
use crate::paths::{PATHS_MAX, check_settings};
use crate::people::bounds;
use crate::{Error, KeptPath, KeptPaths};

impl KeptPaths for Database {
    async fn kept_paths(&self) -> Result<Vec<KeptPath>, Error> {
        let rows: Vec<(String, String, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT name, settings, source FROM kept_paths ORDER BY name LIMIT ?")
                .bind(i64::from(PATHS_MAX))
                .fetch_all(&self.readers)
                .await?;
        let path = |(name, settings, source)| KeptPath { name, settings, source };
        Ok(rows.into_iter().map(path).collect())
    }

    async fn add_path(&self, path: &KeptPath, now: Wall) -> Result<(), Error> {
        path.check()?;
        let mut tx = begin(&self.writer).await?;
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM kept_paths").fetch_one(&mut *tx).await?;
        if count >= i64::from(PATHS_MAX) {
            return Err(Error::Invalid(format!("at most {PATHS_MAX} paths are kept")));
        }
        let added = sqlx::query(
            "INSERT INTO kept_paths (name, settings, source, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (name) DO NOTHING",
        )
        .bind(path.name.clone())
        .bind(path.settings.clone())
        .bind(path.source.clone())
        .bind(now.as_micros())
        .execute(&mut *tx)
        .await?;
        if added.rows_affected() == 0 {
            return Err(Error::Exists { what: "path", id: path.name.clone() });
        }
        self.commit(tx).await
    }

    async fn change_path(&self, path: &KeptPath, now: Wall) -> Result<(), Error> {
        path.check()?;
        let mut tx = begin(&self.writer).await?;
        let changed = sqlx::query(
            "UPDATE kept_paths SET settings = ?, source = ?, updated_at = ? WHERE name = ?",
        )
        .bind(path.settings.clone())
        .bind(path.source.clone())
        .bind(now.as_micros())
        .bind(path.name.clone())
        .execute(&mut *tx)
        .await?;
        found(changed.rows_affected(), &path.name)?;
        self.commit(tx).await
    }

    async fn remove_path(&self, name: &str) -> Result<(), Error> {
        let mut tx = begin(&self.writer).await?;
        let removed = sqlx::query("DELETE FROM kept_paths WHERE name = ?").bind(name.to_owned());
        let removed = removed.execute(&mut *tx).await?;
        found(removed.rows_affected(), name)?;
        self.commit(tx).await
    }

    async fn kept_settings(&self, name: &str) -> Result<Option<String>, Error> {
        let query = sqlx::query_scalar("SELECT settings FROM kept_settings WHERE name = ?");
        Ok(query.bind(name.to_owned()).fetch_optional(&self.readers).await?)
    }

    async fn keep_settings(&self, name: &str, settings: &str) -> Result<(), Error> {
        bounds::label("settings' name", name)?;
        check_settings(settings)?;
        let mut tx = begin(&self.writer).await?;
        sqlx::query(
            "INSERT INTO kept_settings (name, settings) VALUES (?, ?)
             ON CONFLICT (name) DO UPDATE SET settings = excluded.settings",
        )
        .bind(name.to_owned())
        .bind(settings.to_owned())
        .execute(&mut *tx)
        .await?;
        self.commit(tx).await
    }
}

fn found(rows: u64, name: &str) -> Result<(), Error> {
    let missing = || Error::NotFound { what: "path", id: name.chars().take(80).collect() };
    (rows > 0).then_some(()).ok_or_else(missing)
}
