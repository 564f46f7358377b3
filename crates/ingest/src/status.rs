//! What is known of each camera's connection now, for whoever asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base::{CameraId, Clock, SystemClock, Wall};
use parking_lot::RwLock;
use serde::Serialize;

/// A camera's state as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// An access unit in the last five seconds.
    Online,
    /// Unreachable, refused or silent; tried again with back-off.
    Offline,
    /// First try, or within the grace after a loss.
    Connecting,
    /// On demand, and nobody asks for it.
    Idle,
    /// Switched off.
    Disabled,
    /// Needs a person: wrong password, wrong path, bad address, unknown codec. Tried every 30 s.
    Error,
}

/// The last thing that went wrong, as a stable code and its arguments; the `api` room has the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    /// One of the codes in [`crate::failure`].
    pub code: &'static str,
    /// Values for the text, by name: `host`, `port`, `status`, `path`, `seconds`, `codec`.
    pub args: BTreeMap<&'static str, String>,
    /// When.
    pub at: Wall,
}

/// What is known of one of a camera's streams.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StreamInfo {
    /// `main`, `sub` or the derived stream's name.
    pub name: String,
    /// The path in the hub.
    pub path: String,
    /// `h264`; empty until known.
    pub codec: String,
    /// `High`, `Main`, `Constrained Baseline`; empty until known.
    pub profile: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames a second, measured.
    pub fps: f64,
    /// Bits a second, measured.
    pub bitrate: u64,
    /// Seconds between key frames, measured.
    pub key_frame_interval: f64,
    /// True when pictures are reordered.
    pub b_frames: bool,
    /// `aac` or empty.
    pub audio: String,
    /// True when a group of pictures does not fit the ring.
    pub long_gop: bool,
}

/// A camera's live state.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraStatus {
    /// The state.
    pub state: State,
    /// Since when it is in that state.
    pub since: Wall,
    /// The last failure, kept after recovery.
    pub last_error: Option<LastError>,
    /// Its streams.
    pub streams: Vec<StreamInfo>,
}

/// The live states of all cameras: written by their supervisors, read by the API.
/// Cloning gives another handle to the same board.
#[derive(Clone, Default)]
pub struct StatusBoard(Arc<RwLock<HashMap<CameraId, CameraStatus>>>);

impl StatusBoard {
    /// A camera's state; `None` when it is not wanted here.
    #[must_use]
    pub fn get(&self, id: &CameraId) -> Option<CameraStatus> {
        self.0.read().get(id).cloned()
    }

    /// All states.
    #[must_use]
    pub fn all(&self) -> HashMap<CameraId, CameraStatus> {
        self.0.read().clone()
    }

    /// Changes a camera's state; one that is not there yet begins as connecting.
    pub(crate) fn update(&self, id: &CameraId, change: impl FnOnce(&mut CameraStatus)) {
        let begin = || CameraStatus {
            state: State::Connecting,
            since: SystemClock.wall(),
            last_error: None,
            streams: Vec::new(),
        };
        change(self.0.write().entry(id.clone()).or_insert_with(begin));
    }

    /// Forgets a stream that is no longer wanted, and a camera with its main stream.
    pub(crate) fn remove(&self, id: &CameraId, stream: &str) {
        let mut board = self.0.write();
        if stream == "main" {
            board.remove(id);
        } else if let Some(status) = board.get_mut(id) {
            status.streams.retain(|known| known.name != stream);
        }
    }
}
