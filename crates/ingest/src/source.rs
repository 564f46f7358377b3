//! What a source is told: where to pull, as whom, and how.

use base::{CameraId, Secret, StreamPath};
use hub::paths::Derivation;
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

/// Which program pulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Client {
    /// The built-in one where it can, ffmpeg where it cannot.
    #[default]
    Auto,
    /// The built-in one, which speaks RTSP.
    Native,
    /// An ffmpeg child.
    Ffmpeg,
}

/// A stream made of another one by an ffmpeg child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The path it is made of.
    pub from: StreamPath,
    /// Width and height; `None`: as they are.
    pub size: Option<(u16, u16)>,
    /// Frames a second; `None`: as they are.
    pub framerate: Option<u16>,
    /// What is made, with the sound; `None`: smaller pictures without it.
    pub codec: Option<Derivation>,
}

/// Whose source it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A camera's.
    Camera(CameraId),
    /// Of a path that the rule of this name allows.
    Rule(String),
}

impl Owner {
    /// As numbers and logs name it: one of so many as there are cameras and rules.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Camera(camera) => camera.as_str(),
            Self::Rule(name) => name,
        }
    }

    /// The camera, where it is one's.
    #[must_use]
    pub const fn camera(&self) -> Option<&CameraId> {
        match self {
            Self::Camera(camera) => Some(camera),
            Self::Rule(_) => None,
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.label())
    }
}

/// One wanted stream. Two equal ones are the same source: it is left running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// Whose it is.
    pub owner: Owner,
    /// The stream's name: `main`, `sub`, `720p`; of a rule's, its path.
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
    /// Which program pulls.
    pub client: Client,
    /// Made of another stream instead of being pulled.
    pub derived: Option<Derived>,
    /// Pull only while somebody reads.
    pub on_demand: bool,
    /// False: known, but not pulled.
    pub enabled: bool,
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(crate) fn spec(url: &str, client: Client) -> SourceSpec {
        let camera = CameraId::new("cam1").unwrap();
        SourceSpec {
            path: camera.main_path(),
            owner: Owner::Camera(camera),
            name: "main".to_owned(),
            url: Url::parse(url).unwrap(),
            username: String::new(),
            password: Secret::default(),
            transport: Transport::Tcp,
            client,
            derived: None,
            on_demand: false,
            enabled: true,
        }
    }
}
