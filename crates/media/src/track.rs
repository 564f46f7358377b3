//! What a stream is made of: tracks with their codec parameters.

use std::sync::Arc;

use crate::Timescale;
use crate::audio::AacParameters;
use crate::h264::H264Parameters;

/// A track's number within its stream, from 0 in the order of the source's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TrackId(pub u8);

/// One codec in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its number.
    pub id: TrackId,
    /// The unit of its times.
    pub timescale: Timescale,
    /// Codec and parameters.
    pub parameters: Parameters,
}

/// Codec parameters: what a decoder must know before the first access unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameters {
    /// H.264 (ITU-T H.264, ISO/IEC 14496-10). Access units are length-prefixed (4 bytes) NAL units.
    H264(H264Parameters),
    /// AAC (ISO/IEC 14496-3). Access units are raw frames without ADTS headers.
    Aac(AacParameters),
}

impl Parameters {
    /// True for pictures.
    #[must_use]
    pub const fn is_video(&self) -> bool {
        matches!(self, Self::H264(_))
    }

    /// The codec's short name: `h264`, `aac`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::H264(_) => "h264",
            Self::Aac(_) => "aac",
        }
    }

    /// The `codecs` parameter of RFC 6381: `avc1.64001f`, `mp4a.40.2`.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        match self {
            Self::H264(h264) => h264.rfc6381(),
            Self::Aac(aac) => aac.rfc6381(),
        }
    }
}

/// A stream's description: its tracks, shared by all who read it. It changes as a whole when a
/// source changes its parameters midstream. At most one video track leads; see [`Tracks::lead`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracks(Arc<[Track]>);

impl Tracks {
    /// Takes a list of tracks, their ids being unique.
    #[must_use]
    pub fn new(tracks: Vec<Track>) -> Self {
        Self(tracks.into())
    }

    /// All tracks in order.
    #[must_use]
    pub fn all(&self) -> &[Track] {
        &self.0
    }

    /// The track with this number.
    #[must_use]
    pub fn get(&self, id: TrackId) -> Option<&Track> {
        self.0.iter().find(|t| t.id == id)
    }

    /// The first video track.
    #[must_use]
    pub fn video(&self) -> Option<&Track> {
        self.0.iter().find(|t| t.parameters.is_video())
    }

    /// The track by whose key frames the stream is entered and cut: the first video track, else the
    /// first track.
    #[must_use]
    pub fn lead(&self) -> Option<&Track> {
        self.video().or_else(|| self.0.first())
    }

    /// This description with only the tracks for which `keep` holds.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&Track) -> bool) -> Self {
        Self(self.0.iter().filter(|t| keep(t)).cloned().collect())
    }

    /// The codecs of all tracks as RFC 6381 lists them, separated by commas.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|t| t.parameters.rfc6381()).collect();
        names.join(",")
    }
}
