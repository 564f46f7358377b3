//! Sample entries: how a file says the codec of a track and its parameters, written and read.

use bytes::{BufMut, BytesMut};

use super::boxes::{boxed, full};
use super::read::{child, children};
use crate::Parameters;
use crate::audio::{AacParameters, G711Parameters, Law, OPUS_RATE, OpusParameters};
use crate::h264::H264Parameters;
use crate::h265::H265Parameters;
use crate::jpeg::JpegParameters;

/// Object types of elementary stream descriptors (ISO/IEC 14496-1 table 5, MP4 registration authority).
const OBJECT_AAC: u8 = 0x40;
const OBJECT_AAC_LC_MPEG2: u8 = 0x67;
const OBJECT_JPEG: u8 = 0x6c;
const STREAM_VISUAL: u8 = 0x11;
const STREAM_AUDIO: u8 = 0x15;

/// `stsd` with an entry per parameters.
pub(super) fn stsd<'a>(out: &mut BytesMut, entries: impl ExactSizeIterator<Item = &'a Parameters>) {
    full(out, b"stsd", 0, 0, |out| {
        out.put_u32(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        entries.for_each(|parameters| write(out, parameters));
    });
}

fn write(out: &mut BytesMut, parameters: &Parameters) {
    let size = parameters.size().unwrap_or_default();
    match parameters {
        Parameters::H264(h264) => visual(out, b"avc1", size, |out| {
            boxed(out, b"avcC", |out| out.put_slice(&h264.avcc));
        }),
        Parameters::H265(h265) => visual(out, b"hvc1", size, |out| {
            boxed(out, b"hvcC", |out| out.put_slice(&h265.hvcc));
        }),
        Parameters::Mjpeg(_) => visual(out, b"mp4v", size, |out| {
            full(out, b"esds", 0, 0, |out| esds(out, OBJECT_JPEG, STREAM_VISUAL, &[]));
        }),
        Parameters::Aac(aac) => audio(out, b"mp4a", aac.channels, aac.sample_rate, |out| {
            full(out, b"esds", 0, 0, |out| esds(out, OBJECT_AAC, STREAM_AUDIO, &aac.config));
        }),
        Parameters::Opus(opus) => audio(out, b"Opus", opus.channels, OPUS_RATE, |out| {
            boxed(out, b"dOps", |out| {
                out.put_slice(&[0, opus.channels]);
                out.put_u16(opus.pre_skip);
                out.put_u32(OPUS_RATE);
                // No gain, mapping family 0.
                out.put_slice(&[0, 0, 0]);
            });
        }),
        Parameters::G711(g711) => {
            let kind = if g711.law == Law::A { b"alaw" } else { b"ulaw" };
            audio(out, kind, g711.channels, g711.sample_rate, |_| {});
        }
    }
}

/// `VisualSampleEntry` (ISO/IEC 14496-12 section 12.1.3).
fn visual(
    out: &mut BytesMut,
    kind: &[u8; 4],
    (width, height): (u16, u16),
    configuration: impl FnOnce(&mut BytesMut),
) {
    boxed(out, kind, |out| {
        out.put_slice(&[0; 6]);
        out.put_u16(1);
        out.put_slice(&[0; 16]);
        out.put_u16(width);
        out.put_u16(height);
        out.put_u32(0x48_0000);
        out.put_u32(0x48_0000);
        out.put_u32(0);
        out.put_u16(1);
        out.put_slice(&[0; 32]);
        out.put_u16(0x18);
        out.put_u16(0xffff);
        configuration(out);
    });
}

/// `AudioSampleEntry` (section 12.2.3).
fn audio(
    out: &mut BytesMut,
    kind: &[u8; 4],
    channels: u8,
    sample_rate: u32,
    configuration: impl FnOnce(&mut BytesMut),
) {
    boxed(out, kind, |out| {
        out.put_slice(&[0; 6]);
        out.put_u16(1);
        out.put_slice(&[0; 8]);
        out.put_u16(u16::from(channels));
        out.put_u16(16);
        out.put_u32(0);
        // 16.16 fixed point; rates that do not fit are said by the configuration alone.
        out.put_u32(u16::try_from(sample_rate).map_or(0, u32::from) << 16);
        configuration(out);
    });
}

/// An elementary stream descriptor (ISO/IEC 14496-1 section 7.2.6.5). The configuration is at most 64
/// bytes, so that every length is one byte.
fn esds(out: &mut BytesMut, object: u8, stream: u8, config: &[u8]) {
    let config_len = u8::try_from(config.len()).unwrap_or(0);
    let specific = if config.is_empty() { 0 } else { config_len + 2 };
    out.put_slice(&[0x03, specific + 21, 0, 0, 0]);
    out.put_slice(&[0x04, specific + 13, object, stream, 0, 0, 0]);
    out.put_u32(0);
    out.put_u32(0);
    if !config.is_empty() {
        out.put_slice(&[0x05, config_len]);
        out.put_slice(config.get(..usize::from(config_len)).unwrap_or_default());
    }
    out.put_slice(&[0x06, 1, 2]);
}

/// The parameters of a sample entry; `None` for a codec that we do not carry, or a damaged entry.
pub(super) fn read(kind: [u8; 4], entry: &[u8]) -> Option<Parameters> {
    let visual = || entry.get(78..);
    Some(match &kind {
        b"avc1" | b"avc3" => {
            Parameters::H264(H264Parameters::from_avcc(child(visual()?, &[b"avcC"])?).ok()?)
        }
        b"hvc1" | b"hev1" => {
            Parameters::H265(H265Parameters::from_hvcc(child(visual()?, &[b"hvcC"])?).ok()?)
        }
        b"mp4v" => match read_esds(child(visual()?, &[b"esds"])?.get(4..)?)? {
            (OBJECT_JPEG, _) => Parameters::Mjpeg(read_size(entry)?),
            _ => return None,
        },
        b"jpeg" | b"mjpg" => Parameters::Mjpeg(read_size(entry)?),
        b"mp4a" => match read_esds(audio_child(entry, b"esds")?.get(4..)?)? {
            (OBJECT_AAC | OBJECT_AAC_LC_MPEG2, config) => {
                Parameters::Aac(AacParameters::from_config(config).ok()?)
            }
            _ => return None,
        },
        b"Opus" => Parameters::Opus(read_dops(audio_child(entry, b"dOps")?)?),
        b"alaw" => Parameters::G711(read_g711(Law::A, entry)?),
        b"ulaw" => Parameters::G711(read_g711(Law::Mu, entry)?),
        _ => return None,
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_be_bytes(*chunk))
}

fn read_size(entry: &[u8]) -> Option<JpegParameters> {
    let (width, height) = (u16_at(entry, 24)?, u16_at(entry, 26)?);
    (width > 0 && height > 0).then_some(JpegParameters { width, height })
}

/// A box of an audio entry. QuickTime's versions 1 and 2 have more fields before it, and its `wave`
/// may hold it.
fn audio_child<'a>(entry: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    let boxes = entry.get(
        match u16_at(entry, 8)? {
            1 => 44,
            2 => 64,
            _ => 28,
        }..,
    )?;
    child(boxes, &[kind]).or_else(|| {
        let wave = children(boxes).find(|(found, _)| found == b"wave")?.1;
        child(wave, &[kind])
    })
}

fn read_dops(dops: &[u8]) -> Option<OpusParameters> {
    let [_, channels, skip_high, skip_low, _, _, _, _, _, _, family, ..] = *dops else {
        return None;
    };
    let pre_skip = u16::from_be_bytes([skip_high, skip_low]);
    (family == 0 && (1..=2).contains(&channels)).then_some(OpusParameters { channels, pre_skip })
}

fn read_g711(law: Law, entry: &[u8]) -> Option<G711Parameters> {
    let channels = u8::try_from(u16_at(entry, 16)?).ok()?;
    let sample_rate = u32::from(u16_at(entry, 24)?);
    (channels > 0 && sample_rate > 0).then_some(G711Parameters { law, sample_rate, channels })
}

/// The object type (tag 4) and the decoder configuration (tag 5) of an elementary stream descriptor;
/// the latter is empty where there is none.
fn read_esds(mut bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut object = None;
    for _ in 0..8 {
        let Some((tag, mut rest)) = bytes.split_first() else { break };
        let mut len = 0_usize;
        for _ in 0..4 {
            let (byte, after) = rest.split_first()?;
            rest = after;
            len = len << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                break;
            }
        }
        bytes = match tag {
            3 => rest.get(3..)?,
            4 => {
                object = rest.first().copied();
                rest.get(13..)?
            }
            5 => return Some((object?, rest.get(..len)?)),
            _ => rest.get(len..)?,
        };
    }
    Some((object?, &[]))
}
