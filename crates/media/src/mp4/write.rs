//! Fragmented MP4: the initialisation segment, and fragments whose sample data is shared.

use bytes::{BufMut, Bytes, BytesMut};

use super::Error;
use super::boxes::{boxed, ftyp, full, mvhd, track_number, trak};
use super::entry::stsd;
use crate::{Ticks, TrackId, Tracks};

/// One access unit of a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its bytes.
    pub data: Bytes,
    /// How long it lasts, in the track's timescale.
    pub duration: u32,
    /// When it is shown after it is decoded, in the track's timescale.
    pub composition_offset: i32,
    /// True when a decoder may start here.
    pub key: bool,
}

/// The samples of one track in a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The track.
    pub track: TrackId,
    /// Decode time of the first sample, in the track's timescale, from the file's beginning.
    pub base_dts: Ticks,
    /// In the order of decoding.
    pub samples: Vec<Sample>,
}

/// A fragment ready to be written: `header`, then all of `payload` in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentBytes {
    /// `moof` and the header of `mdat`.
    pub header: Bytes,
    /// The samples, shared with whoever gave them.
    pub payload: Vec<Bytes>,
    /// Bytes in all.
    pub len: u64,
}

/// Timescale of the movie header.
pub(super) const MOVIE_TIMESCALE: u32 = 1_000;

/// `ftyp` and `moov` of a fragmented file.
///
/// # Errors
/// When there is no track.
pub fn init_segment(tracks: &Tracks) -> Result<Bytes, Error> {
    if tracks.all().is_empty() {
        return Err(Error::Unwritable("no tracks"));
    }
    let mut out = BytesMut::with_capacity(1_024);
    ftyp(&mut out, b"iso5", &[b"iso5", b"iso6", b"mp41"]);
    boxed(&mut out, b"moov", |out| {
        let next = tracks.all().iter().map(track_number).max().unwrap_or(0) + 1;
        mvhd(out, MOVIE_TIMESCALE, 0, next);
        for track in tracks.all() {
            trak(
                out,
                track,
                (0, 0),
                |_| {},
                |out| {
                    stsd(out, std::iter::once(&track.parameters));
                    for kind in [b"stts", b"stsc", b"stco"] {
                        full(out, kind, 0, 0, |out| out.put_u32(0));
                    }
                    full(out, b"stsz", 0, 0, |out| out.put_u64(0));
                },
            );
        }
        boxed(out, b"mvex", |out| {
            for track in tracks.all() {
                full(out, b"trex", 0, 0, |out| {
                    out.put_u32(track_number(track));
                    out.put_u32(1);
                    out.put_slice(&[0; 12]);
                });
            }
        });
    });
    Ok(out.freeze())
}

const FLAGS_KEY: u32 = 0x0200_0000;
const FLAGS_OTHER: u32 = 0x0101_0000;
/// `trun`: data offset, and per sample duration, size, flags, composition offset.
const TRUN_FLAGS: u32 = 0x1 | 0x100 | 0x200 | 0x400 | 0x800;
/// `tfhd`: offsets count from the `moof`.
const BASE_IS_MOOF: u32 = 0x2_0000;

/// A fragment of one run per track, numbered `sequence`.
///
/// # Errors
/// When it has no sample, a decode time below zero, or more than 2 GiB.
pub fn fragment(sequence: u32, runs: &[Run]) -> Result<FragmentBytes, Error> {
    let samples = || runs.iter().flat_map(|run| &run.samples);
    if samples().next().is_none() {
        return Err(Error::Unwritable("a fragment without samples"));
    }
    let data_len: u64 = samples().map(|sample| sample.data.len() as u64).sum();
    // moof: 8, mfhd: 16; a traf: 8 + tfhd 16 + tfdt 20 + trun 20 and 16 a sample.
    let moof_len = 24 + runs.iter().map(|run| 64 + 16 * run.samples.len() as u64).sum::<u64>();
    let total = moof_len + 8 + data_len;
    if total > 1 << 31 {
        return Err(Error::Unwritable("a fragment over 2 GiB"));
    }
    let mut header = BytesMut::with_capacity(usize::try_from(moof_len + 8).unwrap_or(0));
    let mut offset = moof_len + 8;
    boxed(&mut header, b"moof", |out| {
        full(out, b"mfhd", 0, 0, |out| out.put_u32(sequence));
        for run in runs {
            traf(out, run, u32::try_from(offset).unwrap_or(u32::MAX));
            offset += run.samples.iter().map(|sample| sample.data.len() as u64).sum::<u64>();
        }
    });
    debug_assert_eq!(header.len() as u64, moof_len, "the sizes above are those of the boxes");
    header.put_u32(u32::try_from(8 + data_len).unwrap_or(u32::MAX));
    header.put_slice(b"mdat");
    if runs.iter().any(|run| run.base_dts < Ticks(0)) {
        return Err(Error::Unwritable("a decode time below zero"));
    }
    let payload = samples().map(|sample| sample.data.clone()).collect();
    Ok(FragmentBytes { header: header.freeze(), payload, len: total })
}

fn traf(out: &mut BytesMut, run: &Run, data_offset: u32) {
    boxed(out, b"traf", |out| {
        full(out, b"tfhd", 0, BASE_IS_MOOF, |out| out.put_u32(u32::from(run.track.0) + 1));
        full(out, b"tfdt", 1, 0, |out| out.put_i64(run.base_dts.0));
        full(out, b"trun", 1, TRUN_FLAGS, |out| {
            out.put_u32(u32::try_from(run.samples.len()).unwrap_or(u32::MAX));
            out.put_u32(data_offset);
            for sample in &run.samples {
                out.put_u32(sample.duration);
                out.put_u32(u32::try_from(sample.data.len()).unwrap_or(u32::MAX));
                out.put_u32(if sample.key { FLAGS_KEY } else { FLAGS_OTHER });
                out.put_i32(sample.composition_offset);
            }
        });
    });
}
