//! Parts in, their bytes out, as fMP4 or as MPEG-TS.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use media::{Parameters, Tracks, mp4, ts};

use super::generation::Part;

/// Initialisation segments that are kept: of the parameters that the window may still need.
const INITS_MAX: usize = 4;

/// How segments are packaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Fragmented MP4, which every present player understands.
    Fmp4,
    /// MPEG-TS, for older ones.
    Ts,
}

impl Format {
    /// True when HLS carries such a track in this format. MPEG-TS could carry Opus, but no player of
    /// HLS expects it there; M-JPEG and G.711 are for other protocols.
    fn carries(self, parameters: &Parameters) -> bool {
        match parameters {
            Parameters::H264(_) | Parameters::H265(_) => true,
            Parameters::Aac(_) => self == Self::Fmp4 || ts::Muxer::carries(parameters),
            Parameters::Opus(_) => self == Self::Fmp4,
            Parameters::Mjpeg(_) | Parameters::G711(_) => false,
        }
    }

    /// The tracks that are carried, and the names of the codecs that are left out.
    pub(crate) fn split(self, tracks: &Tracks) -> (Tracks, Vec<&'static str>) {
        let left = tracks.all().iter().filter(|track| !self.carries(&track.parameters));
        let omitted = left.map(|track| track.parameters.name()).collect();
        (tracks.filtered(|track| self.carries(&track.parameters)), omitted)
    }
}

/// Writes the segments of one playlist.
pub(super) enum Packager {
    Fmp4 {
        generation: u64,
        inits: VecDeque<(u64, Bytes)>,
    },
    /// One muxer for all descriptions, whose packets are counted on.
    Ts(Option<Box<ts::Muxer>>),
}

impl Packager {
    pub(super) const fn new(format: Format, first: u64) -> Self {
        match format {
            Format::Fmp4 => Self::Fmp4 { generation: first, inits: VecDeque::new() },
            Format::Ts => Self::Ts(None),
        }
    }

    /// What follows has these tracks. `None` when they cannot be carried.
    pub(super) fn describe(&mut self, tracks: &Tracks) -> Option<()> {
        match self {
            Self::Fmp4 { generation, inits } => {
                let init = mp4::init_segment(tracks).ok()?;
                *generation += 1;
                inits.push_back((*generation, init));
                if inits.len() > INITS_MAX {
                    inits.pop_front();
                }
            }
            Self::Ts(Some(muxer)) => muxer.describe(tracks).ok()?,
            Self::Ts(none) => *none = Some(Box::new(ts::Muxer::new(tracks).ok()?)),
        }
        Some(())
    }

    /// The bytes of a part.
    pub(super) fn part(&mut self, number: u64, part: &Part) -> Option<Bytes> {
        match self {
            Self::Fmp4 { .. } => fragment(number, &part.runs()),
            Self::Ts(muxer) => {
                let (muxer, mut out) = (muxer.as_mut()?, Vec::new());
                muxer.map_time(0, part.shift_us);
                muxer.begin_segment(&mut out);
                part.units().into_iter().for_each(|unit| muxer.write(unit, &mut out));
                Some(out.into())
            }
        }
    }

    /// The name of the initialisation segment that the next segments need.
    pub(super) fn init_name(&self) -> Option<String> {
        match self {
            Self::Fmp4 { generation, .. } => Some(format!("init{generation}.mp4")),
            Self::Ts(_) => None,
        }
    }

    /// An initialisation segment by its name's number.
    pub(super) fn init(&self, wanted: u64) -> Option<Bytes> {
        let Self::Fmp4 { inits, .. } = self else { return None };
        inits.iter().find(|(known, _)| *known == wanted).map(|(_, bytes)| bytes.clone())
    }

    /// How names of segments end.
    pub(super) const fn ending(&self) -> &'static str {
        match self {
            Self::Fmp4 { .. } => "m4s",
            Self::Ts(_) => "ts",
        }
    }
}

/// A fragment of these runs in one piece: made once, and shared by all who get it.
pub(crate) fn fragment(number: u64, runs: &[mp4::Run]) -> Option<Bytes> {
    let sequence = u32::try_from(number % u64::from(u32::MAX)).unwrap_or(0) + 1;
    let fragment = mp4::fragment(sequence, runs).ok()?;
    let mut bytes = BytesMut::with_capacity(usize::try_from(fragment.len).unwrap_or(0));
    bytes.extend_from_slice(&fragment.header);
    fragment.payload.iter().for_each(|part| bytes.extend_from_slice(part));
    Some(bytes.freeze())
}
