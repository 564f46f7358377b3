//! A progressive MP4 whose sample data lies elsewhere: the header of a file that is put together
//! from slices of others, its length known before a byte is read.

use bytes::{BufMut, Bytes, BytesMut};

use super::Error;
use super::boxes::{boxed, ftyp, full, mvhd, track_number, trak};
use super::entry::stsd;
use super::write::MOVIE_TIMESCALE;
use crate::{Parameters, Ticks, Timescale, Track};

/// A sample of the new file. Its bytes follow those of the sample before it in [`Layout`] order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Bytes.
    pub len: u32,
    /// Duration in the track's timescale.
    pub duration: u32,
    /// Shown this long after it is decoded.
    pub composition_offset: i32,
    /// True when a decoder may start here.
    pub key: bool,
    /// Which of the track's parameters it needs, from 0.
    pub description: u32,
}

/// A run of consecutive samples of one track whose bytes lie together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Index in [`Layout::tracks`].
    pub track: usize,
    /// Its samples; all of one description.
    pub entries: Vec<Entry>,
}

/// One track of the new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutTrack {
    /// Number, timescale, and the first parameters.
    pub track: Track,
    /// All parameters in the order of [`Entry::description`].
    pub descriptions: Vec<Parameters>,
    /// Decode ticks at the beginning that are not to be shown.
    pub skip: Ticks,
}

/// What the new file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Its tracks.
    pub tracks: Vec<LayoutTrack>,
    /// Its data, in the order of the file.
    pub chunks: Vec<Chunk>,
}

/// `ftyp`, `moov` and the header of `mdat`; the bytes of all chunks follow. Returns it with the
/// length of the whole file.
///
/// # Errors
/// When there is nothing to write.
pub fn header(layout: &Layout) -> Result<(Bytes, u64), Error> {
    let entries = || layout.chunks.iter().flat_map(|chunk| &chunk.entries);
    if layout.tracks.is_empty() || entries().next().is_none() {
        return Err(Error::Unwritable("no samples"));
    }
    let data_len: u64 = entries().map(|entry| u64::from(entry.len)).sum();
    // Offsets are 64 bits wide always, so that the header's length does not depend on its place.
    let measured = write(layout, 0, data_len);
    let bytes = write(layout, measured.len() as u64, data_len);
    let len = bytes.len() as u64 + data_len;
    Ok((bytes.freeze(), len))
}

fn write(layout: &Layout, data_at: u64, data_len: u64) -> BytesMut {
    let mut out = BytesMut::new();
    ftyp(&mut out, b"isom", &[b"isom", b"iso2", b"avc1", b"mp41"]);
    let movie = Timescale::new(std::num::NonZeroU32::new(MOVIE_TIMESCALE).expect("it is not zero"));
    let shown = |index: usize, track: &LayoutTrack| {
        let total = total_duration(layout, index);
        let shown = track.track.timescale.rescale(Ticks(total) - track.skip, movie);
        u64::try_from(shown.0).unwrap_or(0)
    };
    let duration = layout.tracks.iter().enumerate().map(|(i, t)| shown(i, t)).max().unwrap_or(0);
    let next = layout.tracks.iter().map(|track| track_number(&track.track)).max().unwrap_or(0) + 1;
    boxed(&mut out, b"moov", |out| {
        mvhd(out, MOVIE_TIMESCALE, duration, next);
        for (index, track) in layout.tracks.iter().enumerate() {
            let total = u64::try_from(total_duration(layout, index)).unwrap_or(0);
            let movie_duration = shown(index, track);
            trak(
                out,
                &track.track,
                (total, movie_duration),
                |out| edit_list(out, track.skip, movie_duration),
                |out| sample_table(out, layout, index, data_at),
            );
        }
    });
    out.put_u32(1);
    out.put_slice(b"mdat");
    out.put_u64(data_len + 16);
    out
}

fn edit_list(out: &mut BytesMut, skip: Ticks, movie_duration: u64) {
    boxed(out, b"edts", |out| {
        full(out, b"elst", 1, 0, |out| {
            out.put_u32(1);
            out.put_u64(movie_duration);
            out.put_i64(skip.0.max(0));
            out.put_u32(0x1_0000);
        });
    });
}

fn total_duration(layout: &Layout, index: usize) -> i64 {
    of_track(layout, index)
        .flat_map(|chunk| &chunk.entries)
        .map(|entry| i64::from(entry.duration))
        .sum()
}

fn of_track(layout: &Layout, index: usize) -> impl Iterator<Item = &Chunk> + Clone {
    layout.chunks.iter().filter(move |chunk| chunk.track == index)
}

fn sample_table(out: &mut BytesMut, layout: &Layout, index: usize, data_at: u64) {
    let Some(track) = layout.tracks.get(index) else { return };
    let entries = || of_track(layout, index).flat_map(|chunk| &chunk.entries);
    stsd(out, track.descriptions.iter());
    run_lengths(out, b"stts", 0, entries().map(|entry| entry.duration));
    if entries().any(|entry| entry.composition_offset != 0) {
        run_lengths(
            out,
            b"ctts",
            1,
            entries().map(|entry| entry.composition_offset.cast_unsigned()),
        );
    }
    if entries().any(|entry| !entry.key) {
        let keys = entries().zip(1_u32..).filter(|(entry, _)| entry.key).map(|(_, number)| number);
        table(out, b"stss", keys, |out, number| out.put_u32(number));
    }
    full(out, b"stsz", 0, 0, |out| {
        out.put_u32(0);
        out.put_u32(u32::try_from(entries().count()).unwrap_or(u32::MAX));
        entries().for_each(|entry| out.put_u32(entry.len));
    });
    let mut last = None;
    let runs = of_track(layout, index).zip(1_u32..).filter_map(|(chunk, number)| {
        let description = chunk.entries.first().map_or(0, |entry| entry.description) + 1;
        let shape = (u32::try_from(chunk.entries.len()).unwrap_or(u32::MAX), description);
        (last.replace(shape) != Some(shape)).then_some((number, shape))
    });
    table(out, b"stsc", runs, |out, (number, (count, description))| {
        out.put_u32(number);
        out.put_u32(count);
        out.put_u32(description);
    });
    let mut at = data_at;
    let offsets = layout.chunks.iter().filter_map(|chunk| {
        let here = at;
        at += chunk.entries.iter().map(|entry| u64::from(entry.len)).sum::<u64>();
        (chunk.track == index).then_some(here)
    });
    table(out, b"co64", offsets, |out, offset| out.put_u64(offset));
}

/// A table with a count, written after its entries are known.
fn table<T>(
    out: &mut BytesMut,
    kind: &[u8; 4],
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut BytesMut, T),
) {
    full(out, kind, 0, 0, |out| {
        let count_at = out.len();
        out.put_u32(0);
        let mut count = 0_u32;
        for item in items {
            write(out, item);
            count += 1;
        }
        if let Some(field) = out.get_mut(count_at..count_at + 4) {
            field.copy_from_slice(&count.to_be_bytes());
        }
    });
}

/// A table of values as runs of equal ones.
fn run_lengths(out: &mut BytesMut, kind: &[u8; 4], version: u8, values: impl Iterator<Item = u32>) {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((count, last)) if *last == value => *count += 1,
            _ => runs.push((1, value)),
        }
    }
    full(out, kind, version, 0, |out| {
        out.put_u32(u32::try_from(runs.len()).unwrap_or(u32::MAX));
        for (count, value) in runs {
            out.put_u32(count);
            out.put_u32(value);
        }
    });
}
