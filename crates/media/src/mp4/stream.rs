//! Fragmented MP4 as it comes out of a pipe: bytes in, tracks and samples out.
//!
//! Made for what our own ffmpeg children write (`empty_moov`, `default_base_moof`, short fragments).
//! Anything that does not fit is an error, after which the stream cannot be followed any more.

use bytes::{Bytes, BytesMut};

use super::Error;
use super::read::{TrunEntry, TrunHead, child, read_moov, walk_moof};
use crate::{Ticks, TrackId, Tracks};

const MOOV_LEN_MAX: usize = 1 << 20;
const MOOF_LEN_MAX: usize = 1 << 20;
/// A fragment of one picture, or of some seconds of sound.
const MDAT_LEN_MAX: usize = 32 << 20;

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The description; once, before everything else.
    Tracks(Tracks),
    /// A sample, in the order of the file.
    Sample(StreamSample),
}

/// A sample with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSample {
    /// The track.
    pub track: TrackId,
    /// Decode time.
    pub dts: Ticks,
    /// Shown at.
    pub pts: Ticks,
    /// True when the file says that a decoder may start here.
    pub key: bool,
    /// The bytes, shared with the rest of its fragment.
    pub data: Bytes,
}

/// Follows one stream.
#[derive(Default)]
pub struct StreamReader {
    buffer: BytesMut,
    /// Of the whole stream: where `buffer` begins.
    at: u64,
    moof: Option<Bytes>,
}

impl StreamReader {
    /// Takes the next bytes and adds what became whole to `out`.
    ///
    /// # Errors
    /// [`Error::Damaged`]: not such a stream, or a box over its bound.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), Error> {
        self.buffer.extend_from_slice(bytes);
        while let Some((kind, whole)) = self.next_box()? {
            let len = whole.len() as u64;
            let at = self.at;
            self.take(kind, whole, out).ok_or(Error::Damaged { at, what: "a box of a stream" })?;
            self.at += len;
        }
        Ok(())
    }

    /// The next box with its header of 8 bytes, once it is whole.
    fn next_box(&mut self) -> Result<Option<([u8; 4], Bytes)>, Error> {
        let Some([a, b, c, d, kind @ ..]) = self.buffer.first_chunk::<8>().copied() else {
            return Ok(None);
        };
        let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let max = match &kind {
            b"moof" => MOOF_LEN_MAX,
            b"mdat" => MDAT_LEN_MAX,
            _ => MOOV_LEN_MAX,
        };
        if !(8..=max).contains(&len) {
            return Err(Error::Damaged { at: self.at, what: "the size of a box" });
        }
        if self.buffer.len() < len {
            self.buffer.reserve(len - self.buffer.len());
            return Ok(None);
        }
        Ok(Some((kind, self.buffer.split_to(len).freeze())))
    }

    fn take(&mut self, kind: [u8; 4], whole: Bytes, out: &mut Vec<Event>) -> Option<()> {
        match &kind {
            b"moov" => out.push(Event::Tracks(read_moov(whole.get(8..)?)?)),
            b"moof" => {
                child(whole.get(8..)?, &[b"traf"])?;
                self.moof = Some(whole);
            }
            b"mdat" => samples(&self.moof.take()?, &whole, out)?,
            _ => {}
        }
        Some(())
    }
}

fn samples(moof: &Bytes, mdat: &Bytes, out: &mut Vec<Event>) -> Option<()> {
    walk_moof(moof, |head: &TrunHead, entries: &[TrunEntry]| {
        // Offsets count from the beginning of the moof, and the mdat follows it at once.
        let mut from = usize::try_from(head.data_offset).ok()?.checked_sub(moof.len())?;
        let mut dts = head.base_dts;
        for entry in entries {
            let end = from.checked_add(usize::try_from(entry.len).ok()?)?;
            let pts = dts.checked_add(i64::from(entry.composition_offset))?;
            mdat.get(from..end)?;
            out.push(Event::Sample(StreamSample {
                track: head.track,
                dts: Ticks(dts),
                pts: Ticks(pts),
                key: entry.key,
                data: mdat.slice(from..end),
            }));
            from = end;
            dts = dts.checked_add(i64::from(entry.duration))?;
        }
        Some(())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::audio::{G711Parameters, Law};
    use crate::mp4::{Run, Sample, fragment, init_segment};
    use crate::{Parameters, Timescale, Track};
    use proptest::prelude::*;

    fn stream() -> (Tracks, Vec<u8>) {
        let parameters =
            Parameters::G711(G711Parameters { law: Law::A, sample_rate: 8_000, channels: 1 });
        let timescale = Timescale::new(std::num::NonZeroU32::new(8_000).unwrap());
        let tracks = Tracks::new(vec![Track { id: TrackId(0), timescale, parameters }]);
        let mut bytes = init_segment(&tracks).unwrap().to_vec();
        for number in 0..3_u8 {
            let sample = Sample {
                data: Bytes::from(vec![number; 160]),
                duration: 160,
                composition_offset: 0,
                key: true,
            };
            let base_dts = Ticks(i64::from(number) * 320);
            let run = Run { track: TrackId(0), base_dts, samples: vec![sample.clone(), sample] };
            let made = fragment(u32::from(number) + 1, &[run]).unwrap();
            bytes.extend_from_slice(&made.header);
            made.payload.iter().for_each(|data| bytes.extend_from_slice(data));
        }
        (tracks, bytes)
    }

    proptest! {
        #[test]
        fn samples_come_out_whatever_the_pieces_were(piece in 1_usize..500) {
            let (tracks, bytes) = stream();
            let (mut reader, mut events) = (StreamReader::default(), Vec::new());
            for piece in bytes.chunks(piece) {
                reader.push(piece, &mut events).unwrap();
            }
            prop_assert_eq!(&events[0], &Event::Tracks(tracks));
            let times: Vec<i64> = events.iter().filter_map(|event| match event {
                Event::Sample(sample) => Some(sample.dts.0),
                Event::Tracks(_) => None,
            }).collect();
            prop_assert_eq!(times, vec![0, 160, 320, 480, 640, 800]);
        }

        #[test]
        fn any_bytes_are_followed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..900, value: u8) {
            let _ = StreamReader::default().push(&bytes, &mut Vec::new());
            let (_, mut changed) = stream();
            if let Some(byte) = changed.get_mut(at) { *byte = value; }
            let _ = StreamReader::default().push(&changed, &mut Vec::new());
        }
    }
}
