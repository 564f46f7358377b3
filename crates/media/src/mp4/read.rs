//! Fragmented MP4 read back: what a file holds, and where it is torn.
//!
//! Only box headers, `moov` and `moof` are read, sample data is skipped. What our writer made is read
//! exactly; anything else gives an error or a shorter index, never more work than its length.

use std::num::NonZeroU32;

use super::{Error, entry};
use crate::{Ticks, Timescale, Track, TrackId, Tracks};

/// `moov` and `moof` boxes larger than this are not ours.
const HEADER_LEN_MAX: u64 = 4 << 20;
const TRACKS_MAX: usize = 16;

/// Bytes that can be read at a place: a file, or a slice.
pub trait ReadAt {
    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    /// When the bytes cannot be had, or end before `buf` is full (`UnexpectedEof`).
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()>;
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let found = start.checked_add(buf.len()).and_then(|end| self.get(start..end));
        buf.copy_from_slice(found.ok_or(std::io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl ReadAt for std::fs::File {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buf, offset)
    }
}

/// A file's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitSegment {
    /// What it holds.
    pub tracks: Tracks,
    /// Length of `ftyp` and `moov`: the first fragment begins here.
    pub len: u64,
}

/// One track's part of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// The track.
    pub track: TrackId,
    /// Decode time of its first sample.
    pub base_dts: Ticks,
    /// Of all its samples, in the track's timescale.
    pub duration: u64,
    /// How many.
    pub samples: u32,
    /// True when a decoder may start at its first sample.
    pub starts_with_key: bool,
}

/// A whole fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Where its `moof` begins.
    pub offset: u64,
    /// Length of the `moof`.
    pub moof_len: u64,
    /// Length of `moof` and `mdat`.
    pub len: u64,
    /// Its runs.
    pub runs: Vec<RunInfo>,
}

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// With a whole fragment.
    Clean,
    /// In the middle of something that begins at this byte.
    Torn {
        /// Where.
        at: u64,
    },
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its beginning.
    pub init: InitSegment,
    /// Its whole fragments.
    pub fragments: Vec<Fragment>,
    /// End of the last whole fragment: the file may be cut here and is playable.
    pub valid_len: u64,
    /// How it ends.
    pub tail: Tail,
}

/// One sample's place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleInfo {
    /// The track.
    pub track: TrackId,
    /// Where its bytes begin in the file.
    pub offset: u64,
    /// How many.
    pub len: u32,
    /// Decode time.
    pub dts: Ticks,
    /// Duration.
    pub duration: u32,
    /// Shown this long after it is decoded.
    pub composition_offset: i32,
    /// True when a decoder may start here.
    pub key: bool,
}

struct Header {
    kind: [u8; 4],
    /// Of the whole box.
    len: u64,
    /// Of the header.
    header_len: u64,
}

impl Index {
    /// Reads what `source`, `len` bytes long, holds.
    ///
    /// # Errors
    /// [`Error::Damaged`] when there is no whole initialisation segment (nothing can be played);
    /// [`Error::Io`] when the bytes cannot be had.
    pub fn scan(source: &(impl ReadAt + ?Sized), len: u64) -> Result<Self, Error> {
        let init = read_init(source, len)?;
        let mut index =
            Self { valid_len: init.len, init, fragments: Vec::new(), tail: Tail::Clean };
        let mut moof: Option<(u64, u64, Vec<RunInfo>)> = None;
        let mut at = index.valid_len;
        while at < len {
            let Some(header) = read_header(source, at, len)? else { break };
            match &header.kind {
                b"moof" if header.len <= HEADER_LEN_MAX => {
                    let bytes = read_box(source, at, header.len)?;
                    let Some(runs) = read_moof(&bytes) else { break };
                    moof = Some((at, header.len, runs));
                }
                b"mdat" => {
                    let Some((offset, moof_len, runs)) = moof.take() else { break };
                    let len = at + header.len - offset;
                    index.fragments.push(Fragment { offset, moof_len, len, runs });
                    index.valid_len = at + header.len;
                }
                // A box between fragments is carried along; it ends a torn file like any other.
                b"styp" | b"sidx" | b"emsg" | b"prft" | b"free" | b"mfra" if moof.is_none() => {
                    index.valid_len = at + header.len;
                }
                _ => break,
            }
            at += header.len;
        }
        if index.valid_len < len {
            index.tail = Tail::Torn { at: index.valid_len };
        }
        Ok(index)
    }

    /// Duration of a track, in its timescale, to the end of its last sample.
    #[must_use]
    pub fn duration(&self, track: TrackId) -> Ticks {
        let run = self.fragments.iter().rev().flat_map(|f| &f.runs).find(|run| run.track == track);
        run.map_or(Ticks(0), |run| {
            Ticks(run.base_dts.0.saturating_add(i64::try_from(run.duration).unwrap_or(i64::MAX)))
        })
    }

    /// Duration of the leading track in microseconds.
    #[must_use]
    pub fn duration_micros(&self) -> i64 {
        self.init.tracks.lead().map_or(0, |lead| lead.timescale.to_micros(self.duration(lead.id)))
    }
}

/// The samples of a fragment, read from its `moof`.
///
/// # Errors
/// [`Error::Damaged`] when a sample would lie outside the fragment; [`Error::Io`].
pub fn samples(
    source: &(impl ReadAt + ?Sized),
    fragment: &Fragment,
) -> Result<Vec<SampleInfo>, Error> {
    let bytes = read_box(source, fragment.offset, fragment.moof_len.min(HEADER_LEN_MAX))?;
    let mut out = Vec::new();
    let read = walk_moof(&bytes, |run, entries| {
        let mut offset = fragment.offset.checked_add(u64::try_from(run.data_offset).ok()?)?;
        let mut dts = run.base_dts;
        for entry in entries {
            let end = offset.checked_add(u64::from(entry.len))?;
            if end > fragment.offset + fragment.len {
                return None;
            }
            out.push(SampleInfo {
                track: run.track,
                offset,
                len: entry.len,
                dts: Ticks(dts),
                duration: entry.duration,
                composition_offset: entry.composition_offset,
                key: entry.key,
            });
            offset = end;
            dts = dts.checked_add(i64::from(entry.duration))?;
        }
        Some(())
    });
    read.ok_or(Error::Damaged { at: fragment.offset, what: "a fragment's samples" })?;
    Ok(out)
}

/// The header of the box at `at`; `None` when the box does not lie wholly below `len`.
fn read_header(
    source: &(impl ReadAt + ?Sized),
    at: u64,
    len: u64,
) -> Result<Option<Header>, Error> {
    if len - at < 8 {
        return Ok(None);
    }
    let mut head = [0; 8];
    source.read_exact_at(at, &mut head)?;
    let [a, b, c, d, kind @ ..] = head;
    let (mut size, mut header_len) = (u64::from(u32::from_be_bytes([a, b, c, d])), 8);
    if size == 1 && len - at >= 16 {
        let mut large = [0; 8];
        source.read_exact_at(at + 8, &mut large)?;
        (size, header_len) = (u64::from_be_bytes(large), 16);
    }
    Ok((size >= header_len && size <= len - at).then_some(Header { kind, len: size, header_len }))
}

fn read_box(source: &(impl ReadAt + ?Sized), at: u64, len: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; usize::try_from(len.min(HEADER_LEN_MAX)).unwrap_or(0)];
    source.read_exact_at(at, &mut bytes)?;
    Ok(bytes)
}

fn read_init(source: &(impl ReadAt + ?Sized), len: u64) -> Result<InitSegment, Error> {
    let mut at = 0;
    // ftyp, perhaps free, then moov: other makers put a few boxes before it.
    for _ in 0..8 {
        let damaged = |what| Error::Damaged { at, what };
        let header = read_header(source, at, len)?.ok_or(damaged("no whole moov"))?;
        if &header.kind == b"moov" {
            if header.len > HEADER_LEN_MAX {
                return Err(damaged("a moov of more than 4 MiB"));
            }
            let bytes = read_box(source, at, header.len)?;
            let content = bytes.get(usize::try_from(header.header_len).unwrap_or(8)..);
            let tracks = content.and_then(read_moov).ok_or(damaged("an unreadable moov"))?;
            return Ok(InitSegment { tracks, len: at + header.len });
        }
        at += header.len;
    }
    Err(Error::Damaged { at, what: "no moov among the first boxes" })
}

/// The boxes within `bytes`: kind and content. Ends at the first that is not whole.
pub(super) fn children(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (head, _) = rest.split_first_chunk::<8>()?;
        let [a, b, c, d, kind @ ..] = *head;
        let size = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
        let content = rest.get(8..size)?;
        rest = rest.get(size..)?;
        Some((kind, content))
    })
}

pub(super) fn child<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| {
        children(bytes).find(|(found, _)| found == *kind).map(|(_, content)| content)
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_be_bytes(*chunk))
}

pub(super) fn read_moov(moov: &[u8]) -> Option<Tracks> {
    let traks = children(moov).filter(|(kind, _)| kind == b"trak").take(TRACKS_MAX);
    let tracks: Vec<Track> = traks.filter_map(|(_, trak)| read_trak(trak)).collect();
    (!tracks.is_empty()).then(|| Tracks::new(tracks))
}

fn read_trak(trak: &[u8]) -> Option<Track> {
    let tkhd = child(trak, &[b"tkhd"])?;
    let number = u32_at(tkhd, if *tkhd.first()? == 1 { 20 } else { 12 })?;
    let mdhd = child(trak, &[b"mdia", b"mdhd"])?;
    let hz = u32_at(mdhd, if *mdhd.first()? == 1 { 20 } else { 12 })?;
    let stsd = child(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])?.get(8..)?;
    let (kind, content) = children(stsd).next()?;
    let parameters = entry::read(kind, content)?;
    let id = TrackId(u8::try_from(number.checked_sub(1)?).ok()?);
    Some(Track { id, timescale: Timescale::new(NonZeroU32::new(hz)?), parameters })
}

pub(super) struct TrunHead {
    pub(super) track: TrackId,
    pub(super) base_dts: i64,
    pub(super) data_offset: i32,
}

pub(super) struct TrunEntry {
    pub(super) duration: u32,
    pub(super) len: u32,
    pub(super) composition_offset: i32,
    pub(super) key: bool,
}

fn read_moof(moof: &[u8]) -> Option<Vec<RunInfo>> {
    let mut runs = Vec::new();
    walk_moof(moof, |head, entries| {
        let duration = entries.iter().map(|entry| u64::from(entry.duration)).sum();
        let samples = u32::try_from(entries.len()).ok()?;
        let starts_with_key = entries.first().is_some_and(|entry| entry.key);
        let (track, base_dts) = (head.track, Ticks(head.base_dts));
        runs.push(RunInfo { track, base_dts, duration, samples, starts_with_key });
        Some(())
    })?;
    Some(runs)
}

/// Calls `on_run` for each `trun` of a `moof` box (header and all).
pub(super) fn walk_moof(
    moof: &[u8],
    mut on_run: impl FnMut(&TrunHead, &[TrunEntry]) -> Option<()>,
) -> Option<()> {
    let trafs = children(moof.get(8..)?).filter(|(kind, _)| kind == b"traf");
    for (_, traf) in trafs.take(TRACKS_MAX) {
        let tfhd = child(traf, &[b"tfhd"])?;
        let number = u32_at(tfhd, 4)?;
        let track = TrackId(u8::try_from(number.checked_sub(1)?).ok()?);
        let tfdt = child(traf, &[b"tfdt"])?;
        let mut base_dts = match tfdt.first()? {
            1 => i64::try_from(u64_at(tfdt, 4)?).ok()?,
            _ => i64::from(u32_at(tfdt, 4)?),
        };
        for (_, trun) in children(traf).filter(|(kind, _)| kind == b"trun").take(TRACKS_MAX) {
            let (data_offset, entries) = read_trun(trun, tfhd)?;
            on_run(&TrunHead { track, base_dts, data_offset }, &entries)?;
            let duration: i64 = entries.iter().map(|entry| i64::from(entry.duration)).sum();
            base_dts = base_dts.checked_add(duration)?;
        }
    }
    Some(())
}

fn read_trun(trun: &[u8], tfhd: &[u8]) -> Option<(i32, Vec<TrunEntry>)> {
    let flags = u32_at(trun, 0)? & 0x00ff_ffff;
    let count = usize::try_from(u32_at(trun, 4)?).ok()?;
    let mut at = 8;
    let mut take = |present: bool| -> Option<Option<u32>> {
        if !present {
            return Some(None);
        }
        let value = u32_at(trun, at)?;
        at += 4;
        Some(Some(value))
    };
    let data_offset = take(flags & 0x1 != 0)?.map_or(0, u32::cast_signed);
    let first_flags = take(flags & 0x4 != 0)?;
    let defaults = Defaults::of(tfhd)?;
    let mut entries = Vec::new();
    for index in 0..count {
        let duration = take(flags & 0x100 != 0)?.or(defaults.duration)?;
        let len = take(flags & 0x200 != 0)?.or(defaults.len)?;
        let own_flags = take(flags & 0x400 != 0)?;
        let offset = take(flags & 0x800 != 0)?.unwrap_or(0);
        let first = first_flags.filter(|_| index == 0);
        let sample_flags = first.or(own_flags).or(defaults.flags).unwrap_or(0);
        let key = sample_flags & 0x1_0000 == 0;
        entries.push(TrunEntry { duration, len, composition_offset: offset.cast_signed(), key });
        // Entries without any field of their own would let a count alone size the list.
        if flags & 0xf00 == 0 && index > 65_536 {
            return None;
        }
    }
    Some((data_offset, entries))
}

/// Values of `tfhd` for samples that do not say their own.
struct Defaults {
    duration: Option<u32>,
    len: Option<u32>,
    flags: Option<u32>,
}

impl Defaults {
    fn of(tfhd: &[u8]) -> Option<Self> {
        let flags = u32_at(tfhd, 0)? & 0x00ff_ffff;
        let mut at =
            8 + if flags & 0x1 != 0 { 8 } else { 0 } + if flags & 0x2 != 0 { 4 } else { 0 };
        let mut take = |present: bool| {
            let value = if present { u32_at(tfhd, at) } else { None };
            at += if present { 4 } else { 0 };
            value
        };
        let (duration, len) = (take(flags & 0x8 != 0), take(flags & 0x10 != 0));
        Some(Self { duration, len, flags: take(flags & 0x20 != 0) })
    }
}
