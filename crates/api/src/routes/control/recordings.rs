//! `/v3/recordings`: which segments there are, and the way to erase one.

use access::{Action, Object};
use axum::Json;
use axum::extract::{Path, Query, State};
use base::{CameraId, Clock, ErrorKind, SystemClock, Wall};
use catalog::{Ledger, Place, Rule, Segment};
use serde::{Deserialize, Serialize};
use storage::retention::Planned;
use utoipa::{IntoParams, ToSchema};

use super::answer::{DONE, Done, ErrorAnswer, Fault, List, Paging};
use crate::App;
use crate::problem::Problem;
use crate::routes::query::Checked;
use crate::routes::recordings::all_segments;
use crate::who::Who;

/// Segments of one answer, at most.
const SEGMENTS_MAX: usize = 100_000;

/// What is recorded of a path.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recording {
    name: String,
    segments: Vec<Start>,
}

/// A segment, by its start.
#[derive(Serialize, ToSchema)]
pub(crate) struct Start {
    #[schema(value_type = String, format = DateTime)]
    start: Wall,
}

/// Recordings of all paths.
#[utoipa::path(get, operation_id = "control_recordings", path = "/v3/recordings/list", tag = "control", params(Paging), responses(
    (status = 200, body = List<Recording>), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Checked(paging): Checked<Paging>,
) -> Result<Json<List<Recording>>, Fault> {
    who.permit(&app, Action::Control, &Object::Server)?;
    let cameras = app.database.recorded_cameras().await?;
    let mut page = paging.of(cameras, |camera| (camera, Vec::new()))?;
    let mut room = SEGMENTS_MAX;
    for (camera, segments) in &mut page.items {
        *segments = starts(&app, camera, room).await?;
        room = room.saturating_sub(segments.len());
    }
    Ok(Json(page.map(|(camera, segments)| Recording { name: camera.to_string(), segments })))
}

/// Recordings of a path.
#[utoipa::path(get, operation_id = "control_recording", path = "/v3/recordings/get/{name}", tag = "control",
    params(("name" = String, Path, description = "The path's name.")), responses(
    (status = 200, body = Recording), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(name): Path<String>,
) -> Result<Json<Recording>, Fault> {
    who.permit(&app, Action::Control, &Object::Server)?;
    let camera = CameraId::new(&name).map_err(|_| Fault::missing("path not found"))?;
    let segments = starts(&app, &camera, SEGMENTS_MAX).await?;
    let is_known = !segments.is_empty() || app.kept.configured().contains_key(&name);
    match is_known {
        true => Ok(Json(Recording { name, segments })),
        false => Err(Fault::missing("path not found")),
    }
}

async fn starts(app: &App, camera: &CameraId, most: usize) -> Result<Vec<Start>, Fault> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let all = all_segments(app, camera, (Wall::default(), Wall::MAX), most).await?;
    let there = all.iter().filter(|segment| segment.place != Place::None);
    Ok(there.take(most).map(|segment| Start { start: segment.new.start }).collect())
}

/// Which segment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    path: Option<String>,
    /// RFC 3339, as the list has it.
    start: Option<String>,
}

/// Erases a segment.
#[utoipa::path(delete, operation_id = "control_recording_delete", path = "/v3/recordings/deletesegment", tag = "control", params(Which), responses(
    (status = 200, body = Done), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Query(which): Query<Which>,
) -> Result<Json<Done>, Fault> {
    who.permit(&app, Action::EraseRecordings, &Object::Server)?;
    let start = which.start.as_deref().and_then(|text| Wall::parse(text).ok());
    let start = start.ok_or_else(|| Fault::bad("invalid 'start' parameter"))?;
    let path = which.path.unwrap_or_default();
    let missing = || Fault::missing("segment not found");
    let camera = CameraId::new(&path).map_err(|_| missing())?;
    let segment = find(&app, &camera, start).await?.ok_or_else(missing)?;
    if segment.sealed.is_none() {
        return Err(Fault::bad("the segment is still being recorded"));
    }
    let detail = [("start", segment.new.start.to_string()), ("file", segment.new.path.clone())];
    who.record(&app, "segment_erase", format!("camera:{camera}"), &detail).await?;
    let planned = [Planned { segment, rule: Rule::Person }];
    let name = who.principal.name();
    let removed = app.remover.remove(&planned, Some(name), SystemClock.wall()).await;
    match removed {
        Ok(removed) if removed.segments > 0 => Ok(DONE),
        // Held, being uploaded, or already on its way out.
        Ok(_) => Err(Fault::bad("the segment cannot be erased now")),
        Err(error) => {
            tracing::error!(%camera, err = %error, "a segment cannot be erased");
            Err(Problem::new(ErrorKind::Internal, "internal").into())
        }
    }
}

/// The segment that begins in the millisecond that lists show.
async fn find(app: &App, camera: &CameraId, start: Wall) -> Result<Option<Segment>, Fault> {
    let span = (start.plus_micros(-1_000), start.plus_micros(1_000));
    let near = all_segments(app, camera, span, 10_000).await?;
    let millis = |wall: Wall| wall.as_micros().div_euclid(1_000);
    let there = |segment: &&Segment| {
        segment.place == Place::Local && millis(segment.new.start) == millis(start)
    };
    Ok(near.iter().find(there).cloned())
}
