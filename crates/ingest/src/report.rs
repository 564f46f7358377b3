//! What a source writes on the status board, only when it changes.

use base::{Clock, SystemClock};
use media::Tracks;

use crate::failure::Failure;
use crate::measure::Rates;
use crate::outlet::Outlet;
use crate::source::SourceSpec;
use crate::status::{CameraStatus, LastError, State, StatusBoard, StreamInfo};

/// A camera's streams in the order in which people see them: main, sub, then others.
const ORDER: [&str; 2] = ["main", "sub"];

/// Writes one source's part of its camera's line. The main stream's state is the camera's.
pub(crate) struct Report {
    board: StatusBoard,
    spec: SourceSpec,
    is_main: bool,
    state: Option<State>,
    last_code: Option<&'static str>,
}

impl Report {
    pub(crate) fn new(board: StatusBoard, spec: &SourceSpec) -> Self {
        let is_main = spec.name == "main";
        let report = Self { board, spec: spec.clone(), is_main, state: None, last_code: None };
        report.write(report.empty_stream());
        report
    }

    pub(crate) const fn last_state(&self) -> Option<State> {
        self.state
    }

    fn empty_stream(&self) -> StreamInfo {
        StreamInfo {
            name: self.spec.name.clone(),
            path: self.spec.path.to_string(),
            ..StreamInfo::default()
        }
    }

    pub(crate) fn state(&mut self, state: State) {
        if self.state.replace(state) == Some(state) {
            return;
        }
        let camera = &self.spec.owner;
        if !self.is_main {
            return tracing::debug!(%camera, stream = %self.spec.name, ?state, "stream state changed");
        }
        tracing::info!(%camera, ?state, "camera state changed");
        self.update(|status| {
            status.state = state;
            status.since = SystemClock.wall();
        });
    }

    pub(crate) fn failure(&mut self, failure: &Failure) {
        let (camera, code) = (&self.spec.owner, failure.kind.code());
        if self.last_code.replace(code) != Some(code) {
            let detail = failure.args.get("detail").map_or("", String::as_str);
            tracing::warn!(%camera, stream = %self.spec.name, code, detail, "source failed");
        }
        if self.is_main {
            let at = SystemClock.wall();
            let error = LastError { code, args: failure.args.clone(), at };
            self.update(|status| status.last_error = Some(error));
        }
    }

    /// The stream plays.
    pub(crate) fn stream(&self, outlet: &Outlet, rates: Rates) {
        let Some(tracks) = outlet.tracks() else { return };
        let mut info = StreamInfo { long_gop: outlet.long_gop(), ..self.empty_stream() };
        fill(&mut info, tracks, rates);
        self.write(info);
    }

    /// Only cameras stand on the board.
    fn update(&self, change: impl FnOnce(&mut CameraStatus)) {
        if let Some(camera) = self.spec.owner.camera() {
            self.board.update(camera, change);
        }
    }

    fn write(&self, info: StreamInfo) {
        self.update(|status| {
            match status.streams.iter_mut().find(|known| known.name == info.name) {
                Some(known) if *known == info => {}
                Some(known) => *known = info,
                None => {
                    status.streams.push(info);
                    let place = |name: &str| ORDER.iter().position(|other| *other == name);
                    status.streams.sort_by_key(|stream| place(&stream.name).unwrap_or(ORDER.len()));
                }
            }
        });
    }
}

/// What a stream's tracks and its measured rates say of it.
pub(crate) fn fill(info: &mut StreamInfo, tracks: &Tracks, rates: Rates) {
    info.fps = rates.fps;
    info.bitrate = rates.bitrate;
    info.key_frame_interval = rates.key_frame_interval;
    for track in tracks.all() {
        let Some((width, height)) = track.parameters.size() else {
            track.parameters.name().clone_into(&mut info.audio);
            continue;
        };
        track.parameters.name().clone_into(&mut info.codec);
        track.parameters.profile_name().clone_into(&mut info.profile);
        (info.width, info.height) = (u32::from(width), u32::from(height));
        info.b_frames = track.parameters.b_frames();
    }
}
