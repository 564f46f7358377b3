//! What a source is told: where to pull, as whom, and how.

use base::{CameraId, Secret, StreamPath};
use url::Url;

/// How RTP is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Transport {
    /// Interleaved in the RTSP connection.
    #[default]
    Tcp,
    /// Datagrams; the client has no reorder buffer.
    Udp,
}

/// One wanted stream of a camera. Two equal ones are the same source: it is left running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// The camera.
    pub camera: CameraId,
    /// The stream's name: `main`, `sub`.
    pub name: String,
    /// Its path in the hub.
    pub path: StreamPath,
    /// The address, without credentials.
    pub url: Url,
    /// User name; empty for none.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// How RTP is carried.
    pub transport: Transport,
    /// False: the configuration asks for another client than the built-in one.
    pub native: bool,
    /// Pull only while somebody reads.
    pub on_demand: bool,
    /// False: known, but not pulled.
    pub enabled: bool,
}
