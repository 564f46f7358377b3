//! How fragments become a file's bytes: fragmented MP4 or MPEG-TS. Pure.

use bytes::Bytes;
use media::mp4::{self, Run};
use media::ts::Muxer;
use media::{AccessUnit, Ticks, Tracks};

/// The container of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// Fragmented MP4.
    #[default]
    Fmp4,
    /// MPEG-TS.
    Ts,
}

impl Format {
    /// As rows and answers have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fmp4 => "fmp4",
            Self::Ts => "ts",
        }
    }

    /// How file names end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Fmp4 => "mp4",
            Self::Ts => "ts",
        }
    }
}

/// Why a fragment cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Mp4(#[from] mp4::Error),
    #[error(transparent)]
    Ts(#[from] media::ts::Error),
}

/// Makes the bytes of one recorder's segments, one after the other.
pub(crate) enum Packer {
    Fmp4 { header: Option<Bytes>, sequence: u32 },
    Ts(Box<TsPacker>),
}

#[derive(Default)]
pub(crate) struct TsPacker {
    /// Goes on over segments, so that they can be joined.
    muxer: Option<Muxer>,
    tracks: Option<Tracks>,
    /// Media time of the segment's beginning.
    start_us: i64,
    begun: bool,
}

impl Packer {
    pub(crate) fn new(format: Format) -> Self {
        match format {
            Format::Fmp4 => Self::Fmp4 { header: None, sequence: 0 },
            Format::Ts => Self::Ts(Box::default()),
        }
    }

    /// What follows is a new recording run: its media times have nothing to do with those before.
    pub(crate) fn begin_run(&mut self) {
        if let Self::Ts(ts) = self {
            ts.tracks = None;
        }
    }

    /// Begins a segment that holds `tracks` and begins at media time `start_us` of the run.
    pub(crate) fn begin_segment(&mut self, tracks: &Tracks, start_us: i64) -> Result<(), Error> {
        match self {
            Self::Fmp4 { header, sequence } => {
                *header = Some(mp4::init_segment(tracks)?);
                *sequence = 0;
            }
            Self::Ts(ts) => ts.begin_segment(tracks, start_us)?,
        }
        Ok(())
    }

    /// The bytes of a fragment, to be written at once.
    pub(crate) fn fragment(&mut self, runs: &[Run]) -> Result<Vec<Bytes>, Error> {
        match self {
            Self::Fmp4 { header, sequence } => {
                *sequence += 1;
                let fragment = mp4::fragment(*sequence, runs)?;
                let mut parts = Vec::with_capacity(fragment.payload.len() + 2);
                parts.extend(header.take());
                parts.push(fragment.header);
                parts.extend(fragment.payload);
                Ok(parts)
            }
            Self::Ts(ts) => Ok(vec![ts.fragment(runs)]),
        }
    }
}

impl TsPacker {
    fn begin_segment(&mut self, tracks: &Tracks, start_us: i64) -> Result<(), Error> {
        if self.tracks.as_ref() != Some(tracks) {
            let muxer = match &mut self.muxer {
                Some(muxer) => {
                    muxer.describe(tracks)?;
                    muxer
                }
                none => none.insert(Muxer::new(tracks)?),
            };
            // A second after zero: sound that leads the pictures, and the clock, are not below zero.
            muxer.map_time(start_us, 1_000_000);
            self.tracks = Some(tracks.clone());
        }
        (self.start_us, self.begun) = (start_us, false);
        Ok(())
    }

    fn fragment(&mut self, runs: &[Run]) -> Bytes {
        let mut out = Vec::new();
        let (Some(muxer), Some(tracks)) = (&mut self.muxer, &self.tracks) else {
            return Bytes::new();
        };
        if !std::mem::replace(&mut self.begun, true) {
            muxer.begin_segment(&mut out);
        }
        let mut units: Vec<(i64, AccessUnit)> = Vec::new();
        for run in runs {
            let Some(track) = tracks.get(run.track) else { continue };
            let mut dts = run.base_dts + track.timescale.from_micros(self.start_us);
            for sample in &run.samples {
                let pts = dts + Ticks(i64::from(sample.composition_offset));
                let (data, key) = (sample.data.clone(), sample.key);
                let unit = AccessUnit::at_rest(run.track, (dts, pts), key, data);
                units.push((track.timescale.to_micros(dts), unit));
                dts = dts + Ticks(i64::from(sample.duration));
            }
        }
        units.sort_by_key(|(at, unit)| (*at, unit.track));
        units.iter().for_each(|(_, unit)| muxer.write(unit, &mut out));
        Bytes::from(out)
    }
}
