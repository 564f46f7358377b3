//! Which samples of which files make the new one.

use std::fs::File;
use std::ops::Range;

use base::Wall;
use media::mp4::progressive::{Chunk, Entry, Layout, LayoutTrack};
use media::mp4::{self, Index, ReadAt, SampleInfo};
use media::{Ticks, Tracks};

use crate::source::{Source, Unpacked, unpack};
use crate::{Error, SegmentFile};

/// What the new file is made of.
#[derive(Default)]
pub(crate) struct Assembled {
    pub(crate) layout: Layout,
    pub(crate) files: Vec<Source>,
    pub(crate) unpacked: Unpacked,
    /// Where each chunk's bytes lie.
    pub(crate) slices: Vec<(usize, Range<u64>)>,
}

pub(crate) fn assemble(
    segments: &[SegmentFile],
    start: Wall,
    end: Wall,
) -> Result<Assembled, Error> {
    let mut made = Assembled::default();
    for segment in segments {
        let file = match File::open(&segment.path) {
            Ok(file) => file,
            // Its row was written, its first fragment was not: it is being begun.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::Unreadable(error.to_string())),
        };
        made.add(Source::new(&segment.path, file), segment.start, start, end)?;
    }
    if made.layout.chunks.is_empty() {
        return Err(Error::Empty);
    }
    Ok(made)
}

fn unreadable(error: impl ToString) -> Error {
    Error::Unreadable(error.to_string())
}

impl Assembled {
    /// Adds what the file, which begins at `at`, holds of `start..end`.
    fn add(&mut self, source: Source, at: Wall, start: Wall, end: Wall) -> Result<(), Error> {
        let found = match &source {
            Source::Mp4(file) => {
                let len = file.metadata().map_err(unreadable)?.len();
                selected(file, len, at, start, end)?
            }
            Source::Ts(file) => {
                let bytes = unpack(file, self.files.len(), &self.unpacked)?;
                selected(&bytes[..], bytes.len() as u64, at, start, end)?
            }
        };
        let Some((tracks, samples)) = found else { return Ok(()) };
        let Some(lead) = tracks.lead().cloned() else { return Ok(()) };
        let Some(first) = samples.iter().find(|sample| sample.track == lead.id) else {
            return Ok(());
        };
        let is_first = self.layout.chunks.is_empty();
        let hidden_us = start.micros_since(at) - lead.timescale.to_micros(first.dts);
        let file_index = self.files.len();
        self.files.push(source);
        self.take_tracks(&tracks);
        for sample in &samples {
            self.take(file_index, sample, &tracks);
        }
        if is_first && hidden_us > 0 {
            for track in &mut self.layout.tracks {
                track.skip = track.track.timescale.from_micros(hidden_us);
            }
        }
        Ok(())
    }

    /// Makes room for tracks, and for parameters that differ from those before.
    fn take_tracks(&mut self, tracks: &Tracks) {
        for track in tracks.all() {
            let known = self.layout.tracks.iter_mut().find(|known| known.track.id == track.id);
            match known {
                Some(known) if known.track.timescale == track.timescale => {
                    if !known.descriptions.contains(&track.parameters) {
                        known.descriptions.push(track.parameters.clone());
                    }
                }
                // Another timescale cannot go into the same track: such samples are left out.
                Some(_) => {}
                None => self.layout.tracks.push(LayoutTrack {
                    track: track.clone(),
                    descriptions: vec![track.parameters.clone()],
                    skip: Ticks(0),
                }),
            }
        }
    }

    fn take(&mut self, file: usize, sample: &SampleInfo, tracks: &Tracks) {
        let Some(source) = tracks.get(sample.track) else { return };
        let index = self.layout.tracks.iter().position(|known| known.track.id == source.id);
        let Some((index, known)) =
            index.and_then(|index| Some((index, self.layout.tracks.get(index)?)))
        else {
            return;
        };
        if known.track.timescale != source.timescale {
            return;
        }
        let description = known.descriptions.iter().position(|known| *known == source.parameters);
        let entry = Entry {
            len: sample.len,
            duration: sample.duration,
            composition_offset: sample.composition_offset,
            key: sample.key,
            description: u32::try_from(description.unwrap_or(0)).unwrap_or(0),
        };
        let bytes = sample.offset..sample.offset + u64::from(sample.len);
        let together = self.slices.last_mut().zip(self.layout.chunks.last_mut());
        if let Some(((last_file, last), chunk)) = together
            && *last_file == file
            && last.end == bytes.start
            && chunk.track == index
            && chunk.entries.last().is_some_and(|last| last.description == entry.description)
        {
            last.end = bytes.end;
            chunk.entries.push(entry);
            return;
        }
        self.slices.push((file, bytes));
        self.layout.chunks.push(Chunk { track: index, entries: vec![entry] });
    }
}

/// The samples of `start..end`, from the last key frame of the leading track at or before `start` on.
fn selected(
    file: &(impl ReadAt + ?Sized),
    len: u64,
    at: Wall,
    start: Wall,
    end: Wall,
) -> Result<Option<(Tracks, Vec<SampleInfo>)>, Error> {
    let index = match Index::scan(file, len) {
        Ok(index) => index,
        // Being begun: not even the header is whole.
        Err(mp4::Error::Damaged { .. }) if len < 64 << 10 => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let tracks = index.init.tracks.clone();
    let Some(lead) = tracks.lead() else { return Ok(None) };
    let (from_us, to_us) = (start.micros_since(at), end.micros_since(at));
    let lead_us = |ticks| lead.timescale.to_micros(ticks);
    let lead_run =
        |fragment: &mp4::Fragment| fragment.runs.iter().find(|run| run.track == lead.id).copied();
    // Fragments begin at every key frame: the last one that begins with a key at or before the start.
    let mut first = 0;
    for (number, fragment) in index.fragments.iter().enumerate() {
        match lead_run(fragment) {
            Some(run) if lead_us(run.base_dts) > from_us => break,
            Some(run) if run.starts_with_key => first = number,
            _ => {}
        }
    }
    let mut out: Vec<SampleInfo> = Vec::new();
    for fragment in index.fragments.iter().skip(first) {
        if lead_run(fragment).is_some_and(|run| lead_us(run.base_dts) >= to_us) {
            break;
        }
        let samples = mp4::samples(file, fragment).map_err(unreadable)?;
        out.extend(samples.into_iter().filter(|sample| {
            let scale = tracks.get(sample.track).map_or(lead.timescale, |track| track.timescale);
            scale.to_micros(sample.dts) < to_us
        }));
    }
    // A range that lies behind the file's end needs none of it.
    let reaches = out
        .iter()
        .filter(|sample| sample.track == lead.id)
        .any(|sample| lead_us(sample.dts + Ticks(i64::from(sample.duration))) > from_us);
    Ok(reaches.then_some((tracks, out)))
}
