//! What a stream's parameter sets say, as far as a recorder and its readers need it (ITU-T H.265
//! section 7.3.2).

use h264_reader::rbsp::{BitRead, BitReader, BitReaderError};

use super::Error;
use crate::h264::nal::without_emulation_prevention;

/// Of `general_profile_space` to `general_level_idc` (section 7.3.3).
pub(super) const PROFILE_LEN: usize = 12;
/// A NAL unit's header, and what stands before the profile in a sequence parameter set.
const BEFORE_PROFILE: usize = 3;
/// `vps_num_layer_sets_minus1` is at most this (section 7.4.3.1).
const LAYER_SETS_MAX: u32 = 1_023;

/// A sequence parameter set.
pub(super) struct Sps {
    pub(super) profile: [u8; PROFILE_LEN],
    /// `sps_max_sub_layers_minus1`.
    pub(super) sub_layers: u8,
    pub(super) nested: bool,
    pub(super) chroma_format: u8,
    /// Beyond 8 bits, luma and chroma.
    pub(super) bit_depths: (u8, u8),
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) reorder_depth: u8,
}

impl Sps {
    pub(super) fn read(nal: &[u8]) -> Result<Self, Error> {
        let raw = without_emulation_prevention(nal);
        let profile = raw.get(BEFORE_PROFILE..).and_then(<[u8]>::first_chunk).copied();
        let profile = profile.ok_or_else(|| Error::Sps("cut short".to_owned()))?;
        read_sps(&raw, profile).map_err(|error| Error::Sps(format!("{error:?}")))?
    }
}

fn read_sps(raw: &[u8], profile: [u8; PROFILE_LEN]) -> Result<Result<Sps, Error>, BitReaderError> {
    let mut bits = BitReader::new(raw);
    bits.skip(16 + 4, "header and id")?;
    let sub_layers: u8 = bits.read(3, "sps_max_sub_layers_minus1")?;
    let nested = bits.read_bool("sps_temporal_id_nesting_flag")?;
    skip_profile(&mut bits, sub_layers)?;
    bits.read_ue("sps_seq_parameter_set_id")?;
    let chroma_format = bits.read_ue("chroma_format_idc")?;
    if chroma_format == 3 {
        bits.read_bool("separate_colour_plane_flag")?;
    }
    let coded = (bits.read_ue("width")?, bits.read_ue("height")?);
    let mut window = [0; 4];
    if bits.read_bool("conformance_window_flag")? {
        for offset in &mut window {
            *offset = bits.read_ue("conf_win_offset")?;
        }
    }
    let luma = bits.read_ue("bit_depth_luma_minus8")?;
    let chroma = bits.read_ue("bit_depth_chroma_minus8")?;
    bits.read_ue("log2_max_pic_order_cnt_lsb_minus4")?;
    let reorder = read_ordering(&mut bits, sub_layers)?;
    let Some((width, height)) = cropped(coded, window, chroma_format) else {
        return Ok(Err(Error::Sps("picture size out of range".to_owned())));
    };
    let small = |value: u32| u8::try_from(value & 7).unwrap_or(0);
    Ok(Ok(Sps {
        profile,
        sub_layers,
        nested,
        chroma_format: small(chroma_format),
        bit_depths: (small(luma), small(chroma)),
        width,
        height,
        reorder_depth: u8::try_from(reorder.min(16)).unwrap_or(16),
    }))
}

/// `profile_tier_level( 1, maxNumSubLayersMinus1 )`.
fn skip_profile(bits: &mut impl BitRead, sub_layers: u8) -> Result<(), BitReaderError> {
    bits.skip(96, "general profile, tier and level")?;
    let mut skipped = 0;
    for _ in 0..sub_layers {
        skipped += if bits.read_bool("sub_layer_profile_present_flag")? { 88 } else { 0 };
        skipped += if bits.read_bool("sub_layer_level_present_flag")? { 8 } else { 0 };
    }
    if sub_layers > 0 {
        bits.skip(u32::from(8 - sub_layers) * 2, "reserved")?;
    }
    bits.skip(skipped, "profiles of sub-layers")
}

/// Returns `max_num_reorder_pics` of the highest sub-layer.
fn read_ordering(bits: &mut impl BitRead, sub_layers: u8) -> Result<u32, BitReaderError> {
    let each = bits.read_bool("sub_layer_ordering_info_present_flag")?;
    let mut reorder = 0;
    for _ in 0..=(if each { sub_layers } else { 0 }) {
        bits.read_ue("max_dec_pic_buffering_minus1")?;
        reorder = bits.read_ue("max_num_reorder_pics")?;
        bits.read_ue("max_latency_increase_plus1")?;
    }
    Ok(reorder)
}

/// Width and height after the conformance window: left, right, top, bottom.
fn cropped(coded: (u32, u32), window: [u32; 4], chroma_format: u32) -> Option<(u16, u16)> {
    let size = |coded: u32, unit: u32, before: u32, after: u32| {
        let cut = before.checked_add(after)?.checked_mul(unit)?;
        u16::try_from(coded.checked_sub(cut)?).ok().filter(|pixels| *pixels > 0)
    };
    // SubWidthC and SubHeightC, table 6-1.
    let (across, down) = match chroma_format {
        1 => (2, 2),
        2 => (2, 1),
        0 | 3 => (1, 1),
        _ => return None,
    };
    let [left, right, top, bottom] = window;
    Some((size(coded.0, across, left, right)?, size(coded.1, down, top, bottom)?))
}

/// Frames a second by a video parameter set, as numerator and denominator, if it says so.
pub(super) fn frame_rate(vps: &[u8]) -> Option<(u32, u32)> {
    let raw = without_emulation_prevention(vps);
    let mut bits = BitReader::new(raw.as_slice());
    let rate = read_timing(&mut bits).ok().flatten();
    rate.filter(|(scale, ticks)| *scale > 0 && *ticks > 0)
}

fn read_timing(bits: &mut impl BitRead) -> Result<Option<(u32, u32)>, BitReaderError> {
    bits.skip(16 + 4 + 2 + 6, "header, id and layers")?;
    let sub_layers: u8 = bits.read(3, "vps_max_sub_layers_minus1")?;
    bits.skip(1 + 16, "nesting and reserved")?;
    skip_profile(bits, sub_layers)?;
    read_ordering(bits, sub_layers)?;
    let layer_max: u32 = bits.read(6, "vps_max_layer_id")?;
    let sets = bits.read_ue("vps_num_layer_sets_minus1")?;
    if sets > LAYER_SETS_MAX {
        return Ok(None);
    }
    bits.skip(sets * (layer_max + 1), "layer_id_included_flag")?;
    if !bits.read_bool("vps_timing_info_present_flag")? {
        return Ok(None);
    }
    let ticks: u32 = bits.read_to("vps_num_units_in_tick")?;
    let scale: u32 = bits.read_to("vps_time_scale")?;
    Ok(Some((scale, ticks)))
}
