//! Cameras in SQLite, their positions in an R*Tree.

use std::collections::BTreeSet;

use base::{CameraId, Wall};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::{Database, decode_cursor, encode_cursor};
use crate::{Agencies, Camera, CameraFilter, Cameras, Error, Location, Page};

impl Cameras for Database {
    async fn upsert_cameras(
        &self,
        managed_by: &str,
        cameras: &[Camera],
        now: Wall,
    ) -> Result<(), Error> {
        let mut tx = self.writer.begin().await?;
        let known: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM cameras WHERE managed_by = ? AND removed_at IS NULL",
        )
        .bind(managed_by.to_owned())
        .fetch_all(&mut *tx)
        .await?;
        for camera in cameras {
            upsert(&mut tx, camera, now).await?;
        }
        for id in known {
            if !cameras.iter().any(|camera| camera.id.as_str() == id) {
                sqlx::query("UPDATE cameras SET removed_at = ?, updated_at = ? WHERE id = ?")
                    .bind(now.as_micros())
                    .bind(now.as_micros())
                    .bind(id)
                    .execute(&mut *tx)
                    .await?;
            }
        }
        Ok(tx.commit().await?)
    }

    async fn camera(&self, id: &CameraId) -> Result<Camera, Error> {
        let row = sqlx::query("SELECT * FROM cameras WHERE id = ?").bind(id.to_string());
        let row = row.fetch_optional(&self.readers).await?;
        row.map_or_else(
            || Err(Error::NotFound { what: "camera", id: id.to_string() }),
            |row| read(&row),
        )
    }

    async fn cameras(
        &self,
        filter: &CameraFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Camera>, Error> {
        let after = cursor.map(decode_cursor).transpose()?;
        let mut count = QueryBuilder::new("SELECT count(*) FROM cameras WHERE ");
        push_filter(&mut count, filter);
        let total: i64 = count.build_query_scalar().fetch_one(&self.readers).await?;

        let mut list = QueryBuilder::new("SELECT * FROM cameras WHERE ");
        push_filter(&mut list, filter);
        if let Some(after) = after {
            list.push(" AND id > ").push_bind(after);
        }
        list.push(" ORDER BY id LIMIT ").push_bind(i64::from(limit) + 1);
        let rows = list.build().fetch_all(&self.readers).await?;
        let mut items: Vec<Camera> = rows.iter().map(read).collect::<Result<_, _>>()?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let last = items.last().filter(|_| more);
        let next_cursor = last.map(|camera| encode_cursor(camera.id.as_str()));
        Ok(Page { next_cursor, items, total: u64::try_from(total).ok() })
    }
}

async fn upsert(tx: &mut SqliteConnection, camera: &Camera, now: Wall) -> Result<(), Error> {
    let tags = serde_json::to_string(&camera.tags).map_err(|e| Error::Invalid(e.to_string()))?;
    let location = camera.location;
    sqlx::query(
        "INSERT INTO cameras (id, name, source, role, lng, lat, direction, field_of_view, range_m, enabled, tags,
             managed_by, removed_at, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, source = excluded.source, role = excluded.role,
             lng = excluded.lng, lat = excluded.lat, direction = excluded.direction,
             field_of_view = excluded.field_of_view, range_m = excluded.range_m, enabled = excluded.enabled,
             tags = excluded.tags, managed_by = excluded.managed_by, removed_at = NULL,
             updated_at = excluded.updated_at
         WHERE (name, source, role, lng, lat, direction, field_of_view, range_m, enabled, tags, managed_by, removed_at)
             IS NOT (excluded.name, excluded.source, excluded.role, excluded.lng, excluded.lat, excluded.direction,
                 excluded.field_of_view, excluded.range_m, excluded.enabled, excluded.tags, excluded.managed_by, NULL)",
    )
    .bind(camera.id.to_string())
    .bind(camera.name.clone())
    .bind(camera.source.clone())
    .bind(camera.role.clone())
    .bind(location.map(|at| at.lng))
    .bind(location.map(|at| at.lat))
    .bind(location.and_then(|at| at.direction))
    .bind(location.and_then(|at| at.field_of_view))
    .bind(location.and_then(|at| at.range_m))
    .bind(camera.enabled)
    .bind(tags)
    .bind(camera.managed_by.clone())
    .bind(now.as_micros())
    .bind(now.as_micros())
    .execute(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM camera_positions WHERE camera = ?")
        .bind(camera.id.to_string())
        .execute(&mut *tx)
        .await?;
    if let Some(at) = location {
        sqlx::query(
            "INSERT INTO camera_positions (min_lng, max_lng, min_lat, max_lat, camera) VALUES (?1, ?1, ?2, ?2, ?3)",
        )
        .bind(at.lng)
        .bind(at.lat)
        .bind(camera.id.to_string())
        .execute(tx)
        .await?;
    }
    Ok(())
}

fn push_filter(query: &mut QueryBuilder<Sqlite>, filter: &CameraFilter) {
    query.push("removed_at IS NULL");
    let equal = [("role", &filter.role), ("source", &filter.source)];
    for (column, value) in equal {
        if let Some(value) = value {
            query.push(format!(" AND {column} = ")).push_bind(value.clone());
        }
    }
    if let Agencies::Only(agencies) = &filter.visible.agencies {
        push_within(query, "source", agencies);
    }
    if let Some(roles) = &filter.visible.roles {
        push_within(query, "role", roles);
    }
    if let Some(tag) = &filter.tag {
        query
            .push(" AND EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ")
            .push_bind(tag.clone())
            .push(")");
    }
    if let Some(q) = &filter.q {
        let escaped = q.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let pattern = format!("%{escaped}%");
        query.push(" AND (name LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\' OR id LIKE ");
        query.push_bind(pattern).push(" ESCAPE '\\')");
    }
    if let Some(ids) = &filter.ids {
        let ids: Vec<&str> = ids.iter().map(CameraId::as_str).collect();
        let ids = serde_json::to_string(&ids).unwrap_or_else(|_| "[]".to_owned());
        query.push(" AND id IN (SELECT value FROM json_each(").push_bind(ids).push("))");
    }
    if let Some([min_lng, min_lat, max_lng, max_lat]) = filter.bbox {
        // The tree keeps 32-bit coordinates, rounded outwards; the columns decide.
        query
            .push(" AND id IN (SELECT camera FROM camera_positions WHERE min_lat <= ")
            .push_bind(max_lat);
        query.push(" AND max_lat >= ").push_bind(min_lat).push(" AND (");
        let joint = if min_lng > max_lng { " OR " } else { " AND " };
        query
            .push("max_lng >= ")
            .push_bind(min_lng)
            .push(joint)
            .push("min_lng <= ")
            .push_bind(max_lng);
        query.push(")) AND lat BETWEEN ").push_bind(min_lat).push(" AND ").push_bind(max_lat);
        query
            .push(" AND (lng >= ")
            .push_bind(min_lng)
            .push(joint)
            .push("lng <= ")
            .push_bind(max_lng)
            .push(")");
    }
}

fn push_within(query: &mut QueryBuilder<Sqlite>, column: &str, words: &BTreeSet<String>) {
    let words = serde_json::to_string(words).unwrap_or_else(|_| "[]".to_owned());
    query.push(format!(" AND {column} IN (SELECT value FROM json_each("));
    query.push_bind(words).push("))");
}

fn read(row: &SqliteRow) -> Result<Camera, Error> {
    let (lng, lat): (Option<f64>, Option<f64>) = (row.try_get("lng")?, row.try_get("lat")?);
    let location = match (lng, lat) {
        (Some(lng), Some(lat)) => Some(Location {
            lng,
            lat,
            direction: row.try_get("direction")?,
            field_of_view: row.try_get("field_of_view")?,
            range_m: row.try_get("range_m")?,
        }),
        _ => None,
    };
    let id: String = row.try_get("id")?;
    let tags: String = row.try_get("tags")?;
    let damaged = |what: String| Error::Engine(format!("camera `{id}`: {what}"));
    Ok(Camera {
        id: CameraId::new(&id).map_err(|error| damaged(error.to_string()))?,
        name: row.try_get("name")?,
        source: row.try_get("source")?,
        role: row.try_get("role")?,
        location,
        enabled: row.try_get("enabled")?,
        tags: serde_json::from_str(&tags).map_err(|error| damaged(error.to_string()))?,
        managed_by: row.try_get("managed_by")?,
        removed_at: row.try_get::<Option<i64>, _>("removed_at")?.map(Wall::from_micros),
        created_at: Wall::from_micros(row.try_get("created_at")?),
        updated_at: Wall::from_micros(row.try_get("updated_at")?),
    })
}
