//! Segments in SQLite.

use base::{CameraId, StreamPath, Wall};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::removals::read_removal;
use super::{Database, decode_cursor, encode_cursor};
use crate::{Error, NewSegment, Page, Place, Sealed, Segment, SegmentId, SegmentState, Segments};

/// No segment lasts longer: what overlaps a range begins at most this long before it.
const LONGEST_MICROS: i64 = 25 * 3_600 * 1_000_000;

impl Segments for Database {
    async fn create_segment(&self, segment: &NewSegment) -> Result<SegmentId, Error> {
        let done = sqlx::query(
            "INSERT INTO segments (camera, stream, path, start_us, format, codecs, state, place)
             VALUES (?, ?, ?, ?, ?, ?, 'RECORDING', 'local') ON CONFLICT (path) DO NOTHING",
        )
        .bind(segment.camera.to_string())
        .bind(segment.stream.to_string())
        .bind(segment.path.clone())
        .bind(segment.start.as_micros())
        .bind(segment.format.clone())
        .bind(segment.codecs.clone())
        .execute(&self.writer)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::Invalid(format!("segment path `{}` is taken", segment.path)));
        }
        Ok(SegmentId(done.last_insert_rowid()))
    }

    async fn seal_segment(&self, id: SegmentId, sealed: &Sealed) -> Result<(), Error> {
        let done = sqlx::query(
            "UPDATE segments SET end_us = ?, duration_us = ?, bytes = ?, sha256 = ?, state = 'CREATED'
             WHERE id = ? AND state = 'RECORDING'",
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

    async fn discard_segment(&self, id: SegmentId) -> Result<(), Error> {
        let delete =
            sqlx::query("DELETE FROM segments WHERE id = ? AND state = 'RECORDING'").bind(id.0);
        found(delete.execute(&self.writer).await?.rows_affected(), id)
    }

    async fn open_segments(&self) -> Result<Vec<Segment>, Error> {
        let rows = sqlx::query("SELECT * FROM segments WHERE state = 'RECORDING' ORDER BY id");
        rows.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn segment_by_path(&self, path: &str) -> Result<Option<Segment>, Error> {
        let row = sqlx::query("SELECT * FROM segments WHERE path = ?").bind(path.to_owned());
        row.fetch_optional(&self.readers).await?.as_ref().map(read).transpose()
    }

    async fn segment(&self, id: SegmentId) -> Result<Segment, Error> {
        let row = sqlx::query("SELECT * FROM segments WHERE id = ?").bind(id.0);
        let row = row.fetch_optional(&self.readers).await?;
        row.map_or_else(|| Err(found(0, id).expect_err("none was found")), |row| read(&row))
    }

    async fn segments(
        &self,
        camera: &CameraId,
        start: Wall,
        end: Wall,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Segment>, Error> {
        let (after_us, after_id) = match cursor.map(decode_cursor).transpose()? {
            None => (i64::MIN, i64::MIN),
            Some(key) => key
                .split_once('/')
                .and_then(|(us, id)| Some((us.parse().ok()?, id.parse().ok()?)))
                .ok_or_else(|| Error::Invalid("cursor: not one of this list".to_owned()))?,
        };
        let rows = sqlx::query(
            "SELECT * FROM segments WHERE camera = ? AND start_us >= ? AND start_us < ?
                 AND (end_us IS NULL OR end_us > ?) AND (start_us, id) > (?, ?)
             ORDER BY start_us, id LIMIT ?",
        )
        .bind(camera.to_string())
        .bind(start.as_micros().saturating_sub(LONGEST_MICROS))
        .bind(end.as_micros())
        .bind(start.as_micros())
        .bind(after_us)
        .bind(after_id)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.readers)
        .await?;
        let mut items: Vec<Segment> = rows.iter().map(read).collect::<Result<_, _>>()?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let key = |last: &Segment| {
            encode_cursor(&format!("{}/{}", last.new.start.as_micros(), last.id.0))
        };
        let next_cursor = items.last().filter(|_| more).map(key);
        Ok(Page { items, next_cursor, total: None })
    }
}

pub(super) fn found(rows: u64, id: SegmentId) -> Result<(), Error> {
    if rows > 0 { Ok(()) } else { Err(Error::NotFound { what: "segment", id: id.0.to_string() }) }
}

pub(super) fn read(row: &SqliteRow) -> Result<Segment, Error> {
    let id = SegmentId(row.try_get("id")?);
    let damaged = |what: String| Error::Engine(format!("segment {}: {what}", id.0));
    let (camera, stream): (String, String) = (row.try_get("camera")?, row.try_get("stream")?);
    let end: Option<i64> = row.try_get("end_us")?;
    let sealed = match end {
        None => None,
        Some(end) => Some(Sealed {
            end: Wall::from_micros(end),
            duration_us: row.try_get("duration_us")?,
            bytes: u64::try_from(row.try_get::<i64, _>("bytes")?).unwrap_or(0),
            sha256: <[u8; 32]>::try_from(row.try_get::<Vec<u8>, _>("sha256")?)
                .map_err(|_| damaged("a checksum that is not 32 bytes".to_owned()))?,
        }),
    };
    Ok(Segment {
        id,
        new: NewSegment {
            camera: CameraId::new(&camera).map_err(|error| damaged(error.to_string()))?,
            stream: StreamPath::new(&stream).map_err(|error| damaged(error.to_string()))?,
            path: row.try_get("path")?,
            start: Wall::from_micros(row.try_get("start_us")?),
            format: row.try_get("format")?,
            codecs: row.try_get("codecs")?,
        },
        sealed,
        state: word::<SegmentState>(row.try_get("state")?)?,
        place: word::<Place>(row.try_get("place")?)?,
        removal: read_removal(row)?,
    })
}

/// An enum's variant by its written name.
pub(super) fn word<T: DeserializeOwned + Serialize>(text: String) -> Result<T, Error> {
    let unknown = Error::Engine(format!("unknown word `{text}`"));
    serde_json::from_value(serde_json::Value::String(text)).map_err(|_| unknown)
}
