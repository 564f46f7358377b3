//! AAC frames with headers of their own (ISO/IEC 13818-7 section 6.2).

use crate::audio::AacParameters;

/// Of a header without checksum.
pub(super) const HEADER_LEN: usize = 7;
const FRAME_LEN_MAX: usize = (1 << 13) - 1;

/// True when ADTS can say these parameters.
pub(super) fn is_carried(aac: &AacParameters) -> bool {
    profile(aac).is_some() && aac.indices().is_some()
}

/// The header has two bits for the object type. SBR and PS (5 and 29) are in the frames of LC, whose
/// rate the configuration names first.
fn profile(aac: &AacParameters) -> Option<u8> {
    match aac.object_type {
        object_type @ 1..=4 => Some(object_type - 1),
        5 | 29 => Some(1),
        _ => None,
    }
}

/// The header of a raw frame of `len` bytes; `None` when it is too long.
pub(super) fn header(aac: &AacParameters, len: usize) -> Option<[u8; HEADER_LEN]> {
    let (profile, (rate, channels)) = (profile(aac)?, aac.indices()?);
    let len = len.checked_add(HEADER_LEN).filter(|len| *len <= FRAME_LEN_MAX)?;
    let [_, l2, l1, l0] = (u32::try_from(len).ok()? << 5).to_be_bytes();
    let ids = profile << 6 | rate << 2 | channels >> 2;
    // Buffer fullness is not told (0x7ff), one block a frame.
    Some([0xff, 0xf1, ids, (channels & 3) << 6 | l2, l1, l0 | 0x1f, 0xfc])
}

/// A header as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// `profile`, `sampling_frequency_index` and `channel_configuration`.
    ids: (u8, u8, u8),
    /// Of the header.
    pub(super) head_len: usize,
    /// Of the frame with its header.
    pub(super) len: usize,
}

impl Header {
    /// Reads what stands at the beginning of `bytes`; `None` when it is no header of one block.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [0xff, b1, b2, b3, b4, b5, b6, ..] = *bytes else { return None };
        // Sync word and layer.
        if b1 & 0xf6 != 0xf0 || b6 & 3 != 0 {
            return None;
        }
        let head_len = if b1 & 1 == 1 { HEADER_LEN } else { HEADER_LEN + 2 };
        let len = u32::from_be_bytes([0, b3 & 3, b4, b5]) >> 5;
        let ids = (b2 >> 6, b2 >> 2 & 15, (b2 & 1) << 2 | b3 >> 6);
        let len = usize::try_from(len).ok().filter(|len| *len > head_len)?;
        Some(Self { ids, head_len, len })
    }

    /// The parameters that it tells.
    pub(super) fn parameters(self) -> Option<AacParameters> {
        let (profile, rate, channels) = self.ids;
        AacParameters::from_indices(profile + 1, rate, channels).ok()
    }
}
