//! A segment of MPEG-TS as the fragmented MP4 that it could have been, so that everything else reads one
//! kind of file. The same file always gives the same bytes.

use std::fs::File;
use std::io::Read;

use bytes::{Bytes, BytesMut};
use media::mp4::{self, Run, Sample};
use media::ts::{Demuxer, Event, Unit};
use media::{Ticks, Track, Tracks};

use crate::Error;

/// Segments of this format are short: a minute at 30 Mbit/s fits.
const FILE_LEN_MAX: u64 = 256 << 20;
const READ_LEN: usize = 1 << 20;
/// A unit without a successor and a predecessor lasts this long.
const LONE_UNIT_MICROS: i64 = 40_000;

fn unreadable(error: impl ToString) -> Error {
    Error::Unreadable(error.to_string())
}

/// The file's content as fragmented MP4; empty when it holds no picture. Blocks on the disk.
pub(crate) fn to_fmp4(file: &File) -> Result<Bytes, Error> {
    let (tracks, units) = demux(file)?;
    let Some(lead) = tracks.as_ref().and_then(Tracks::lead).cloned() else {
        return Ok(Bytes::new());
    };
    let Some(tracks) = tracks else { return Ok(Bytes::new()) };
    let Some(first) = units.iter().find(|unit| unit.track == lead.id) else {
        return Ok(Bytes::new());
    };
    // A segment begins when its first picture is shown; pictures are decoded ahead of that.
    let shown_us = lead.timescale.to_micros(first.pts);
    let lanes: Vec<(Track, Vec<(Ticks, Sample)>)> = tracks
        .all()
        .iter()
        .map(|track| {
            let is_lead = track.id == lead.id;
            let ahead = if is_lead { first.pts - first.dts } else { Ticks(0) };
            (
                track.clone(),
                lane(track, &units, track.timescale.from_micros(shown_us) - ahead, ahead),
            )
        })
        .collect();
    let mut out = BytesMut::from(&mp4::init_segment(&tracks).map_err(unreadable)?[..]);
    let cuts = group_starts(&lanes, &lead);
    for (sequence, from) in (1..).zip(&cuts) {
        let to = cuts.iter().find(|cut| *cut > from).copied().unwrap_or(i64::MAX);
        let runs: Vec<Run> =
            lanes.iter().filter_map(|(track, samples)| run(track, samples, *from..to)).collect();
        if runs.is_empty() {
            continue;
        }
        let made = mp4::fragment(sequence, &runs).map_err(unreadable)?;
        out.extend_from_slice(&made.header);
        made.payload.iter().for_each(|data| out.extend_from_slice(data));
    }
    Ok(out.freeze())
}

fn demux(file: &File) -> Result<(Option<Tracks>, Vec<Unit>), Error> {
    if file.metadata().map_err(unreadable)?.len() > FILE_LEN_MAX {
        return Err(unreadable("a segment of more than 256 MiB"));
    }
    let (mut demuxer, mut events) = (Demuxer::new(), Vec::new());
    let (mut tracks, mut units) = (None, Vec::new());
    let (mut reader, mut buffer) = (file.take(FILE_LEN_MAX), vec![0; READ_LEN]);
    std::io::Seek::rewind(&mut reader.get_mut()).map_err(unreadable)?;
    loop {
        let count = reader.read(&mut buffer).map_err(unreadable)?;
        match buffer.get(..count) {
            Some(bytes) if count > 0 => demuxer.push(bytes, &mut events),
            _ => demuxer.finish(&mut events),
        }
        for event in events.drain(..) {
            match event {
                // A segment has one description.
                Event::Tracks(described) => tracks = tracks.or(Some(described)),
                Event::Unit(unit) => units.push(unit),
            }
        }
        if count == 0 {
            return Ok((tracks, units));
        }
    }
}

/// A track's samples with their decode times since `start`; they are shown `ahead` earlier.
fn lane(track: &Track, units: &[Unit], start: Ticks, ahead: Ticks) -> Vec<(Ticks, Sample)> {
    let own: Vec<&Unit> = units.iter().filter(|unit| unit.track == track.id).collect();
    let lone = track.timescale.from_micros(LONE_UNIT_MICROS);
    let mut last = lone;
    let mut out = Vec::with_capacity(own.len());
    for (index, unit) in own.iter().enumerate() {
        let step = own.get(index + 1).map(|next| next.dts - unit.dts);
        last = step.filter(|step| step.0 >= 0).unwrap_or(last);
        let at = unit.dts - start;
        if at < Ticks(0) {
            continue;
        }
        let sample = Sample {
            data: unit.data.clone(),
            duration: u32::try_from(last.0).unwrap_or(0),
            composition_offset: i32::try_from((unit.pts - unit.dts - ahead).0).unwrap_or(0),
            key: unit.key,
        };
        out.push((at, sample));
    }
    out
}

/// Where the leading track's groups begin, in microseconds.
fn group_starts(lanes: &[(Track, Vec<(Ticks, Sample)>)], lead: &Track) -> Vec<i64> {
    let samples = lanes.iter().find(|(track, _)| track.id == lead.id).map(|(_, samples)| samples);
    let mut starts = vec![0];
    let keys = samples.into_iter().flatten().filter(|(_, sample)| sample.key);
    starts.extend(keys.map(|(at, _)| lead.timescale.to_micros(*at)));
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// The samples of a span of microseconds.
fn run(track: &Track, samples: &[(Ticks, Sample)], span: std::ops::Range<i64>) -> Option<Run> {
    let inside = |(at, _): &&(Ticks, Sample)| span.contains(&track.timescale.to_micros(*at));
    let own: Vec<&(Ticks, Sample)> = samples.iter().filter(inside).collect();
    let base_dts = own.first()?.0;
    let samples = own.into_iter().map(|(_, sample)| sample.clone()).collect();
    Some(Run { track: track.id, base_dts, samples })
}
