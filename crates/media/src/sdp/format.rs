//! From the lines of a payload format to what must be known to read its packets.

use super::parse::Map;
use crate::audio::{AacParameters, G711Parameters, Law, OPUS_RATE, OpusParameters};
use crate::h264::{self, H264Parameters};
use crate::h265::{self, H265Parameters};
use crate::rtp::depacket::{AuHeader, Coding, Format};
use crate::{Parameters, Timescale};

/// Samples that an Opus decoder drops at the beginning, as encoders without a word on it have it.
const OPUS_PRE_SKIP: u16 = 312;
/// Parameter sets in one value.
const SETS_MAX: usize = 16;
/// Clocks over this are no camera's.
const RATE_MAX: u32 = 1_000_000;

/// How packets of this payload type are read; `None` when they are not.
pub(super) fn format(map: &Map<'_>) -> Option<Format> {
    let rate = map.rate.filter(|rate| rate.get() <= RATE_MAX)?;
    let timescale = Timescale::new(rate);
    let (coding, parameters) = match map.encoding.as_str() {
        "h264" => (is_in_order(map, "packetization-mode", 2).then_some(Coding::H264)?, h264(map)),
        "h265" | "hevc" => {
            (is_in_order(map, "sprop-max-don-diff", 1).then_some(Coding::H265)?, h265(map))
        }
        // The size is in each picture.
        "jpeg" if timescale == Timescale::VIDEO => (Coding::Jpeg, None),
        "mpeg4-generic" => (Coding::Aac(au_header(map)?), Some(aac(map)?)),
        "opus" if rate.get() == OPUS_RATE => {
            let channels = if map.number("sprop-stereo") == Some(1) { 2 } else { 1 };
            let parameters = OpusParameters { channels, pre_skip: OPUS_PRE_SKIP };
            (Coding::Opus, Some(Parameters::Opus(parameters)))
        }
        "pcma" => (Coding::G711, Some(g711(map, Law::A, rate.get())?)),
        "pcmu" => (Coding::G711, Some(g711(map, Law::Mu, rate.get())?)),
        _ => return None,
    };
    Some(Format { coding, timescale, parameters })
}

/// Units are sent in the order in which they are decoded, which they are not from this value on.
fn is_in_order(map: &Map<'_>, name: &str, from: u32) -> bool {
    map.number(name).unwrap_or(0) < from
}

/// RFC 6184 section 8.1.
fn h264(map: &Map<'_>) -> Option<Parameters> {
    let sets = sets(map.parameter("sprop-parameter-sets")?);
    let find = |kind| sets.iter().find(|set| h264::nal::kind(set) == kind);
    let (sps, pps) = (find(h264::nal::SPS)?, find(h264::nal::PPS)?);
    H264Parameters::from_sets(sps, pps).ok().map(Parameters::H264)
}

/// RFC 7798 section 7.1.
fn h265(map: &Map<'_>) -> Option<Parameters> {
    let first = |name, kind| {
        let sets = sets(map.parameter(name)?);
        sets.into_iter().find(|set| h265::nal::kind(set) == kind)
    };
    let (vps, sps) = (first("sprop-vps", h265::nal::VPS)?, first("sprop-sps", h265::nal::SPS)?);
    let pps = first("sprop-pps", h265::nal::PPS)?;
    H265Parameters::from_sets(&vps, &sps, &pps).ok().map(Parameters::H265)
}

/// Parameter sets in base64 between commas. Some cameras leave their start codes on.
fn sets(value: &str) -> Vec<Vec<u8>> {
    let decode = |text: &str| {
        let bytes = base64_simd::forgiving_decode_to_vec(text.trim().as_bytes()).ok()?;
        let bare = h264::nal::annex_b(&bytes).next().filter(|_| bytes.starts_with(&[0, 0]));
        Some(bare.map_or_else(|| bytes.clone(), <[u8]>::to_vec))
    };
    value.split(',').take(SETS_MAX).filter_map(decode).collect()
}

/// RFC 3640 section 4.1: what stands before each frame.
fn au_header(map: &Map<'_>) -> Option<AuHeader> {
    let foreign = [
        "ctsdeltalength",
        "dtsdeltalength",
        "randomaccessindication",
        "streamstateindication",
        "auxiliarydatasizelength",
    ];
    if foreign.iter().any(|name| map.number(name).unwrap_or(0) > 0) {
        return None;
    }
    let default = match map.parameter("mode").map(str::to_ascii_lowercase).as_deref() {
        None | Some("aac-hbr") => AuHeader::HIGH_RATE,
        Some("aac-lbr") => AuHeader { size: 6, index: 2, delta: 2, ..AuHeader::HIGH_RATE },
        Some(_) => return None,
    };
    let bits = |name, default: u8| match map.number(name) {
        Some(bits) => u8::try_from(bits).ok().filter(|bits| *bits <= 16),
        None => Some(default),
    };
    Some(AuHeader {
        size: bits("sizelength", default.size).filter(|bits| *bits > 0)?,
        index: bits("indexlength", default.index)?,
        delta: bits("indexdeltalength", default.delta)?,
        duration: map.number("constantduration").filter(|ticks| *ticks > 0).unwrap_or(1_024),
    })
}

fn aac(map: &Map<'_>) -> Option<Parameters> {
    let digits = map.parameter("config")?.trim_matches('"').as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    let config: Option<Vec<u8>> = digits.chunks(2).take(65).map(pair).collect();
    AacParameters::from_config(&config?).ok().map(Parameters::Aac)
}

fn g711(map: &Map<'_>, law: Law, sample_rate: u32) -> Option<Parameters> {
    let channels = map.channels;
    (1..=8).contains(&channels).then_some(Parameters::G711(G711Parameters {
        law,
        sample_rate,
        channels,
    }))
}
