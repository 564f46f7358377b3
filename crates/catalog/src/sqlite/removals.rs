//! Removals in SQLite.

use base::{CameraId, Wall};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::Database;
use super::segments::{found, read, word};
use crate::{Candidates, Error, Removal, Removals, Sealed, Segment, SegmentId, Usage, Which};

impl Removals for Database {
    async fn usage(&self) -> Result<Vec<Usage>, Error> {
        let rows = sqlx::query(
            "SELECT camera, count(*) AS segments, coalesce(sum(bytes), 0) AS bytes FROM segments
             WHERE place = 'local' AND state <> 'RECORDING' GROUP BY camera ORDER BY camera",
        );
        let read = |row: &SqliteRow| -> Result<Usage, Error> {
            let number = |name: &str| {
                Ok::<_, Error>(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or(0))
            };
            let camera: String = row.try_get("camera")?;
            let camera =
                CameraId::new(&camera).map_err(|error| Error::Engine(error.to_string()))?;
            Ok(Usage { camera, segments: number("segments")?, bytes: number("bytes")? })
        };
        rows.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn oldest(&self, candidates: &Candidates) -> Result<Vec<Segment>, Error> {
        let mut query = oldest_query(candidates);
        let rows = query.build().fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    async fn begin_removal(
        &self,
        ids: &[SegmentId],
        removal: &Removal,
    ) -> Result<Vec<SegmentId>, Error> {
        let rows = sqlx::query_scalar::<_, i64>(
            "UPDATE segments SET removed_rule = ?, removed_us = ?, removed_by = ?
             WHERE id IN (SELECT value FROM json_each(?)) AND place = 'local' AND removed_rule IS NULL
                 AND end_us IS NOT NULL AND state IN ('CREATED', 'UPLOADED', 'RETRY', 'FAILED')
             RETURNING id",
        )
        .bind(removal.rule.as_str())
        .bind(removal.at.as_micros())
        .bind(removal.by.clone())
        .bind(json(ids))
        .fetch_all(&self.writer)
        .await?;
        Ok(rows.into_iter().map(SegmentId).collect())
    }

    async fn finish_removal(&self, ids: &[SegmentId]) -> Result<(), Error> {
        sqlx::query(
            "UPDATE segments SET
                 place = CASE state WHEN 'UPLOADED' THEN 's3' ELSE 'none' END,
                 state = CASE state WHEN 'UPLOADED' THEN 'CLEANED' ELSE 'REMOVED' END
             WHERE id IN (SELECT value FROM json_each(?)) AND place = 'local' AND removed_rule IS NOT NULL",
        )
        .bind(json(ids))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn cancel_removal(&self, ids: &[SegmentId]) -> Result<(), Error> {
        sqlx::query(
            "UPDATE segments SET removed_rule = NULL, removed_us = NULL, removed_by = NULL
             WHERE id IN (SELECT value FROM json_each(?)) AND place = 'local'",
        )
        .bind(json(ids))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn begun_removals(&self, limit: u32) -> Result<Vec<Segment>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM segments WHERE place = 'local' AND removed_rule IS NOT NULL ORDER BY id LIMIT ?",
        )
        .bind(i64::from(limit));
        rows.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn stored(
        &self,
        camera: Option<&CameraId>,
        after: SegmentId,
        limit: u32,
    ) -> Result<Vec<Segment>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM segments WHERE id > ?1 AND place = 'local' AND (?2 IS NULL OR camera = ?2)
             ORDER BY id LIMIT ?3",
        )
        .bind(after.0)
        .bind(camera.map(ToString::to_string))
        .bind(i64::from(limit));
        rows.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn reseal_segment(&self, id: SegmentId, sealed: &Sealed) -> Result<(), Error> {
        let done = sqlx::query(
            "UPDATE segments SET end_us = ?, duration_us = ?, bytes = ?, sha256 = ?
             WHERE id = ? AND place = 'local' AND removed_rule IS NULL
                 AND state IN ('CREATED', 'RETRY', 'FAILED')",
        )
        .bind(sealed.end.as_micros())
        .bind(sealed.duration_us)
        .bind(i64::try_from(sealed.bytes).unwrap_or(i64::MAX))
        .bind(sealed.sha256.to_vec())
        .bind(id.0)
        .execute(&self.writer)
        .await?;
        found(done.rows_affected(), id)
    }
}

/// Names its index: among rows of years, what is on the disk now is few.
pub(super) fn oldest_query(candidates: &Candidates) -> QueryBuilder<Sqlite> {
    let one_camera = matches!(&candidates.cameras, Which::Only(cameras) if cameras.len() == 1);
    let index = if one_camera { "segments_local_by_camera" } else { "segments_local_by_age" };
    let mut query = QueryBuilder::new(format!(
        "SELECT * FROM segments INDEXED BY {index} WHERE place = 'local' AND removed_rule IS NULL
             AND end_us IS NOT NULL AND state <> 'RECORDING'
             AND state IN (SELECT value FROM json_each("
    ));
    query.push_bind(json(&candidates.states)).push("))");
    match &candidates.cameras {
        Which::All => {}
        Which::Only(cameras) => match cameras.as_slice() {
            [camera] => {
                query.push(" AND camera = ").push_bind(camera.to_string());
            }
            _ => {
                query.push(" AND camera IN (SELECT value FROM json_each(");
                query.push_bind(json(cameras)).push("))");
            }
        },
        Which::Except(cameras) => {
            query.push(" AND camera NOT IN (SELECT value FROM json_each(");
            query.push_bind(json(cameras)).push("))");
        }
    }
    query.push(" ORDER BY start_us, id LIMIT ").push_bind(i64::from(candidates.limit));
    query
}

/// The removal that a row tells of.
pub(super) fn read_removal(row: &SqliteRow) -> Result<Option<Removal>, Error> {
    let rule: Option<String> = row.try_get("removed_rule")?;
    let Some(rule) = rule else { return Ok(None) };
    let at = Wall::from_micros(row.try_get::<Option<i64>, _>("removed_us")?.unwrap_or(0));
    Ok(Some(Removal { rule: word(rule)?, at, by: row.try_get("removed_by")? }))
}

/// A list as SQLite's `json_each` takes it.
fn json<T: serde::Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).expect("ids and words are always JSON")
}
