//! H.264 parameters and NAL units (ITU-T H.264; ISO/IEC 14496-15 for the record in files).

use bytes::Bytes;

/// What a decoder must know of an H.264 track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct H264Parameters {
    /// `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 section 5.3.3.1), NAL lengths of 4 bytes.
    pub avcc: Bytes,
    /// `profile_idc`, constraint flags, `level_idc`.
    pub profile: [u8; 3],
    /// Width in pixels after cropping.
    pub width: u16,
    /// Height in pixels after cropping.
    pub height: u16,
    /// Frames a second by the VUI, as numerator and denominator.
    pub frame_rate: Option<(u32, u32)>,
    /// True when pictures may be reordered.
    pub b_frames: bool,
}

impl H264Parameters {
    /// The `codecs` parameter of RFC 6381.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let [profile, constraints, level] = self.profile;
        format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
    }
}
