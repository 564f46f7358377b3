//! `/v3/paths`: what is live, who feeds it and who reads it.

use std::collections::BTreeMap;

use access::{Action, Object};
use axum::Json;
use axum::extract::{Path, State};
use base::{StreamPath, Wall};
use hub::StreamState;
use live::sessions::Protocol;
use media::audio::Law;
use media::{Parameters, Track};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::answer::{ErrorAnswer, Fault, List, Paging};
use super::settings::PathSettings;
use crate::App;
use crate::routes::query::Checked;
use crate::who::Who;

/// A path.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PathAnswer {
    name: String,
    /// The name of the configuration that it follows.
    conf_name: String,
    source: Option<End>,
    /// As `available`; deprecated.
    ready: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    ready_time: Option<Wall>,
    available: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    available_time: Option<Wall>,
    online: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    online_time: Option<Wall>,
    tracks: Vec<&'static str>,
    tracks2: Vec<TrackAnswer>,
    inbound_bytes: u64,
    outbound_bytes: u64,
    inbound_frames_in_error: u64,
    /// As `inboundBytes`; deprecated.
    bytes_received: u64,
    /// As `outboundBytes`; deprecated.
    bytes_sent: u64,
    readers: Vec<End>,
}

/// Who feeds or reads.
#[derive(Serialize, ToSchema)]
pub(crate) struct End {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
}

/// A track.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrackAnswer {
    codec: &'static str,
    #[schema(value_type = Option<Object>)]
    codec_props: Value,
}

/// All paths that there are.
#[utoipa::path(get, operation_id = "control_paths", path = "/v3/paths/list", tag = "control", params(Paging), responses(
    (status = 200, body = List<PathAnswer>), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Checked(paging): Checked<Paging>,
) -> Result<Json<List<PathAnswer>>, Fault> {
    who.permit(&app, Action::Control, &Object::Server)?;
    let known = Known::new(&app);
    let names = known.names();
    Ok(Json(paging.of(names, |name| known.answer(&app, name))?))
}

/// One path.
#[utoipa::path(get, operation_id = "control_path", path = "/v3/paths/get/{name}", tag = "control",
    params(("name" = String, Path, description = "The path's name; it may hold slashes.")), responses(
    (status = 200, body = PathAnswer), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(name): Path<String>,
) -> Result<Json<PathAnswer>, Fault> {
    who.permit(&app, Action::Control, &Object::Server)?;
    let known = Known::new(&app);
    let name = StreamPath::new(&name).ok().filter(|name| known.has(name));
    let name = name.ok_or_else(|| Fault::missing("path not found"))?;
    Ok(Json(known.answer(&app, name)))
}

/// The paths of a moment.
pub(in crate::routes) struct Known {
    live: BTreeMap<StreamPath, StreamState>,
    configured: BTreeMap<String, PathSettings>,
}

impl Known {
    pub(in crate::routes) fn new(app: &App) -> Self {
        let live = app.live.hub.list().into_iter().map(|state| (state.path.clone(), state));
        Self { live: live.collect(), configured: app.kept.configured() }
    }

    /// Those that live, and those that are configured by their own name.
    pub(in crate::routes) fn names(&self) -> Vec<StreamPath> {
        let configured = self.configured.keys().filter(|name| !is_rule(name));
        let mut names: Vec<StreamPath> =
            configured.filter_map(|name| StreamPath::new(name).ok()).collect();
        names.extend(self.live.keys().cloned());
        names.sort();
        names.dedup();
        names
    }

    pub(in crate::routes) fn state(&self, name: &StreamPath) -> Option<&StreamState> {
        self.live.get(name)
    }

    fn has(&self, name: &StreamPath) -> bool {
        self.live.contains_key(name)
            || (self.configured.contains_key(name.as_str()) && !is_rule(name.as_str()))
    }

    /// The name of the configuration that a path follows: its own, that of the camera whose further stream
    /// it is, or the rule that it matches.
    fn conf_name(&self, app: &App, name: &StreamPath) -> String {
        let name = name.as_str();
        let camera = name.split('/').next().unwrap_or_default();
        let own = [name, camera].into_iter().find(|name| self.configured.contains_key(*name));
        let rule = || super::rules::matching(app, name);
        own.map(str::to_owned).or_else(rule).unwrap_or_default()
    }

    fn answer(&self, app: &App, name: StreamPath) -> PathAnswer {
        let state = self.live.get(&name);
        let origin = state.and_then(|state| state.origin.as_ref());
        let since = origin.map(|(_, since)| *since);
        let is_live = since.is_some();
        let tracks = state.and_then(|state| state.tracks.as_ref()).filter(|_| is_live);
        let tracks: Vec<&Track> =
            tracks.map(|tracks| tracks.all().iter()).into_iter().flatten().collect();
        let (received, sent) = state.map_or((0, 0), |state| (state.received, state.sent));
        let readers = app.live.sessions.readers(&name).into_iter();
        let readers = readers.filter(|(protocol, _)| *protocol != Protocol::HlsMuxer);
        PathAnswer {
            conf_name: self.conf_name(app, &name),
            source: origin
                .map(|(origin, _)| End { kind: kind(origin), id: origin.id.clone() })
                .or_else(|| self.waiting_source(&name)),
            ready: is_live,
            ready_time: since,
            available: is_live,
            available_time: since,
            online: is_live,
            online_time: since,
            tracks: tracks.iter().map(|track| label(&track.parameters)).collect(),
            tracks2: tracks.iter().map(|track| track_answer(&track.parameters)).collect(),
            inbound_bytes: received,
            outbound_bytes: sent,
            inbound_frames_in_error: 0,
            bytes_received: received,
            bytes_sent: sent,
            readers: readers.map(|(protocol, id)| End { kind: protocol.kind(), id }).collect(),
            name: name.as_str().to_owned(),
        }
    }

    /// What will feed a path that is not live.
    fn waiting_source(&self, name: &StreamPath) -> Option<End> {
        let settings = self.configured.get(name.as_str())?;
        settings.is_pulled().then(|| End { kind: "rtspSource", id: String::new() })
    }
}

/// Who does not say what it is pulls a camera.
fn kind(origin: &hub::Origin) -> &'static str {
    if origin.kind.is_empty() { "rtspSource" } else { origin.kind }
}

fn is_rule(name: &str) -> bool {
    name.starts_with('~') || name == "all_others" || name == "all" || name.contains('*')
}

/// The codec's name as clients know it.
fn label(parameters: &Parameters) -> &'static str {
    match parameters {
        Parameters::H264(_) => "H264",
        Parameters::H265(_) => "H265",
        Parameters::Mjpeg(_) => "M-JPEG",
        Parameters::Aac(_) => "MPEG-4 Audio",
        Parameters::Opus(_) => "Opus",
        Parameters::G711(_) => "G711",
    }
}

fn track_answer(parameters: &Parameters) -> TrackAnswer {
    let codec_props = match parameters {
        Parameters::H264(h264) => json!({
            "width": h264.width, "height": h264.height,
            "profile": h264.profile_name(), "level": h264_level(h264.profile),
        }),
        Parameters::H265(h265) => json!({
            "width": h265.width, "height": h265.height,
            "profile": h265.profile_name(), "level": h265_level(&h265.rfc6381()),
        }),
        Parameters::Mjpeg(_) => Value::Null,
        Parameters::Aac(aac) => {
            json!({ "sampleRate": aac.sample_rate, "channelCount": aac.channels })
        }
        Parameters::Opus(opus) => json!({ "channelCount": opus.channels }),
        Parameters::G711(g711) => json!({
            "muLaw": g711.law == Law::Mu, "sampleRate": g711.sample_rate, "channelCount": g711.channels,
        }),
    };
    TrackAnswer { codec: label(parameters), codec_props }
}

/// ITU-T H.264 annex A: level 1b is 11 with constraint_set3.
fn h264_level([profile, constraints, level]: [u8; 3]) -> String {
    match level {
        11 if constraints & 0x10 != 0 && matches!(profile, 66 | 77 | 88) => "1b".to_owned(),
        9 => "1b".to_owned(),
        _ => tenths(u16::from(level), 10),
    }
}

/// ITU-T H.265 annex A: `general_level_idc` is thirty times the level; it stands behind `L` or `H`.
fn h265_level(rfc6381: &str) -> String {
    let level = rfc6381.split('.').find_map(|part| part.strip_prefix(['L', 'H'])?.parse().ok());
    level.map(|level| tenths(level, 30)).unwrap_or_default()
}

fn tenths(value: u16, unit: u16) -> String {
    match value % unit {
        0 => (value / unit).to_string(),
        rest => format!("{}.{}", value / unit, rest * 10 / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_the_names_that_clients_know() {
        assert_eq!(h264_level([100, 0, 31]), "3.1");
        assert_eq!(h264_level([66, 0x10, 11]), "1b");
        assert_eq!(h264_level([100, 0, 40]), "4");
        assert_eq!(h265_level("hvc1.1.6.L93.B0"), "3.1");
        assert_eq!(h265_level("hvc1.1.6.L120.B0"), "4");
        assert_eq!(h265_level("nothing"), "");
    }
}
