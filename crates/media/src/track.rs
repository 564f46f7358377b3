//! What a stream is made of: tracks with their codec parameters.

use std::sync::Arc;

use bytes::Bytes;

use crate::Timescale;
use crate::audio::{AacParameters, G711Parameters, Law, OpusParameters};
use crate::h264::{self, H264Parameters};
use crate::h265::{self, H265Parameters};
use crate::jpeg::JpegParameters;

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
    /// H.265 (ITU-T H.265). Access units are length-prefixed (4 bytes) NAL units.
    H265(H265Parameters),
    /// M-JPEG: access units are whole JPEG pictures (ITU-T T.81), each a key frame.
    Mjpeg(JpegParameters),
    /// AAC (ISO/IEC 14496-3). Access units are raw frames without ADTS headers.
    Aac(AacParameters),
    /// Opus (RFC 6716). Access units are packets.
    Opus(OpusParameters),
    /// G.711. Access units are samples of 8 bits.
    G711(G711Parameters),
}

impl Parameters {
    /// True for pictures.
    #[must_use]
    pub const fn is_video(&self) -> bool {
        matches!(self, Self::H264(_) | Self::H265(_) | Self::Mjpeg(_))
    }

    /// The codec's short name: `h264`, `h265`, `mjpeg`, `aac`, `opus`, `pcma`, `pcmu`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::H264(_) => "h264",
            Self::H265(_) => "h265",
            Self::Mjpeg(_) => "mjpeg",
            Self::Aac(_) => "aac",
            Self::Opus(_) => "opus",
            Self::G711(G711Parameters { law: Law::A, .. }) => "pcma",
            Self::G711(G711Parameters { law: Law::Mu, .. }) => "pcmu",
        }
    }

    /// The `codecs` parameter of RFC 6381: `avc1.64001f`, `mp4a.40.2`.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        match self {
            Self::H264(h264) => h264.rfc6381(),
            Self::H265(h265) => h265.rfc6381(),
            // Object type 0x6c of the MP4 registration authority: JPEG.
            Self::Mjpeg(_) => "mp4v.6C".to_owned(),
            Self::Aac(aac) => aac.rfc6381(),
            Self::Opus(_) => "opus".to_owned(),
            Self::G711(G711Parameters { law: Law::A, .. }) => "alaw".to_owned(),
            Self::G711(G711Parameters { law: Law::Mu, .. }) => "ulaw".to_owned(),
        }
    }

    /// Width and height in pixels; `None` for sound.
    #[must_use]
    pub const fn size(&self) -> Option<(u16, u16)> {
        match self {
            Self::H264(h264) => Some((h264.width, h264.height)),
            Self::H265(h265) => Some((h265.width, h265.height)),
            Self::Mjpeg(jpeg) => Some((jpeg.width, jpeg.height)),
            Self::Aac(_) | Self::Opus(_) | Self::G711(_) => None,
        }
    }

    /// The profile's name; empty where there is none.
    #[must_use]
    pub const fn profile_name(&self) -> &'static str {
        match self {
            Self::H264(h264) => h264.profile_name(),
            Self::H265(h265) => h265.profile_name(),
            _ => "",
        }
    }

    /// Frames a second as the parameters say, as numerator and denominator.
    #[must_use]
    pub const fn frame_rate(&self) -> Option<(u32, u32)> {
        match self {
            Self::H264(h264) => h264.frame_rate,
            Self::H265(h265) => h265.frame_rate,
            _ => None,
        }
    }

    /// Pictures that may be decoded before one and shown after it; `None`: the stream does not say.
    #[must_use]
    pub const fn reorder_depth(&self) -> Option<u8> {
        match self {
            Self::H264(h264) => h264.reorder_depth,
            Self::H265(h265) => Some(h265.reorder_depth),
            _ => Some(0),
        }
    }

    /// True when pictures may be reordered.
    #[must_use]
    pub const fn b_frames(&self) -> bool {
        match self {
            Self::H264(h264) => h264.b_frames,
            Self::H265(h265) => h265.reorder_depth > 0,
            _ => false,
        }
    }

    /// The parameter sets, NAL units in the order in which they are sent; empty for other codecs.
    #[must_use]
    pub fn sets(&self) -> Vec<&Bytes> {
        match self {
            Self::H264(h264) => vec![h264.sps(), h264.pps()],
            Self::H265(h265) => vec![h265.vps(), h265.sps(), h265.pps()],
            _ => Vec::new(),
        }
    }

    /// Other parameters that a key frame brings along: its parameter sets, or a picture's size. `None`
    /// when it brings none, the same, or unreadable ones.
    #[must_use]
    pub fn changed_by(&self, key_frame: &[u8]) -> Option<Self> {
        let new = match self {
            Self::H264(old) => {
                let set =
                    |kind| h264::nal::units(key_frame).find(|nal| h264::nal::kind(nal) == kind);
                let (sps, pps) = (set(h264::nal::SPS), set(h264::nal::PPS));
                sps.or(pps)?;
                let sets = (sps.unwrap_or(old.sps()), pps.unwrap_or(old.pps()));
                Self::H264(H264Parameters::from_sets(sets.0, sets.1).ok()?)
            }
            Self::H265(old) => {
                let set =
                    |kind| h264::nal::units(key_frame).find(|nal| h265::nal::kind(nal) == kind);
                let (vps, sps, pps) =
                    (set(h265::nal::VPS), set(h265::nal::SPS), set(h265::nal::PPS));
                vps.or(sps).or(pps)?;
                let vps = vps.unwrap_or(old.vps());
                let (sps, pps) = (sps.unwrap_or(old.sps()), pps.unwrap_or(old.pps()));
                Self::H265(H265Parameters::from_sets(vps, sps, pps).ok()?)
            }
            Self::Mjpeg(_) => Self::Mjpeg(JpegParameters::from_picture(key_frame).ok()?),
            Self::Aac(_) | Self::Opus(_) | Self::G711(_) => return None,
        };
        (!new.has_sets_of(self)).then_some(new)
    }

    /// True when a decoder set up for one decodes the other.
    fn has_sets_of(&self, other: &Self) -> bool {
        self.sets() == other.sets() && self.size() == other.size()
    }

    /// True when a decoder may start at this access unit.
    #[must_use]
    pub fn is_key(&self, access_unit: &[u8]) -> bool {
        match self {
            Self::H264(_) => h264::nal::is_idr(access_unit),
            Self::H265(_) => h265::nal::is_irap(access_unit),
            _ => true,
        }
    }
}

impl Parameters {
    /// True when a decoder gets to whole pictures from this access unit on, although it is no key frame.
    #[must_use]
    pub fn is_recovery_point(&self, access_unit: &[u8]) -> bool {
        match self {
            Self::H264(_) => h264::recovery::is_point(access_unit),
            Self::H265(_) => h264::recovery::is_point_h265(access_unit),
            _ => false,
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
