//! H.264 parameters and NAL units (ITU-T H.264; ISO/IEC 14496-15 for the record in files).

pub mod nal;
pub mod recovery;
pub mod sei;

use bytes::{BufMut, Bytes, BytesMut};
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::nal::{Nal, RefNal};

/// Bytes that are not what a decoder needs.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The configuration record is cut short or of another version.
    #[error("not an AVC decoder configuration record")]
    Record,
    /// It holds no parameter sets, or too large ones.
    #[error("no usable sequence and picture parameter sets")]
    Sets,
    /// The sequence parameter set cannot be read, or its picture has no size.
    #[error("unreadable sequence parameter set: {0}")]
    Sps(String),
}

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
    /// Pictures that may be decoded before one and shown after it (`max_num_reorder_frames`), where
    /// the stream says so; 0 for Baseline.
    pub reorder_depth: Option<u8>,
    sps: Bytes,
    pps: Bytes,
}

impl H264Parameters {
    /// Reads a configuration record as RTSP clients and MP4 files have it.
    ///
    /// # Errors
    /// When it is no record, lacks a parameter set, or the picture has no size.
    pub fn from_avcc(record: &[u8]) -> Result<Self, Error> {
        let [1, _, _, _, lengths, ..] = *record else { return Err(Error::Record) };
        let units = record_units(record).ok_or(Error::Record)?;
        let first = |wanted| units.iter().copied().find(|unit| nal::kind(unit) == wanted);
        let (Some(sps), Some(pps)) = (first(nal::SPS), first(nal::PPS)) else {
            return Err(Error::Sets);
        };
        let mut parameters = Self::from_sets(sps, pps)?;
        if lengths & 3 == 3 {
            parameters.avcc = Bytes::copy_from_slice(record);
        }
        Ok(parameters)
    }

    /// Makes the parameters of the two sets, each a NAL unit without start code or length.
    ///
    /// # Errors
    /// [`Error::Sets`] when one is empty or over 64 KiB, [`Error::Sps`] when the first is unreadable.
    pub fn from_sets(sps: &[u8], pps: &[u8]) -> Result<Self, Error> {
        let (sps, pps) = (referenced(sps, nal::SPS)?, referenced(pps, nal::PPS)?);
        let (sps_len, pps_len) = (u16::try_from(sps.len()), u16::try_from(pps.len()));
        let (Ok(sps_len), Ok(pps_len)) = (sps_len, pps_len) else { return Err(Error::Sets) };
        let [_, profile, constraints, level, ..] = *sps else { return Err(Error::Sets) };
        let read = SeqParameterSet::from_bits(RefNal::new(&sps, &[], true).rbsp_bits())
            .map_err(|error| Error::Sps(format!("{error:?}")))?;
        let (width, height) =
            read.pixel_dimensions().map_err(|error| Error::Sps(format!("{error:?}")))?;
        let size = |pixels: u32| u16::try_from(pixels).ok().filter(|pixels| *pixels > 0);
        let (Some(width), Some(height)) = (size(width), size(height)) else {
            return Err(Error::Sps("picture size out of range".into()));
        };
        let vui = read.vui_parameters.as_ref();
        let frame_rate = vui
            .and_then(|vui| vui.timing_info.as_ref())
            .map(|timing| (timing.time_scale, timing.num_units_in_tick.saturating_mul(2)))
            .filter(|(scale, ticks)| *scale > 0 && *ticks > 0);
        let reorder = vui.and_then(|vui| vui.bitstream_restrictions.as_ref());
        // Without the restriction only Baseline (66) promises not to reorder.
        let b_frames = reorder.map_or(profile != 66, |limits| limits.max_num_reorder_frames > 0);
        let reorder_depth = match reorder {
            Some(limits) => u8::try_from(limits.max_num_reorder_frames.min(16)).ok(),
            None => (profile == 66).then_some(0),
        };

        let mut avcc = BytesMut::with_capacity(sps.len() + pps.len() + 11);
        avcc.put_slice(&[1, profile, constraints, level, 0xff, 0xe1]);
        avcc.put_u16(sps_len);
        avcc.put_slice(&sps);
        avcc.put_u8(1);
        avcc.put_u16(pps_len);
        avcc.put_slice(&pps);
        Ok(Self {
            avcc: avcc.freeze(),
            profile: [profile, constraints, level],
            width,
            height,
            frame_rate,
            b_frames,
            reorder_depth,
            sps,
            pps,
        })
    }

    /// The sequence parameter set, a NAL unit.
    #[must_use]
    pub const fn sps(&self) -> &Bytes {
        &self.sps
    }

    /// The picture parameter set, a NAL unit.
    #[must_use]
    pub const fn pps(&self) -> &Bytes {
        &self.pps
    }

    /// The profile's name (ITU-T H.264 annex A).
    #[must_use]
    pub const fn profile_name(&self) -> &'static str {
        let [profile, constraints, _] = self.profile;
        match profile {
            66 if constraints & 0x40 != 0 => "Constrained Baseline",
            66 => "Baseline",
            77 => "Main",
            88 => "Extended",
            100 => "High",
            110 => "High 10",
            122 => "High 4:2:2",
            244 => "High 4:4:4 Predictive",
            _ => "unknown",
        }
    }

    /// The `codecs` parameter of RFC 6381.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let [profile, constraints, level] = self.profile;
        format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
    }
}

/// The NAL units of a configuration record: up to 31 sequence and 255 picture parameter sets.
fn record_units(record: &[u8]) -> Option<Vec<&[u8]>> {
    let (count, mut rest) = record.get(5..)?.split_first()?;
    let mut units = Vec::new();
    let mut take = |count: u8, mut rest| {
        for _ in 0..count {
            let (unit, after) = nal::split_short(rest)?;
            units.push(unit);
            rest = after;
        }
        Some(rest)
    };
    rest = take(count & 0x1f, rest)?;
    let (count, rest) = rest.split_first()?;
    take(*count, rest)?;
    Some(units)
}

/// A parameter set whose header says that it is referred to, as section 7.4.1 asks of every set: readers
/// of files refuse those of encoders that say otherwise.
fn referenced(set: &[u8], kind: u8) -> Result<Bytes, Error> {
    let Some((_, rest)) = set.split_first().filter(|_| nal::kind(set) == kind) else {
        return Err(Error::Sets);
    };
    let mut out = BytesMut::with_capacity(set.len());
    out.put_u8(0x60 | kind);
    out.put_slice(rest);
    Ok(out.freeze())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    /// x264, Constrained Baseline, 640x480 at 15 frames a second.
    const SPS: &str = "6742c016da0280f6c0440000030004000003007a3c58ba80";

    pub(crate) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn sets_and_record_say_the_same() {
        let made = H264Parameters::from_sets(&hex(SPS), &hex("68ce0fc8")).unwrap();
        assert_eq!((made.width, made.height), (640, 480));
        assert_eq!(made.profile_name(), "Constrained Baseline");
        assert_eq!(made.rfc6381(), "avc1.42c016");
        assert_eq!(H264Parameters::from_avcc(&made.avcc).unwrap(), made);
    }

    #[test]
    fn a_set_that_says_it_is_unreferenced_makes_a_readable_record() {
        let mut sps = hex(SPS);
        sps[0] = 0x07;
        let made = H264Parameters::from_sets(&sps, &hex("08ce0fc8")).unwrap();
        assert_eq!(H264Parameters::from_avcc(&made.avcc).unwrap(), made);
    }

    proptest! {
        #[test]
        fn any_bytes_give_parameters_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = H264Parameters::from_avcc(&bytes);
            let _ = H264Parameters::from_sets(&bytes, &[0x68, 1]);
        }
    }
}
