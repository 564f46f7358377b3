//! Gaps and runs of this node in SQLite.

use base::{CameraId, Wall};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::Database;
use super::segments::word;
use crate::{Error, Gap, GapReason, Ledger, Node};

const GAPS_MAX: i64 = 10_000;

impl Ledger for Database {
    async fn open_gap(
        &self,
        camera: &CameraId,
        start: Wall,
        reason: GapReason,
    ) -> Result<(), Error> {
        let mut tx = self.writer.begin().await?;
        let open: Option<String> =
            sqlx::query_scalar("SELECT reason FROM gaps WHERE camera = ? AND end_us IS NULL")
                .bind(camera.to_string())
                .fetch_optional(&mut *tx)
                .await?;
        if open.as_deref() == Some(reason.as_str()) {
            return Ok(());
        }
        if open.is_some() {
            close(&mut tx, camera, start).await?;
        }
        insert(&mut tx, &Gap { camera: camera.clone(), start, end: None, reason }).await?;
        Ok(tx.commit().await?)
    }

    async fn close_gap(&self, camera: &CameraId, end: Wall) -> Result<(), Error> {
        let mut tx = self.writer.begin().await?;
        close(&mut tx, camera, end).await?;
        Ok(tx.commit().await?)
    }

    async fn add_gap(&self, gap: &Gap) -> Result<(), Error> {
        let mut connection = self.writer.acquire().await?;
        insert(&mut connection, gap).await
    }

    async fn gaps(&self, camera: &CameraId, start: Wall, end: Wall) -> Result<Vec<Gap>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM gaps WHERE camera = ? AND start_us < ? AND (end_us IS NULL OR end_us > ?)
             ORDER BY start_us, id LIMIT ?",
        )
        .bind(camera.to_string())
        .bind(end.as_micros())
        .bind(start.as_micros())
        .bind(GAPS_MAX);
        rows.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn open_gaps(&self) -> Result<Vec<Gap>, Error> {
        let rows = sqlx::query("SELECT * FROM gaps WHERE end_us IS NULL ORDER BY camera");
        rows.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn known_until(&self, camera: &CameraId) -> Result<Option<Wall>, Error> {
        let until: Option<i64> = sqlx::query_scalar(
            "SELECT max(known) FROM (
                 SELECT max(coalesce(end_us, start_us)) AS known FROM gaps WHERE camera = ?1
                 UNION ALL SELECT max(coalesce(end_us, start_us)) FROM segments WHERE camera = ?1)",
        )
        .bind(camera.to_string())
        .fetch_one(&self.readers)
        .await?;
        Ok(until.map(Wall::from_micros))
    }

    async fn recorded_cameras(&self) -> Result<Vec<CameraId>, Error> {
        // One probe of an index per camera, where DISTINCT would read every segment.
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM cameras WHERE EXISTS (SELECT 1 FROM segments WHERE camera = cameras.id)
                 OR EXISTS (SELECT 1 FROM gaps WHERE camera = cameras.id) ORDER BY id",
        )
        .fetch_all(&self.readers)
        .await?;
        let read = |id: &String| CameraId::new(id).map_err(|e| Error::Engine(e.to_string()));
        ids.iter().map(read).collect()
    }

    async fn node_started(&self, now: Wall) -> Result<Option<Node>, Error> {
        let mut tx = self.writer.begin().await?;
        let last = sqlx::query("SELECT * FROM nodes ORDER BY id DESC LIMIT 1")
            .fetch_optional(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO nodes (started_at, alive_at) VALUES (?1, ?1)")
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let read = |row: SqliteRow| -> Result<Node, Error> {
            let wall = Wall::from_micros;
            let stopped_at: Option<i64> = row.try_get("stopped_at")?;
            Ok(Node {
                started_at: wall(row.try_get("started_at")?),
                alive_at: wall(row.try_get("alive_at")?),
                stopped_at: stopped_at.map(wall),
            })
        };
        last.map(read).transpose()
    }

    async fn node_alive(&self, now: Wall) -> Result<(), Error> {
        sqlx::query("UPDATE nodes SET alive_at = ? WHERE id = (SELECT max(id) FROM nodes)")
            .bind(now.as_micros())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn node_stopped(&self, now: Wall) -> Result<(), Error> {
        sqlx::query("UPDATE nodes SET alive_at = ?1, stopped_at = ?1 WHERE id = (SELECT max(id) FROM nodes)")
            .bind(now.as_micros())
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

async fn close(
    connection: &mut SqliteConnection,
    camera: &CameraId,
    end: Wall,
) -> Result<(), Error> {
    sqlx::query("DELETE FROM gaps WHERE camera = ? AND end_us IS NULL AND start_us >= ?")
        .bind(camera.to_string())
        .bind(end.as_micros())
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE gaps SET end_us = ? WHERE camera = ? AND end_us IS NULL")
        .bind(end.as_micros())
        .bind(camera.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, gap: &Gap) -> Result<(), Error> {
    if gap.end.is_some_and(|end| end <= gap.start) {
        return Ok(());
    }
    sqlx::query("INSERT INTO gaps (camera, start_us, end_us, reason) VALUES (?, ?, ?, ?)")
        .bind(gap.camera.to_string())
        .bind(gap.start.as_micros())
        .bind(gap.end.map(Wall::as_micros))
        .bind(gap.reason.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Gap, Error> {
    let camera: String = row.try_get("camera")?;
    let camera = CameraId::new(&camera).map_err(|error| Error::Engine(error.to_string()))?;
    Ok(Gap {
        camera,
        start: Wall::from_micros(row.try_get("start_us")?),
        end: row.try_get::<Option<i64>, _>("end_us")?.map(Wall::from_micros),
        reason: word(row.try_get("reason")?)?,
    })
}
