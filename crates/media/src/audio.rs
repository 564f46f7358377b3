//! Audio parameters (AAC: ISO/IEC 14496-3).

use bytes::Bytes;

/// What a decoder must know of an AAC track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AacParameters {
    /// `AudioSpecificConfig`, ISO/IEC 14496-3 section 1.6.2.1.
    pub config: Bytes,
    /// Audio object type: 2 for AAC-LC.
    pub object_type: u8,
    /// Samples a second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
}

impl AacParameters {
    /// The `codecs` parameter of RFC 6381.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        format!("mp4a.40.{}", self.object_type)
    }
}
