//! Cameras: what the catalogue knows with how they are now.

use std::collections::HashMap;

use access::{Action, Object};
use axum::Json;
use axum::extract::{Path, State};
use base::{CameraId, ErrorKind, Wall};
use catalog::{Camera, CameraFilter, Cameras, Location};
use ingest::{CameraStatus, LastError, State as Live};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{Checked, number};
use crate::App;
use crate::messages::Language;
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// A camera.
#[derive(Serialize, ToSchema)]
pub(crate) struct CameraAnswer {
    id: String,
    name: String,
    /// The agency that owns it.
    source: String,
    role: String,
    #[schema(value_type = Option<LocationAnswer>)]
    location: Option<Location>,
    /// `online`, `offline`, `connecting`, `idle`, `disabled` or `error`.
    #[schema(value_type = String)]
    status: Live,
    #[schema(value_type = Option<String>, format = DateTime)]
    status_since: Option<Wall>,
    last_error: Option<LastErrorAnswer>,
    streams: Vec<StreamAnswer>,
    /// Whether it can be moved.
    ptz: bool,
    tags: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Wall,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Wall,
    live: LiveAnswer,
}

/// Where a camera stands and looks.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of the catalogue's own type")]
pub(crate) struct LocationAnswer {
    lng: f64,
    lat: f64,
    direction: Option<f64>,
    field_of_view: Option<f64>,
    range_m: Option<f64>,
}

/// The last thing that went wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct LastErrorAnswer {
    code: &'static str,
    message_en: String,
    message_ar: String,
    #[schema(value_type = String, format = DateTime)]
    at: Wall,
}

/// One of a camera's streams; sizes and rates are 0 until they are known.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamAnswer {
    name: String,
    path: String,
    codec: String,
    profile: String,
    width: u32,
    height: u32,
    fps: f64,
    /// Bits a second.
    bitrate: u64,
    /// Seconds.
    key_frame_interval: f64,
    b_frames: bool,
    /// Codec of the sound; empty: none.
    audio: String,
    /// `ok`, or the code of why a browser cannot play it.
    browser: &'static str,
    /// True when a group of pictures does not fit the memory that is set for it.
    long_gop: bool,
}

/// Where it can be watched; null: not by this protocol.
#[derive(Serialize, ToSchema)]
pub(crate) struct LiveAnswer {
    hls: Option<String>,
    whep: Option<String>,
    rtsp: Option<String>,
}

/// A page of cameras.
#[derive(Serialize, ToSchema)]
pub(crate) struct CamerasAnswer {
    cameras: Vec<CameraAnswer>,
    next_cursor: Option<String>,
    total: u64,
}

/// Which cameras.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CamerasQuery {
    /// `minLng,minLat,maxLng,maxLat`; minLng > maxLng crosses the antimeridian.
    bbox: Option<String>,
    role: Option<String>,
    /// Agency.
    source: Option<String>,
    /// `online`, `offline`, `connecting`, `idle`, `disabled`, `error`.
    status: Option<String>,
    tag: Option<String>,
    /// A part of the name or id.
    q: Option<String>,
    /// 1 to 10,000; default 1,000.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Cameras in a stable order.
#[utoipa::path(get, operation_id = "cameras_list", path = "/api/cameras", tag = "cameras", params(CamerasQuery), responses(
    (status = 200, body = CamerasAnswer), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Checked(query): Checked<CamerasQuery>,
) -> Result<Json<CamerasAnswer>, Problem> {
    who.permit(&app, Action::ReadCameras, &Object::Server)?;
    let limit = number("limit", query.limit.as_deref(), (1, 10_000, 1_000))?;
    let live = app.status.all();
    let ids = query.status.as_deref().filter(|status| !status.is_empty());
    let ids = ids.map(|status| with_status(&live, status)).transpose()?;
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = CameraFilter {
        bbox: some(query.bbox).map(|text| bbox(&text)).transpose()?,
        role: some(query.role),
        source: some(query.source),
        tag: some(query.tag),
        q: some(query.q),
        ids,
        visible: who.principal.visible().clone(),
    };
    let page = app.database.cameras(&filter, limit, some(query.cursor).as_deref()).await?;
    let cameras = page.items.into_iter().map(|camera| {
        let status = live.get(&camera.id).cloned();
        answer(camera, status)
    });
    Ok(Json(CamerasAnswer {
        cameras: cameras.collect(),
        next_cursor: page.next_cursor,
        total: page.total.unwrap_or(0),
    }))
}

/// One camera.
#[utoipa::path(get, operation_id = "cameras_one", path = "/api/cameras/{id}", tag = "cameras", params(("id" = String, Path, description = "The camera's id.")), responses(
    (status = 200, body = CameraAnswer), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 401, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<String>,
) -> Result<Json<CameraAnswer>, Problem> {
    let (_, known) = who.camera(&app, Action::ReadCameras, &id).await?;
    // The row itself: what was asked for a moment ago may have changed since.
    let camera = app.database.camera(&known.id).await?;
    Ok(Json(answer(camera, app.status.get(&known.id))))
}

const STATES: [(&str, Live); 6] = [
    ("online", Live::Online),
    ("offline", Live::Offline),
    ("connecting", Live::Connecting),
    ("idle", Live::Idle),
    ("disabled", Live::Disabled),
    ("error", Live::Error),
];

fn with_status(
    live: &HashMap<CameraId, CameraStatus>,
    status: &str,
) -> Result<Vec<CameraId>, Problem> {
    let Some((_, state)) = STATES.iter().find(|(name, _)| *name == status) else {
        let allowed: Vec<&str> = STATES.iter().map(|(name, _)| *name).collect();
        return Err(Problem::new(ErrorKind::Invalid, "invalid_word")
            .with("field", "status")
            .with("allowed", allowed.join(", "))
            .with("value", status));
    };
    Ok(live.iter().filter(|(_, camera)| camera.state == *state).map(|(id, _)| id.clone()).collect())
}

fn bbox(text: &str) -> Result<[f64; 4], Problem> {
    let names = ["minLng", "minLat", "maxLng", "maxLat"];
    let wrong = |name: &str, value: &str| {
        Problem::new(ErrorKind::Invalid, "invalid_bbox").with("name", name).with("value", value)
    };
    let parts: Vec<&str> = text.split(',').collect();
    let mut out = [0.0; 4];
    for (index, (name, slot)) in names.iter().zip(&mut out).enumerate() {
        let part = parts.get(index).copied().unwrap_or_default().trim();
        let limit = if index % 2 == 0 { 180.0 } else { 90.0 };
        let number = part.parse::<f64>().ok().filter(|number| number.abs() <= limit);
        *slot = number.ok_or_else(|| wrong(name, part))?;
    }
    let [_, min_lat, _, max_lat] = out;
    if parts.len() > 4 {
        return Err(wrong("5", parts.get(4).copied().unwrap_or_default()));
    }
    if min_lat > max_lat {
        return Err(wrong("minLat", &min_lat.to_string()));
    }
    Ok(out)
}

fn answer(camera: Camera, live: Option<CameraStatus>) -> CameraAnswer {
    let id = camera.id.to_string();
    let (status, since, error, streams) = match live {
        Some(live) => (live.state, Some(live.since), live.last_error, live.streams),
        // Known, and not pulled by this server.
        None => (Live::Disabled, camera.removed_at, None, Vec::new()),
    };
    let watchable = camera.enabled && camera.removed_at.is_none();
    CameraAnswer {
        live: LiveAnswer {
            hls: watchable.then(|| format!("/live/{id}/index.m3u8")),
            whep: None,
            rtsp: None,
        },
        id,
        name: camera.name,
        source: camera.source,
        role: camera.role,
        location: camera.location,
        status,
        status_since: since,
        last_error: error.map(in_words),
        streams: streams.into_iter().map(stream).collect(),
        ptz: false,
        tags: camera.tags,
        created_at: camera.created_at,
        updated_at: camera.updated_at,
    }
}

fn in_words(error: LastError) -> LastErrorAnswer {
    let code = format!("source_{}", error.code);
    LastErrorAnswer {
        code: error.code,
        message_en: Language::English.text(&code, None, &error.args),
        message_ar: Language::Arabic.text(&code, None, &error.args),
        at: error.at,
    }
}

fn stream(info: ingest::status::StreamInfo) -> StreamAnswer {
    StreamAnswer {
        browser: if info.codec.is_empty() || info.codec == "h264" {
            "ok"
        } else {
            "codec_unsupported"
        },
        name: info.name,
        path: info.path,
        codec: info.codec,
        profile: info.profile,
        width: info.width,
        height: info.height,
        fps: info.fps,
        bitrate: info.bitrate,
        key_frame_interval: info.key_frame_interval,
        b_frames: info.b_frames,
        audio: info.audio,
        long_gop: info.long_gop,
    }
}
